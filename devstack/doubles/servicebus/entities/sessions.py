"""The sessions of one entity: who holds which, and what they keep in them."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from devstack.doubles.servicebus import errors
from devstack.doubles.servicebus.entities.message_log import Keeper
from devstack.doubles.servicebus.entities.stored import Lock


@dataclass
class _Session:
    lock: Lock | None = None
    state: bytes | None = None


class Sessions:
    """Sessions by id. One exists as soon as somebody asks for it: an empty one can be held and have a state."""

    def __init__(self, path: str, lock_milliseconds: int, keeper: Keeper, new_token: Callable[[], UUID]) -> None:
        self._path = path
        self._keeper = keeper
        self._lasting = lock_milliseconds
        self._new_token = new_token
        self._sessions: dict[str, _Session] = {}

    def restore(self, states: dict[str, bytes]) -> None:
        """Take over what was kept."""
        for session_id, state in states.items():
            self._sessions[session_id] = _Session(state=state)

    def hold(self, session_id: str, now: int) -> Lock:
        """Take a session. Raises BusError while another receiver has it."""
        session = self._sessions.setdefault(session_id, _Session())
        if session.lock is not None and session.lock.until > now:
            raise errors.session_cannot_be_locked(self._path, session_id)
        session.lock = Lock(self._new_token(), now + self._lasting)
        return session.lock

    def is_held(self, session_id: str) -> bool:
        """Return whether a receiver has the session; what has lapsed is given back by `lapsed`."""
        return self.lock_of(session_id) is not None

    def lock_of(self, session_id: str) -> Lock | None:
        """The lock of the receiver that has the session."""
        session = self._sessions.get(session_id)
        return session.lock if session else None

    def is_valid(self, session_id: str, lock: Lock, now: int) -> bool:
        """Return whether this is the session's lock, and has not lapsed."""
        return self.lock_of(session_id) is lock and lock.until > now

    def check(self, session_id: str, lock: Lock, now: int) -> None:
        """Raise BusError unless this is the session's lock, and still valid."""
        if not self.is_valid(session_id, lock, now):
            raise errors.session_lock_lost(self._path, session_id)

    def renew(self, session_id: str, lock: Lock, now: int) -> int:
        """Hold a session for longer. Return until when."""
        self.check(session_id, lock, now)
        lock.until = now + self._lasting
        return lock.until

    def give_back(self, session_id: str, lock: Lock) -> bool:
        """Let others have the session. Return whether it was this lock's."""
        session = self._sessions.get(session_id)
        if session is None or session.lock is not lock:
            return False
        session.lock = None
        return True

    def lapsed(self, now: int) -> list[str]:
        """Sessions whose receivers have held them for too long; they are free from now on."""
        gone = [key for key, session in self._sessions.items() if session.lock and session.lock.until <= now]
        for key in gone:
            self._sessions[key].lock = None
        return gone

    def state(self, session_id: str) -> bytes | None:
        """What was last kept in the session."""
        session = self._sessions.get(session_id)
        return session.state if session else None

    def set_state(self, session_id: str, state: bytes | None) -> None:
        """Keep something in the session; None forgets it."""
        self._sessions.setdefault(session_id, _Session()).state = state
        self._keeper.put_session(self._path, session_id, state)

    def with_state(self) -> list[str]:
        """Sessions that keep something."""
        return [key for key, session in self._sessions.items() if session.state is not None]
