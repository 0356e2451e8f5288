"""Delivery of answers to tickets: by a queue, with a timer that resumes it, and a replay for operators."""

import json
from typing import TYPE_CHECKING

import azure.functions as func

from functions.brokers import Received, on_queue
from functions.guarded import guarded
from functions.responses import GUARDED, json_response, problem_response

if TYPE_CHECKING:
    from shared.bootstrap import App

blueprint = func.Blueprint()


@on_queue(blueprint, "ticket-updates")
async def update_ticket(received: Received) -> None:
    """Make one attempt at a ticket update."""
    from shared.bootstrap import get_app

    await get_app().updating.run(str(json.loads(received.body)["updateId"]))


@blueprint.function_name("resume_ticket_updates")
@blueprint.timer_trigger("timer", "20 * * * * *", run_on_startup=True, use_monitor=False)
async def resume_ticket_updates(timer: func.TimerRequest) -> None:
    """Resend stalled updates, every minute and at start."""
    from shared.bootstrap import get_app
    from shared.tickets.delivery import resume_updates

    services = get_app().services
    await resume_updates(services.ticket_updates, services.queues, services.runtime)


@blueprint.function_name("replay_ticket_update")
@blueprint.route(
    "ticket-updates/{updateId}/replay",
    trigger_arg_name="request",
    methods=["POST"],
    auth_level=func.AuthLevel.FUNCTION,
)
async def replay_ticket_update(request: func.HttpRequest) -> func.HttpResponse:
    """Replay a failed ticket update: 202, 404, or 409 when it did not fail."""
    from shared.core.errors import BusyError, NotFailedError, NotFoundError
    from shared.tickets.delivery import parse_update_id, replay_update

    async def answer(app: "App") -> func.HttpResponse:
        services, update_id = app.services, parse_update_id(request.route_params["updateId"])
        try:
            await replay_update(services.ticket_updates, services.queues, services.runtime, update_id)
        except NotFoundError:
            return problem_response(404, "There is no ticket update with this id.")
        except NotFailedError as error:
            return problem_response(409, f"{error}.")
        except BusyError:
            return problem_response(
                409, "The registrar is working on this ticket update right now. Try again in a moment."
            )
        return json_response(202, {"updateId": update_id}, GUARDED)

    return await guarded(answer)
