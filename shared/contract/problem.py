"""An error over HTTP: a problem as RFC 9457 has it, `application/problem+json`."""

from typing import Annotated, Literal, NotRequired, TypedDict

from pydantic import Field


class ToldFault(TypedDict):
    """One thing that is wrong with a request: where, a stable code, and a sentence for the requester."""

    field: str
    code: str
    message: str


class ToldProblem(TypedDict):
    """Why a request was not served. Its kind is the status alone; `errors` names all that is wrong with a request."""

    type: Literal["about:blank"]
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: NotRequired[str]
    errors: NotRequired[list[ToldFault]]
