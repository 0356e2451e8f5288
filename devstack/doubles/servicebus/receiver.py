"""A client's link for receiving from a queue, a subscription, or dead letters."""

from collections.abc import Callable
from uuid import UUID

from devstack.doubles.servicebus.amqp.links import OutgoingLink
from devstack.doubles.servicebus.entities.queue import Queue
from devstack.doubles.servicebus.entities.stored import Lock


class Receiver:
    """One link, and the messages that went out on it. With a session, its messages are that session's alone.

    `flush` has the connection write what the link has sent.
    """

    def __init__(
        self,
        link: OutgoingLink,
        queue: Queue,
        flush: Callable[[], None],
        session: tuple[str, Lock] | None = None,
    ) -> None:
        self.link = link
        self.queue = queue
        self.flush = flush
        self.session = session

    @property
    def session_id(self) -> str | None:
        """The session that it holds."""
        return self.session[0] if self.session else None

    def deliver(self, now: int) -> bool:
        """Send one message if there is one and the client takes it. Return whether one went out."""
        link = self.link
        if not link.is_alive or link.credit <= 0 or not self._has_session(now):
            return False
        taken = self.queue.take(now, self.session_id, locks=not link.is_pre_settled)
        if taken is None:
            return False
        stored, lock = taken
        tag = lock.token.bytes_le if lock else stored.sequence_number.to_bytes(8)
        link.send(tag, stored.outward(lock=lock).encoded())
        return True

    def _has_session(self, now: int) -> bool:
        return self.session is None or self.queue.sessions.is_valid(*self.session, now)

    def check_session(self, now: int) -> None:
        """Raise BusError when the session is no longer held."""
        if self.session is not None:
            session_id, lock = self.session
            self.queue.sessions.check(session_id, lock, now)


def token_of(tag: bytes) -> UUID:
    """The lock token that a delivery's tag is, in .NET's order of bytes."""
    return UUID(bytes_le=tag) if len(tag) == 16 else UUID(int=0)
