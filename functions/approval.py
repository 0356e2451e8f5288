"""Decisions about requests that await approval: made over HTTP, or in a ticket and delivered by a queue."""

from contextlib import suppress
from typing import TYPE_CHECKING

import azure.functions as func

from functions.brokers import Received, on_queue
from functions.guarded import for_caller
from functions.responses import GUARDED, UNKNOWN_REQUEST, json_response, problem_response

if TYPE_CHECKING:
    from shared.bootstrap import App
    from shared.core.callers import Caller

blueprint = func.Blueprint()


@blueprint.function_name("approve_request")
@blueprint.route(
    "requests/{requestId}/approval",
    trigger_arg_name="request",
    methods=["POST"],
    auth_level=func.AuthLevel.ANONYMOUS,
)
async def approve_request(request: func.HttpRequest) -> func.HttpResponse:
    """Approve or refuse a request that awaits approval, for holders of Registrar.Approver who did not send it."""
    from shared.api.approvals import parse_approval
    from shared.api.requests import described, parse_named
    from shared.approval.refusals import NotAllowedToDecideError, NotWaitingError
    from shared.core import log
    from shared.core.callers import APPROVER
    from shared.core.errors import BusyError, RejectedError

    async def answer(app: "App", caller: "Caller") -> func.HttpResponse:
        named = parse_named(request.route_params["requestId"], request.params)
        body = parse_approval(request.get_body())
        try:
            operation = await app.callers_decisions.decide(named, caller, body)
        except NotAllowedToDecideError as error:
            log.warning("approval.not_theirs", caller=caller.object_id, why=str(error))
            return problem_response(403, str(error))
        except NotWaitingError as error:
            return problem_response(409, str(error))
        except BusyError:
            return problem_response(
                409, "The registrar is working on this request right now. Send the decision again in a moment."
            )
        if operation is None:
            return problem_response(404, UNKNOWN_REQUEST)
        return json_response(200, described(operation), GUARDED)

    async def refused(app: "App", caller: "Caller") -> None:
        with suppress(RejectedError):  # a caller without the role gets 403, whatever they ask
            named = parse_named(request.route_params["requestId"], request.params)
            await app.callers_decisions.note_without_role(named, caller)

    return await for_caller(request, APPROVER, answer, refused)


@on_queue(blueprint, "approval-decisions")
async def apply_decision(received: Received) -> None:
    """Apply a decision made in a ticket."""
    from shared.bootstrap import get_app

    await get_app().decisions.receive(received.body)
