"""The requester's mailbox: everything that was ever delivered on a queue, read once and kept."""

import json
from dataclasses import dataclass, field
from typing import Any

from azure.storage.queue import QueueClient

_PAGE = 32
_HIDE_SECONDS = 7 * 24 * 3600
"""The longest a message can be hidden (Microsoft Learn, "Get Messages")."""


@dataclass
class Inbox:
    """What arrived on one queue, oldest first, repeated deliveries included.

    Messages are hidden, not deleted: 32 a call instead of one. One that comes back, because the clock was moved that
    far, is known by its id.
    """

    queue: str
    messages: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    _known: set[str] = field(default_factory=set[str])
    _handed_out: dict[str, int] = field(default_factory=dict[str, int])

    def drain(self, connection_string: str, ca_bundle: str) -> None:
        """Read what is new."""
        with QueueClient.from_connection_string(
            connection_string, self.queue, use_env_settings=False, connection_verify=ca_bundle
        ) as client:
            for message in client.receive_messages(messages_per_page=_PAGE, visibility_timeout=_HIDE_SECONDS):
                if message.id not in self._known:
                    self._known.add(message.id)
                    self.messages.append(json.loads(message.content))

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
