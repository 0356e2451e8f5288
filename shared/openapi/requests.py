"""Paths about requests: how far they came."""

from datetime import UTC, datetime

from shared.callers import READER
from shared.contract.answer import Step
from shared.naming import ID_PATTERN, OPERATION_ID_PATTERN
from shared.openapi.parts import (
    ID_EXAMPLE,
    OPERATION_ID_EXAMPLE,
    WHERE_A_TOKEN_COUNTS,
    Json,
    answer,
    for_role,
    json_body,
    parameter,
    problem,
    ref,
)
from shared.operation import State
from shared.status import MOST_ITEMS, USUAL_ITEMS, RequestPage, RequestStatus, RequestSummary

_ACCEPTED = datetime(2026, 11, 23, 14, 10, 21, tzinfo=UTC)
_SUMMARY = RequestSummary(
    request_id=ID_EXAMPLE,
    source="servicenow",
    operation_id=OPERATION_ID_EXAMPLE,
    action="register",
    unique_name="adt-client-dev",
    state=State.WAITING,
    reason="not_replicated",
    generation=1,
    accepted_at=_ACCEPTED,
)
_STATUS = RequestStatus(
    **dict(_SUMMARY),
    attempts=2,
    next_attempt=_ACCEPTED.replace(second=51),
    steps=(Step(name="checkRequest", started=_ACCEPTED, seconds=0.309),),
    steps_begun={"writeApplication": _ACCEPTED.replace(second=22)},
    answered_at=None,
    answer=None,
)
_PAGE = RequestPage(
    state=State.WAITING,
    items=(_SUMMARY,),
    next_link=f"/api/requests?state=waiting&limit=1&after={OPERATION_ID_EXAMPLE}",
)

REQUEST_ID = parameter(
    "requestId", "path", {"type": "string", "pattern": ID_PATTERN}, "The sender's own name for its request.", ID_EXAMPLE
)
SOURCE = parameter(
    "source",
    "query",
    {"type": "string", "pattern": ID_PATTERN, "default": "queue"},
    "Who sent the request: a source of ticketing.toml, or `queue` for those from the queue that name none.",
    "servicenow",
)
NO_SUCH_REQUEST = problem(
    404,
    "Not Found",
    "There is no such request of this source, or it has not been read yet.",
    "There is no such request of this source, or it has not been read yet.",
)

PATHS: dict[str, Json] = {
    "/api/requests/{requestId}": {
        "get": {
            "operationId": "show_request",
            "tags": ["requests"],
            "summary": "How far one request came.",
            "parameters": [REQUEST_ID, SOURCE],
            "security": for_role(READER),
            "responses": {
                "200": answer(
                    "All that is known of it.", json_body(ref(RequestStatus), _STATUS.model_dump(mode="json"))
                ),
                "404": NO_SUCH_REQUEST,
                **WHERE_A_TOKEN_COUNTS,
            },
        }
    },
    "/api/requests": {
        "get": {
            "operationId": "list_requests",
            "tags": ["requests"],
            "summary": "The requests in one state, page by page.",
            "parameters": [
                parameter(
                    "state",
                    "query",
                    {"type": "string", "enum": [state.value for state in State]},
                    "In which state they are.",
                    State.WAITING.value,
                )
                | {"required": True},
                parameter(
                    "limit",
                    "query",
                    {"type": "integer", "minimum": 1, "maximum": MOST_ITEMS, "default": USUAL_ITEMS},
                    "How many a page may have.",
                ),
                parameter(
                    "after",
                    "query",
                    {"type": "string", "pattern": OPERATION_ID_PATTERN},
                    "Behind which operation the page begins, as it stands in `nextLink`.",
                    "00000000000000000000000000000000",
                ),
            ],
            "security": for_role(READER),
            "responses": {
                "200": answer("One page.", json_body(ref(RequestPage), _PAGE.model_dump(mode="json"))),
                **WHERE_A_TOKEN_COUNTS,
            },
        }
    },
}
