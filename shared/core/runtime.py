"""Time, ids and randomness, injected so that tests control them."""

import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta


def _now() -> datetime:
    return datetime.now(UTC)


def _new_id() -> str:
    return secrets.token_hex(16)


@dataclass(frozen=True)
class Runtime:
    """The sources of nondeterminism: an aware UTC clock, 128-bit ids as 32 hex digits, and a draw from [0, 1)."""

    now: Callable[[], datetime] = field(default=_now)
    new_id: Callable[[], str] = field(default=_new_id)
    draw: Callable[[], float] = field(default=random.random)


def within(window: timedelta, at: datetime | None, now: datetime) -> bool:
    """Return whether `at` is recent enough that a read may predate it."""
    return at is not None and now - at < window
