"""For operators: failed requests, tried again once their cause is mended."""

import azure.functions as func

from functions.responses import json_response

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
    from shared.bootstrap import get_app  # the SDKs load at the first event, not at indexing
    from shared.errors import Busy
    from shared.replay import NotFailed, NotFound, replay

    try:
        replayed = await replay(get_app().services, request.route_params["operationId"])
    except NotFound as error:
        return json_response(404, {"error": str(error)})
    except (NotFailed, Busy) as error:
        return json_response(409, {"error": str(error)})
    return json_response(202, {"operationId": replayed.operation_id, "generation": replayed.generation})


@blueprint.function_name("replay_operations")
@blueprint.route("operations/replay", trigger_arg_name="request", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
async def replay_operations(request: func.HttpRequest) -> func.HttpResponse:
    """Send all requests that failed for one reason again: `?reason=…`; 202 with what was sent."""
    from shared.bootstrap import get_app
    from shared.replay import replay_all

    reason = request.params.get("reason")
    if not reason:
        return json_response(400, {"error": "say which failures: ?reason=registrar_lacks_permission, for example"})
    replayed = await replay_all(get_app().services, reason)
    return json_response(
        202, {"replayed": [{"operationId": r.operation_id, "generation": r.generation} for r in replayed]}
    )
