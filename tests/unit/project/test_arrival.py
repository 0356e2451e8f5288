"""When a message arrived: the queue says so, unless its payload pretends to be the queue."""

from datetime import UTC, datetime

import azure.functions as func
import pytest
from azure.functions.queue import QueueMessage

from functions.process_registration import arrival

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def message(inserted: datetime | None) -> func.QueueMessage:
    return QueueMessage(id="1", body="{}", insertion_time=inserted)


def test_the_queues_word_is_taken() -> None:
    inserted = datetime(2026, 11, 1, tzinfo=UTC)
    assert arrival(message(inserted), NOW) == inserted


@pytest.mark.parametrize(
    "pretended", [None, datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC), NOW.replace(tzinfo=None)]
)
def test_a_time_that_cannot_be_is_not(pretended: datetime | None) -> None:
    assert arrival(message(pretended), NOW) == NOW
