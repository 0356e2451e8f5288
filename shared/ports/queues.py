"""The queues, and the host's poison queues."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol


@dataclass(frozen=True)
class PoisonedMessage:
    """A message the host gave up on: its function failed or its worker died as often as host.json allows."""

    queue: str
    id: str
    receipt: str
    text: str
    inserted: datetime


class Queues(Protocol):
    """The queues the app writes to, and the poison queues it looks after."""

    async def send_work(self, operation_id: str, generation: int, delay: timedelta = timedelta(0)) -> None:
        """Have an operation started or continued after a delay, without expiry."""
        ...

    async def send_rotation(self, message: str, delay: timedelta = timedelta(0)) -> None:
        """Send a message to `credential-rotations` after a delay, without expiry."""
        ...

    async def send_decision(self, message: str, delay: timedelta = timedelta(0)) -> None:
        """Have a ticket's decision applied after a delay, without expiry."""
        ...

    async def send_ticket_update(self, update_id: str, delay: timedelta = timedelta(0)) -> None:
        """Have a ticket update delivered after a delay, without expiry."""
        ...

    async def is_work_piling_up(self) -> bool:
        """Return whether more work is due than a host takes at once."""
        ...

    async def send_proven(self, request: str) -> None:
        """Put a request from a verified source on the internal queue for those."""
        ...

    async def send_answer(self, answer: str) -> None:
        """Deliver an answer to the requester."""
        ...

    async def send_event(self, event: str) -> None:
        """Publish to `registrar-events`."""
        ...

    async def send_poison(self, message: str) -> None:
        """Keep a request that cannot be served, with its reason and original."""
        ...

    def host_poisoned(self) -> AsyncIterator[PoisonedMessage]:
        """List the messages that the host, not the app, put on the poison queues."""
        ...

    async def remove_poisoned(self, message: PoisonedMessage) -> None:
        """Remove a message from a poison queue; already gone is a success."""
        ...

    async def remove_kept(self, operation_id: str, before: int) -> None:
        """Remove from the poison queue the messages of an operation's generations before this one."""
        ...
