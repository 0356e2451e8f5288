"""The requester's mailbox: everything that was ever delivered to one place, read once and kept."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from azure.storage.queue import QueueClient

from demo.requester import has_bus
from tests.e2e.mailboxes import open_bus

_PAGE = 32
_HIDE_SECONDS = 7 * 24 * 3600
"""The longest a message can be hidden (Microsoft Learn, "Get Messages")."""


@dataclass
class Inbox:
    """What arrived on one queue, or for the subscription `all` of a topic, oldest first, repeated deliveries included.

    On a storage queue, messages are hidden, not deleted: 32 a call instead of one. One that comes back, because the
    clock was moved that far, is known by its id. On Service Bus they are peeked at: what came after the last one.
    """

    queue: str
    messages: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    _known: set[str] = field(default_factory=set[str])
    _last: int = 0
    _handed_out: dict[str, int] = field(default_factory=dict[str, int])

    def drain(self, environment: Mapping[str, str]) -> None:
        """Read what is new on the stack whose environment this is."""
        if has_bus(environment):
            with open_bus(environment) as bus:
                for message in bus.messages(self.queue, self._last):
                    self.messages.append(json.loads(message["body"]))
                    self._last = message["sequenceNumber"]
            return
        for key, message in _new_on_storage(self.queue, environment):
            if key not in self._known:
                self._known.add(key)
                self.messages.append(message)

    def to_request(self, request_id: str) -> list[dict[str, Any]]:
        """Return all messages about one request."""
        return [message for message in self.messages if message["data"]["requestId"] == request_id]

    def next_to(self, request_id: str) -> dict[str, Any] | None:
        """Return the first message about a request that was not asked for yet."""
        at = self._handed_out.get(request_id, 0)
        arrived = self.to_request(request_id)
        if at == len(arrived):
            return None
        self._handed_out[request_id] = at + 1
        return arrived[at]


def _new_on_storage(queue: str, environment: Mapping[str, str]) -> Iterable[tuple[str, dict[str, Any]]]:
    with QueueClient.from_connection_string(
        environment["AZURE_STORAGE_CONNECTION_STRING"],
        queue,
        use_env_settings=False,
        connection_verify=environment["SSL_CERT_FILE"],
    ) as client:
        for message in client.receive_messages(messages_per_page=_PAGE, visibility_timeout=_HIDE_SECONDS):
            yield message.id, json.loads(message.content)
