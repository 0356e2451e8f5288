"""Answers as webhooks: the CloudEvents message itself, signed as standardwebhooks.com specifies.

Sources: Standard Webhooks, "Webhook headers" and "Signature scheme" (several signatures, separated by spaces, while a
secret is replaced); CloudEvents 1.0, "HTTP Protocol Binding", structured mode.
"""

import json
from collections.abc import Callable, Sequence
from datetime import datetime

from standardwebhooks import Webhook

from shared.adapters.tickets.http import TicketHttp
from shared.core.errors import ForbiddenError
from shared.ports import Note


class Hook:
    """Implements the port `TicketSystem`. Receivers deduplicate messages by `webhook-id`."""

    def __init__(self, http: TicketHttp, secrets: Sequence[str], now: Callable[[], datetime]) -> None:
        self._http = http
        self._secrets = [secret for secret in secrets if secret]
        self._now = now

    async def has_note(self, ticket: str, note: Note) -> bool:
        """Return False: a webhook cannot be queried, and the receiver ignores a second message with the same id."""
        return False

    async def add_note(self, ticket: str, note: Note) -> None:
        """Post the event; a ticket's address is its extension attribute `ticket`."""
        if not self._secrets:
            raise ForbiddenError("the secret that signs webhooks is not set")
        event = json.loads(note.event) | ({"ticket": ticket} if ticket else {})
        body, now = json.dumps(event, ensure_ascii=False), self._now()
        signatures = [Webhook(secret).sign(note.id, now, body) for secret in self._secrets]
        headers = {
            "Content-Type": "application/cloudevents+json",
            "webhook-id": note.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signatures),
        }
        await self._http.post_bytes(body.encode(), headers)

    async def set_state(self, ticket: str, status: str) -> None:
        """Do nothing: the event carries the status."""
