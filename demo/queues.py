"""The requester's side of the queues: requests go in on one, answers come out on the other, as plain text."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

from azure.core.exceptions import AzureError, HttpResponseError
from azure.storage.queue import QueueClient, QueueMessage
from pydantic import TypeAdapter, ValidationError

from devstack.process import StackError

INTAKE = "app-registrations"
RESULTS = "app-registration-results"

_MAX_MESSAGE_BYTES = 64 * 1024
"""Of a storage queue (Microsoft Learn, "Scalability and performance targets for Queue Storage")."""
_HOLD_SECONDS = 30
_PAGE = 32

type Event = dict[str, Any]

_EVENT = TypeAdapter[Event](dict[str, Any])


class Requester(Protocol):
    """What a requester does with messages, whichever broker carries them."""

    def send(self, body: bytes) -> None:
        """Put a request on the intake queue as it is. Raises StackError when no queue could carry it."""
        ...

    def peek_answers(self) -> list[Event]:
        """The first answers that wait, left where they are."""
        ...

    def take_answers(self, request_id: str) -> list[Event]:
        """Remove and return the answers to one request, and leave all others."""
        ...


@dataclass(frozen=True)
class RequesterQueues:
    """The two queues a requester knows. `ca_bundle` is needed when the connection string says HTTPS."""

    connection_string: str
    ca_bundle: str

    def send(self, body: bytes) -> None:
        """Put a request on the intake queue as it is. Raises StackError when no queue could carry it."""
        if len(body) > _MAX_MESSAGE_BYTES:
            raise StackError(
                f"the message has {len(body)} bytes, more than a queue message can have ({_MAX_MESSAGE_BYTES})"
            )
        try:
            text = body.decode()
        except UnicodeDecodeError as error:
            raise StackError("a queue message has to be UTF-8 text, and this is not") from error
        try:
            with self._open(INTAKE) as queue:
                queue.send_message(text)
        except AzureError as error:
            raise StackError(f"the queue {INTAKE} did not accept the message: {error.message}") from error

    def peek_answers(self) -> list[Event]:
        """The first answers that wait, left where they are (a queue shows 32 at most)."""
        with self._open(RESULTS) as queue:
            return [
                event for message in queue.peek_messages(_PAGE) if (event := read_event(message.content)) is not None
            ]

    def take_answers(self, request_id: str) -> list[Event]:
        """Remove and return the answers to one request; give all others back, untouched.

        Others stay hidden until the whole queue was looked through, so that none is seen twice in a pass.
        """
        mine: list[Event] = []
        others: list[QueueMessage] = []
        with self._open(RESULTS) as queue:
            for message in self._drain(queue):
                event = read_event(message.content)
                if event is not None and answers_request(event, request_id):
                    mine.append(event)
                    queue.delete_message(message)
                else:
                    others.append(message)
            for message in others:
                # Gone or visible again already: then there is nothing to give back.
                with suppress(HttpResponseError):
                    queue.update_message(message, visibility_timeout=0)
        return mine

    def _drain(self, queue: QueueClient) -> Iterator[QueueMessage]:
        yield from queue.receive_messages(messages_per_page=_PAGE, visibility_timeout=_HOLD_SECONDS)

    def _open(self, name: str) -> QueueClient:
        # The environment's proxy is not for 127.0.0.1.
        return QueueClient.from_connection_string(
            self.connection_string, name, use_env_settings=False, connection_verify=self.ca_bundle
        )


def answers_request(event: Event, request_id: str) -> bool:
    """Return whether an event is an answer to the request."""
    data = event.get("data")
    return isinstance(data, dict) and cast(Event, data).get("requestId") == request_id


def read_event(text: str | bytes) -> Event | None:
    """A message's event; None for what is none."""
    try:
        return _EVENT.validate_json(text)
    except ValidationError:
        return None


def read_request(file: Path) -> bytes:
    """A request's bytes. Raises StackError when the file cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise StackError(f"cannot read {file}: {error.strerror}") from error
