"""Paths for operators: replays of failed requests."""

from typing import Annotated, TypedDict

from pydantic import ConfigDict, Field, with_config

from shared.api.openapi.parts import (
    OPERATION_ID_EXAMPLE,
    WHERE_ALWAYS,
    Json,
    answer,
    json_body,
    parameter,
    problem,
    ref,
)
from shared.api.replays import REASON_PATTERN, ReplayBody
from shared.core.naming import OPERATION_ID_PATTERN


@with_config(ConfigDict(title="ToldReplays"))
class ReplaysBody(TypedDict):
    """The operations that were sent again."""

    replayed: list[ReplayBody]


@with_config(ConfigDict(title="ToldUpdate"))
class TicketUpdateBody(TypedDict):
    """The update of a ticket that was sent again."""

    updateId: Annotated[str, Field(pattern=OPERATION_ID_PATTERN)]


_UPDATE: TicketUpdateBody = {"updateId": OPERATION_ID_EXAMPLE}
_REPLAY: ReplayBody = {"operationId": OPERATION_ID_EXAMPLE, "generation": 2}
_REPLAYS: ReplaysBody = {"replayed": [_REPLAY]}
_BY_KEY: list[Json] = [{"functionKey": []}]
_REFUSALS: dict[str, Json] = {
    "400": {"$ref": "#/components/responses/NotUnderstood"},
    "401": answer("The function key is missing or wrong. This is the platform's own answer, without a body."),
    **WHERE_ALWAYS,
}

SECURITY_SCHEMES: dict[str, Json] = {
    "functionKey": {
        "type": "apiKey",
        "in": "header",
        "name": "x-functions-key",
        "description": "A key of the Functions host, for operators. The local stack asks for none.",
    }
}

PATHS: dict[str, Json] = {
    "/api/operations/{operationId}/replay": {
        "post": {
            "operationId": "replay_operation",
            "tags": ["operations"],
            "summary": "Have one failed request tried again, as a new generation.",
            "parameters": [
                parameter(
                    "operationId",
                    "path",
                    {"type": "string", "pattern": OPERATION_ID_PATTERN},
                    "The operation, as the message on the poison queue and the request's state name it.",
                    OPERATION_ID_EXAMPLE,
                )
            ],
            "security": _BY_KEY,
            "responses": {
                "202": answer("It was sent again.", json_body(ref(ReplayBody), _REPLAY)),
                "404": problem(404, "Not Found", "There is no such operation.", "There is no operation with this id."),
                "409": problem(
                    409,
                    "Conflict",
                    "It has not failed, or somebody else is replaying it right now.",
                    "Only a failed operation can be replayed, and this one is completed.",
                ),
                **_REFUSALS,
            },
        }
    },
    "/api/ticket-updates/{updateId}/replay": {
        "post": {
            "operationId": "replay_ticket_update",
            "tags": ["operations"],
            "summary": "Have the failed note of a ticket tried again.",
            "parameters": [
                parameter(
                    "updateId",
                    "path",
                    {"type": "string", "pattern": OPERATION_ID_PATTERN},
                    "The update, as the message on the poison queue names it.",
                    OPERATION_ID_EXAMPLE,
                )
            ],
            "security": _BY_KEY,
            "responses": {
                "202": answer("It is tried for another day.", json_body(ref(TicketUpdateBody), _UPDATE)),
                "404": problem(404, "Not Found", "There is no such update.", "There is no ticket update with this id."),
                "409": problem(
                    409,
                    "Conflict",
                    "It has not failed, or somebody else is replaying it right now.",
                    "Only a failed ticket update can be replayed, and this one is done.",
                ),
                **_REFUSALS,
            },
        }
    },
    "/api/operations/replay": {
        "post": {
            "operationId": "replay_operations",
            "tags": ["operations"],
            "summary": "Have all requests that failed for one reason tried again.",
            "parameters": [
                parameter(
                    "reason",
                    "query",
                    {"type": "string", "pattern": REASON_PATTERN},
                    "Why they failed, as docs/runbook.md lists it.",
                    "registrar_lacks_permission",
                )
                | {"required": True}
            ],
            "security": _BY_KEY,
            "responses": {
                "202": answer("What was sent again.", json_body(ref(ReplaysBody), _REPLAYS)),
                **_REFUSALS,
            },
        }
    },
}
