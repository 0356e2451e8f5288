"""What is moved to Service Bus has the properties with which the app sends it: the app's own functions make them."""

from datetime import datetime

from azure.servicebus import ServiceBusMessage

from shared.adapters.servicebus import messages
from shared.core.naming import EVENTS_QUEUE, POISON_QUEUE, RESULTS_QUEUE


def envelope(queue: str, body: bytes, due: datetime | None) -> ServiceBusMessage:
    """Make the message for a queue or topic; `due` is for the app's own queues."""
    text = body.decode("utf-8", "replace")
    match queue:
        case _ if queue == RESULTS_QUEUE:
            return messages.answer(text)
        case _ if queue == EVENTS_QUEUE:
            return messages.event(text)
        case _ if queue == POISON_QUEUE:
            return messages.kept(text)
        case _:
            return messages.plain(text, due)
