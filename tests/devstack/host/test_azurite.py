"""Azurite obeys the stack clock, and the SDKs work against it as started."""
# The storage SDKs leave some of their keyword arguments untyped.
# pyright: reportUnknownMemberType=false

from datetime import timedelta
from uuid import uuid4

import pytest
from azure.core.exceptions import HttpResponseError
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueClient

from devstack.azurite import Azurite
from devstack.clock import StackClock


@pytest.fixture
def queue(azurite: Azurite) -> QueueClient:
    client = QueueClient.from_connection_string(azurite.connection_string(), f"q-{uuid4().hex[:12]}")
    client.create_queue()
    return client


def contents(queue: QueueClient) -> list[str]:
    return [message.content for message in queue.peek_messages(32)]


def test_a_delayed_message_appears_when_the_clock_has_moved(queue: QueueClient, clock: StackClock) -> None:
    queue.send_message("later", visibility_timeout=600)
    clock.advance(timedelta(seconds=590))
    assert contents(queue) == []
    clock.advance(timedelta(seconds=11))
    assert contents(queue) == ["later"]


def test_a_received_message_comes_back_when_its_visibility_has_lapsed(queue: QueueClient, clock: StackClock) -> None:
    queue.send_message("again")
    assert queue.receive_message(visibility_timeout=600) is not None
    assert queue.receive_message() is None
    clock.advance(timedelta(seconds=601))
    again = queue.receive_message()
    assert again is not None
    assert again.dequeue_count == 2


def test_time_to_live_and_insertion_time_follow_the_clock(queue: QueueClient, clock: StackClock) -> None:
    message = queue.send_message("short-lived", time_to_live=60)
    assert message.inserted_on is not None
    assert abs(message.inserted_on - clock.now()) < timedelta(seconds=5)
    clock.advance(timedelta(seconds=61))
    assert contents(queue) == []


def test_a_blob_lease_lapses_with_the_clock(azurite: Azurite, clock: StackClock) -> None:
    service = BlobServiceClient.from_connection_string(azurite.connection_string())
    container = service.create_container(f"c-{uuid4().hex[:12]}")
    blob = container.upload_blob("held", b"x")
    blob.acquire_lease(lease_duration=60)
    with pytest.raises(HttpResponseError) as refused:
        blob.acquire_lease(lease_duration=60)
    assert refused.value.status_code == 409
    clock.advance(timedelta(seconds=61))
    assert blob.acquire_lease(lease_duration=60).id
    assert abs(blob.get_blob_properties().last_modified - clock.now()) < timedelta(seconds=65)


def test_tables_stamp_with_the_clock(azurite: Azurite, clock: StackClock) -> None:
    service = TableServiceClient.from_connection_string(azurite.connection_string())
    table = service.create_table(f"t{uuid4().hex[:12]}")
    table.create_entity({"PartitionKey": "p", "RowKey": "r", "state": "new"})
    stored = table.get_entity("p", "r")
    assert stored["state"] == "new"
    stamped = stored.metadata["timestamp"]
    assert stamped is not None
    assert abs(stamped - clock.now()) < timedelta(seconds=5)
