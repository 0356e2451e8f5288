"""Sessions of an entity: renewed, listed, and what their holders keep in them."""

from devstack.doubles.servicebus import errors
from devstack.doubles.servicebus.amqp.types import Array, Int, Timestamp
from devstack.doubles.servicebus.answers import NO_CONTENT, Answer, succeeded
from devstack.doubles.servicebus.entities.stored import Lock
from devstack.doubles.servicebus.operations.asked import Asked

_TEXT = 0xB1


def renew_lock(asked: Asked) -> Answer:
    """`renew-session-lock`: until when the session is held now; 410 when it is not."""
    session_id = asked.body["session-id"]
    until = asked.queue.sessions.renew(session_id, _held(asked, session_id), asked.now)
    return succeeded({"expiration": Timestamp(until)})


def get_state(asked: Asked) -> Answer:
    """`get-session-state`: bytes, or null."""
    session_id = asked.body["session-id"]
    _held(asked, session_id)
    return succeeded({"session-state": asked.queue.sessions.state(session_id)})


def set_state(asked: Asked) -> Answer:
    """`set-session-state`: bytes, or null to forget it."""
    session_id = asked.body["session-id"]
    _held(asked, session_id)
    asked.queue.sessions.set_state(session_id, asked.body["session-state"])
    return succeeded(None)


def list_sessions(asked: Asked) -> Answer:
    """`get-message-sessions`: ids of sessions with messages or a state; 204 when there are no more."""
    skip, top = asked.page()
    found = asked.queue.session_ids()[skip : skip + top]
    if not found:
        return succeeded(None, NO_CONTENT)
    return succeeded({"skip": Int(skip + len(found)), "sessions-ids": Array(_TEXT, tuple(found))})


def _held(asked: Asked, session_id: str) -> Lock:
    lock = asked.queue.sessions.lock_of(session_id)
    if lock is None or lock.until <= asked.now:
        raise errors.session_lock_lost(asked.address, session_id)
    return lock
