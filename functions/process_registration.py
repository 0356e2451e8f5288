"""The queues that carry registrations: the public intake, requests proven by webhooks, and deferred work."""

import json

import azure.functions as func

from functions.brokers import Received, on_queue

blueprint = func.Blueprint()


@on_queue(blueprint, "app-registrations")
async def process_registration(received: Received) -> None:
    """Accept one request and make the first attempt."""
    from shared.bootstrap import get_app

    await get_app().intake.accept(received.body, received.id, received.arrived)


@on_queue(blueprint, "webhook-requests")
async def process_webhook_request(received: Received) -> None:
    """Accept one request whose source a webhook has verified."""
    from shared.bootstrap import get_app

    await get_app().webhook_intake.accept(received.body, received.id)


@on_queue(blueprint, "app-registration-work")
async def continue_registration(received: Received) -> None:
    """Make one more attempt at a request that had to wait."""
    from shared.bootstrap import get_app

    work = json.loads(received.body)
    await get_app().execution.run(str(work["operationId"]), int(work["generation"]))
