"""The queues of a running stack from outside: what an administrator sees of them and does to them, on either broker."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import httpx
from azure.storage.queue import QueueServiceClient

from demo.requester import has_bus

_PAGE = 32
_TOPICS = ("app-registration-results", "registrar-events")
_KEPT = "app-registrations-poison"
_DEAD_LETTERS = "$DeadLetterQueue"


class StorageMailboxes:
    """Storage queues, through the account's key."""

    def __init__(self, queues: QueueServiceClient) -> None:
        self.queues = queues

    def put(self, queue: str, body: bytes) -> None:
        """Put a message on a queue as it is."""
        self.queues.get_queue_client(queue).send_message(body.decode())

    def give_up(self, queue: str, body: bytes) -> None:
        """Put a message on the queue's poison queue."""
        self.put(f"{queue}-poison", body)

    def visible(self, queue: str) -> list[str]:
        """The first messages that wait on a queue, left there."""
        return [message.content for message in self.queues.get_queue_client(queue).peek_messages(_PAGE)]

    def given_up(self, queue: str) -> list[str]:
        """The first messages of the poison queue."""
        return self.visible(f"{queue}-poison")

    def count(self, queue: str) -> int:
        """How many messages there are, delayed and held ones too."""
        return self.queues.get_queue_client(queue).get_queue_properties().approximate_message_count or 0

    def empty(self, queue: str) -> None:
        """Lose all messages of a queue, delayed and held ones too."""
        self.queues.get_queue_client(queue).clear_messages()


class BusMailboxes:
    """A Service Bus namespace, through the control plane of its double: a connection of a client's takes a second."""

    def __init__(self, control: httpx.Client) -> None:
        self._control = control

    def put(self, queue: str, body: bytes) -> None:
        """Put a message on a queue as it is."""
        self._control.post(_path(queue), content=body).raise_for_status()

    def give_up(self, queue: str, body: bytes) -> None:
        """Put a message among the queue's dead letters."""
        self.put(f"{queue}/{_DEAD_LETTERS}", body)

    def visible(self, queue: str) -> list[str]:
        """The messages that wait on a queue or for the subscription of a topic, left there."""
        return [message["body"] for message in self.messages(queue) if message["state"] == "active"]

    def given_up(self, queue: str) -> list[str]:
        """The queue's dead letters."""
        return [message["body"] for message in self.messages(f"{queue}/{_DEAD_LETTERS}")]

    def count(self, queue: str) -> int:
        """How many messages there are, delayed and held ones too."""
        return len(self.messages(queue))

    def empty(self, queue: str) -> None:
        """Lose all messages of a queue, delayed and held ones too."""
        self._control.delete(_path(_address(queue))).raise_for_status()

    def messages(self, queue: str, since: int = 0) -> list[dict[str, Any]]:
        """The messages of a queue after the one with this number, in order."""
        return self._control.get(_path(_address(queue)), params={"since": since}).raise_for_status().json()


@contextmanager
def open_mailboxes(environment: Mapping[str, str]) -> Generator[StorageMailboxes | BusMailboxes]:
    """Open the queues of the stack whose environment this is, on the broker that it uses."""
    if has_bus(environment):
        with open_bus(environment) as bus:
            yield bus
        return
    with QueueServiceClient.from_connection_string(
        environment["AZURE_STORAGE_CONNECTION_STRING"],
        use_env_settings=False,
        connection_verify=environment["SSL_CERT_FILE"],
    ) as queues:
        yield StorageMailboxes(queues)


@contextmanager
def open_bus(environment: Mapping[str, str]) -> Generator[BusMailboxes]:
    """Open the namespace of the stack whose environment this is."""
    # Plain HTTP: reading certificates that nobody asks for would take longer than the call.
    with httpx.Client(base_url=environment["DEVSTACK_CONTROL_URL"], trust_env=False, verify=False) as control:
        yield BusMailboxes(control)


def _address(queue: str) -> str:
    """Where a queue's messages are received from: the one subscription of a topic, the dead letters of a queue."""
    if queue in _TOPICS:
        return f"{queue}/Subscriptions/all"
    if queue != _KEPT and queue.endswith("-poison"):
        return f"{queue.removesuffix('-poison')}/{_DEAD_LETTERS}"
    return queue


def _path(address: str) -> str:
    return f"/bus/messages/{quote(address)}"
