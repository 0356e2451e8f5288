"""Paths about requests: their status and their approval."""

from datetime import UTC, datetime, timedelta

from shared.api.approvals import ApprovalBody
from shared.api.openapi.parts import (
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
from shared.api.requests import (
    MOST_ITEMS,
    USUAL_ITEMS,
    ApprovalStatus,
    DecisionStatus,
    RequestPage,
    RequestStatus,
    RequestSummary,
)
from shared.contract.answer import AnsweredError, Step
from shared.core.callers import APPROVER, READER
from shared.core.naming import ID_PATTERN, OPERATION_ID_PATTERN
from shared.model.channel import Channel
from shared.model.operation import State

_BINDING = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_DECISION = {"decision": "approve", "binding": _BINDING, "reason": "agreed with the owner of the mailbox"}
_ACCEPTED = datetime(2026, 11, 23, 14, 10, 21, tzinfo=UTC)
_SUMMARY = RequestSummary(
    request_id=ID_EXAMPLE,
    source="servicenow",
    channel=Channel.WEBHOOK,
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
    approval=None,
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
CHANNEL = parameter(
    "channel",
    "query",
    {"type": "string", "enum": [channel.value for channel in Channel]},
    "The way the request came in, if more than one has such a request; by default the proven one.",
    Channel.WEBHOOK.value,
)
_DECIDED = _STATUS.model_copy(
    update={
        "steps_begun": {},
        "approval": ApprovalStatus(
            binding=_BINDING,
            reasons=(
                AnsweredError(
                    field="application.apiPermissions",
                    code="permission_needs_approval",
                    message="The delegated permission 'Mail.Send' of Microsoft Graph.",
                ),
            ),
            since=_ACCEPTED,
            expires_on=_ACCEPTED + timedelta(days=14),
            shown_at=_ACCEPTED + timedelta(seconds=4),
            decision=DecisionStatus(
                outcome="approved",
                way="token",
                decided_by_object_id="6f2a0c1e-33d8-4f0e-9d52-6a0f7d1f9a11",
                at=_ACCEPTED + timedelta(hours=3),
            ),
        ),
    }
)
NO_SUCH_REQUEST = problem(
    404,
    "Not Found",
    "There is no such request of this source, or it has not been read yet.",
    "The registrar knows no request with this id from this source. If it was sent just now, try again in a minute.",
)

PATHS: dict[str, Json] = {
    "/api/requests/{requestId}": {
        "get": {
            "operationId": "show_request",
            "tags": ["requests"],
            "summary": "How far one request came.",
            "parameters": [REQUEST_ID, SOURCE, CHANNEL],
            "security": for_role(READER),
            "responses": {
                "200": answer(
                    "Everything that is known about it.", json_body(ref(RequestStatus), _STATUS.model_dump(mode="json"))
                ),
                "404": NO_SUCH_REQUEST,
                **WHERE_A_TOKEN_COUNTS,
            },
        }
    },
    "/api/requests/{requestId}/approval": {
        "post": {
            "operationId": "approve_request",
            "tags": ["requests"],
            "summary": "Approve or refuse a request that waits; nobody can decide about their own.",
            "description": "A person's token, with `user_impersonation` in `scp`; a program's if policy says so.",
            "parameters": [REQUEST_ID, SOURCE, CHANNEL],
            "security": for_role(APPROVER),
            "requestBody": {
                "required": True,
                "content": json_body(ref(ApprovalBody), _DECISION),
            },
            "responses": {
                "200": answer(
                    "Decided. The same decision again gets the same answer.",
                    json_body(ref(RequestStatus), _DECIDED.model_dump(mode="json")),
                ),
                "404": NO_SUCH_REQUEST,
                "409": problem(
                    409,
                    "Conflict",
                    "The request is not waiting, somebody has decided, or something has changed.",
                    "The request is not waiting for a decision: its state is completed.",
                ),
                **WHERE_A_TOKEN_COUNTS,
                "403": problem(
                    403,
                    "Forbidden",
                    "The token's holder lacks the role, is not a person, or is the requester or the owner; `detail` "
                    "says which. The audit record has it.",
                    "Nobody can approve or refuse their own request. Ask somebody else to decide.",
                ),
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
                    "The operation after which the page begins. Take it unchanged from `nextLink`.",
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
