"""When a message arrived: the queue says so, unless its payload pretends to be the queue."""

from datetime import UTC, datetime

import azure.functions as func
import pytest
from azure.functions.queue import QueueMessage
from azure.functions.servicebus import ServiceBusMessage

from functions.brokers import Received, service_bus_message, storage_message

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
EARLIER = datetime(2026, 11, 1, tzinfo=UTC)


def stored(inserted: datetime | None) -> func.QueueMessage:
    return QueueMessage(id="1", body="{}", insertion_time=inserted)


def enqueued(at: datetime | None) -> func.ServiceBusMessage:
    return ServiceBusMessage(
        body=b"{}",
        message_id="the sender's",
        sequence_number=7,
        enqueued_time_utc=at,
        application_properties={},
        user_properties={},
    )


def test_the_queues_word_is_taken() -> None:
    assert storage_message(stored(EARLIER), NOW) == Received(b"{}", "1", EARLIER)


@pytest.mark.parametrize(
    "pretended", [None, datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC), NOW.replace(tzinfo=None)]
)
def test_a_time_that_cannot_be_is_not(pretended: datetime | None) -> None:
    assert storage_message(stored(pretended), NOW).arrived == NOW


@pytest.mark.parametrize("at", [EARLIER, EARLIER.replace(tzinfo=None)], ids=["with a zone", "as the host gives it"])
def test_service_bus_numbers_its_messages_and_means_utc(at: datetime) -> None:
    assert service_bus_message(enqueued(at), NOW) == Received(b"{}", "7", EARLIER)
