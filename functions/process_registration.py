"""The queues that carry registrations: the public intake, requests proven by webhooks, and deferred work."""

import json
from datetime import UTC, datetime, timedelta

import azure.functions as func

blueprint = func.Blueprint()

_OLDEST = timedelta(days=365)


@blueprint.function_name("process_registration")
@blueprint.queue_trigger("message", "app-registrations", "AzureWebJobsStorage")  # pyright: ignore[reportUnknownMemberType]  the SDK does not type its **kwargs
async def process_registration(message: func.QueueMessage) -> None:
    """Accept one request and make the first attempt."""
    from shared.bootstrap import get_app

    await get_app().intake.accept(message.get_body(), message.id or "", arrival(message, datetime.now(UTC)))


@blueprint.function_name("process_webhook_request")
@blueprint.queue_trigger("message", "webhook-requests", "AzureWebJobsStorage")  # pyright: ignore[reportUnknownMemberType]  the SDK does not type its **kwargs
async def process_webhook_request(message: func.QueueMessage) -> None:
    """Accept one request whose source a webhook has verified."""
    from shared.bootstrap import get_app

    await get_app().webhook_intake.accept(message.get_body(), message.id or "")


@blueprint.function_name("continue_registration")
@blueprint.queue_trigger("message", "app-registration-work", "AzureWebJobsStorage")  # pyright: ignore[reportUnknownMemberType]  the SDK does not type its **kwargs
async def continue_registration(message: func.QueueMessage) -> None:
    """Make one more attempt at a request that had to wait."""
    from shared.bootstrap import get_app

    work = json.loads(message.get_body())
    await get_app().execution.run(str(work["operationId"]), int(work["generation"]))


def arrival(message: func.QueueMessage, now: datetime) -> datetime:
    """Return when a message was put on the queue, or now if that cannot be true.

    The host lets members of a JSON payload override its queue metadata (WebJobs SDK, binding data): one called
    `InsertionTime` may be of any year, and without a zone.
    """
    inserted: datetime | None = message.insertion_time
    is_likely = inserted is not None and inserted.tzinfo is not None and abs(now - inserted) < _OLDEST
    return inserted if inserted is not None and is_likely else now
