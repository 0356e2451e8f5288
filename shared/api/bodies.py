"""Bodies over HTTP that are no part of the domain: problems as RFC 9457 has them, a request taken, the app's health."""

from typing import Annotated, Literal, NotRequired, TypedDict

from pydantic import ConfigDict, Field, with_config

from shared.core.naming import ID_PATTERN


@with_config(ConfigDict(title="ToldFault"))
class FaultBody(TypedDict):
    """One thing that is wrong with a request: where, a stable code, and a sentence for the requester.

    `label` is what the form that was filled in shows for the field, where its source's mapping says.
    """

    field: str
    code: str
    message: str
    label: NotRequired[str]


@with_config(ConfigDict(title="ToldProblem"))
class ProblemBody(TypedDict):
    """Why a request was not served. Its kind is the status alone; `errors` names all that is wrong with a request."""

    type: Literal["about:blank"]
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: NotRequired[str]
    errors: NotRequired[list[FaultBody]]


@with_config(ConfigDict(title="ToldTaken"))
class AcceptedWebhookBody(TypedDict):
    """A request on its way; `location` is where to ask what became of it."""

    requestId: Annotated[str, Field(pattern=ID_PATTERN)]
    source: Annotated[str, Field(pattern=ID_PATTERN)]
    state: Literal["received"]
    location: str


@with_config(ConfigDict(title="ToldHealth"))
class HealthBody(TypedDict):
    """Whether settings, policy, ticketing.toml and secrets are right; `error` names all that is wrong with one of them.

    `warnings` stop nothing, and somebody has to look: a Key Vault reference that the platform could not resolve, or
    what this worker has seen since it started, such as decisions that count for nothing.
    """

    status: Literal["ok", "misconfigured"]
    error: NotRequired[str]
    warnings: NotRequired[list[str]]
