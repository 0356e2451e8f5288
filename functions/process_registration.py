"""The queues that carry registrations: the public intake, and the internal one for whatever had to wait."""

import json
from datetime import UTC, datetime

import azure.functions as func

blueprint = func.Blueprint()


@blueprint.function_name("process_registration")
@blueprint.queue_trigger("message", "app-registrations", "AzureWebJobsStorage")  # pyright: ignore[reportUnknownMemberType]  the SDK does not type its **kwargs
async def process_registration(message: func.QueueMessage) -> None:
    """Accept one request and make the first attempt."""
    from shared.bootstrap import get_app

    received = message.insertion_time or datetime.now(UTC)
    await get_app().intake.accept(message.get_body(), message.id or "", received)


@blueprint.function_name("continue_registration")
@blueprint.queue_trigger("message", "app-registration-work", "AzureWebJobsStorage")  # pyright: ignore[reportUnknownMemberType]  the SDK does not type its **kwargs
async def continue_registration(message: func.QueueMessage) -> None:
    """Make one more attempt at a request that had to wait."""
    from shared.bootstrap import get_app

    work = json.loads(message.get_body())
    await get_app().execution.run(str(work["operationId"]), int(work["generation"]))
