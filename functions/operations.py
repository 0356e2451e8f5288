"""For operators: failed requests are replayed once their cause is fixed."""

from typing import TYPE_CHECKING

import azure.functions as func

from functions.guarded import guarded
from functions.responses import GUARDED, json_response, problem_response

if TYPE_CHECKING:
    from shared.bootstrap import App

blueprint = func.Blueprint()


@blueprint.function_name("replay_operation")
@blueprint.route(
    "operations/{operationId}/replay",
    trigger_arg_name="request",
    methods=["POST"],
    auth_level=func.AuthLevel.FUNCTION,
)
async def replay_operation(request: func.HttpRequest) -> func.HttpResponse:
    """Send one failed request again: 202 with its new generation, 404, or 409 when it did not fail."""
    from shared.api.replays import parse_operation_id, replay_body
    from shared.core.errors import BusyError, NotFailedError, NotFoundError

    async def answer(app: "App") -> func.HttpResponse:
        try:
            replayed = await app.replays.replay(parse_operation_id(request.route_params["operationId"]))
        except NotFoundError:
            return problem_response(404, "There is no operation with this id.")
        except NotFailedError as error:
            return problem_response(409, f"{error}.")
        except BusyError:
            return problem_response(409, "The registrar is working on this operation right now. Try again in a moment.")
        return json_response(202, replay_body(replayed), GUARDED)

    return await guarded(answer)


@blueprint.function_name("replay_operations")
@blueprint.route("operations/replay", trigger_arg_name="request", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
async def replay_operations(request: func.HttpRequest) -> func.HttpResponse:
    """Send all requests that failed for one reason again: `?reason=…`; 202 with what was sent."""
    from shared.api.replays import parse_reason, replay_body

    async def answer(app: "App") -> func.HttpResponse:
        replayed = await app.replays.replay_all(parse_reason(request.params))
        return json_response(202, {"replayed": [replay_body(each) for each in replayed]}, GUARDED)

    return await guarded(answer)
