"""Building blocks of paths: parameters, bodies, responses, and the problems that many routes share."""

from collections.abc import Mapping
from typing import Any, Literal

from shared.api.bodies import FaultBody, ProblemBody

type Json = dict[str, Any]
SCHEMAS = "#/components/schemas/"

ID_EXAMPLE = "RITM0010042"
OPERATION_ID_EXAMPLE = "152b43f3ecddcc8e1392a77bf9954712"


def component(schema: type) -> str:
    """Return a model's name among the components: the title in its configuration, else its class's name.

    Clients are generated from these names, so a title keeps one that the class no longer has.
    """
    config: Json = getattr(schema, "__pydantic_config__", {})
    return config.get("title", schema.__name__)


def ref(schema: type) -> Json:
    """Return a reference to a model's schema among the components."""
    return {"$ref": f"{SCHEMAS}{component(schema)}"}


def parameter(
    name: str, place: Literal["path", "query"], schema: Json, description: str, example: object = None
) -> Json:
    """Describe a parameter; those in the path are required."""
    made: Json = {"name": name, "in": place, "description": description, "schema": schema}
    if place == "path":
        made["required"] = True
    if example is not None:
        made["example"] = example
    return made


def answer(
    description: str, content: Mapping[str, Json] | None = None, headers: Mapping[str, Json] | None = None
) -> Json:
    """Describe a response: its bodies by media type, and its headers by name."""
    made: Json = {"description": description}
    if headers:
        made["headers"] = dict(headers)
    if content:
        made["content"] = dict(content)
    return made


def json_body(schema: Json, example: object) -> dict[str, Json]:
    """Describe a JSON body by its schema and one example."""
    return {"application/json": {"schema": schema, "example": example}}


def header(description: str, schema: Json, *, required: bool = True) -> Json:
    """Describe a response header."""
    return {"description": description, "required": required, "schema": schema}


def problem(
    status: int,
    title: str,
    description: str,
    detail: str | None = None,
    *,
    errors: list[FaultBody] | None = None,
    headers: Mapping[str, Json] | None = None,
) -> Json:
    """Describe a response that is a problem (RFC 9457), with an example."""
    example: ProblemBody = {"type": "about:blank", "title": title, "status": status}
    if detail is not None:
        example["detail"] = detail
    if errors is not None:
        example["errors"] = errors
    content = {"application/problem+json": {"schema": ref(ProblemBody), "example": dict(example)}}
    return answer(description, content, headers)


RETRY_AFTER = header("Seconds to wait before the next try.", {"type": "integer", "minimum": 1}, required=False)

PROBLEMS: dict[str, Json] = {
    "NotUnderstood": problem(
        400,
        "Bad Request",
        "The request is not valid; `errors` lists everything that is wrong with it.",
        "The request is not valid. The field errors lists everything that is wrong with it.",
        errors=[{"field": "source", "code": "invalid_parameter", "message": "'../x' is not a valid source."}],
    ),
    "NotAuthenticated": problem(
        401,
        "Unauthorized",
        "There is no token, or it is not accepted. Only the log says why.",
        headers={"WWW-Authenticate": header("The scheme to use.", {"type": "string", "const": "Bearer"})},
    ),
    "NotAllowed": problem(
        403,
        "Forbidden",
        "The token is accepted, but its holder lacks the app role.",
        "You need the app role Registrar.Reader of the registrar's API. Ask your administrators to assign it to you.",
    ),
    "Refused": problem(
        500,
        "Internal Server Error",
        "A service that the registrar needs refuses the call. A defect gives the platform's own 500, without a body.",
        "A service that the registrar needs refuses the call. The registrar's log says which service, and why.",
    ),
    "Away": problem(
        503,
        "Service Unavailable",
        "A service that the registrar needs is not responding: try again after `Retry-After`. Without that header, the "
        "app is misconfigured.",
        "A service that the registrar needs is not responding. Wait for the time in Retry-After, then try again.",
        headers={"Retry-After": RETRY_AFTER},
    ),
}
"""Responses among the components, by name."""

WHERE_ALWAYS: dict[str, Json] = {
    "500": {"$ref": "#/components/responses/Refused"},
    "503": {"$ref": "#/components/responses/Away"},
}
"""Responses of every route that does work."""

WHERE_A_TOKEN_COUNTS: dict[str, Json] = {
    "400": {"$ref": "#/components/responses/NotUnderstood"},
    "401": {"$ref": "#/components/responses/NotAuthenticated"},
    "403": {"$ref": "#/components/responses/NotAllowed"},
    **WHERE_ALWAYS,
}
"""Responses of every route that requires an app role."""


def for_role(role: str) -> list[Json]:
    """Return a route's required app role (OpenAPI 3.1: names of roles, for schemes other than OAuth 2.0)."""
    return [{"entra": [role]}]
