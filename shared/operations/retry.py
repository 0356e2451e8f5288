"""The one place that decides how an operation continues that stopped: later, rejected, or failed."""

import string
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.core.errors import (
    ContendedError,
    DeferredError,
    DeniedError,
    NotYetVisibleError,
    ObjectGoneError,
    Problem,
    RefusedError,
    RegistrarError,
    RejectedError,
    SignInUnclearError,
    ThrottledError,
    UnavailableError,
)

_SHORTEST = timedelta(seconds=5)
_LONGEST = timedelta(minutes=15)
_LONGEST_WHEN_IT_PASSES = timedelta(seconds=60)
"""For lag, throttling and write conflicts, which pass on their own."""
_OF_CODES = frozenset(string.ascii_letters + string.digits + "_-.")
_LONGEST_CODE = 60


@dataclass(frozen=True)
class Later:
    """Retry at this time. `pause_everybody`: the service asked for a pause, so all workers stop calling it."""

    at: datetime
    reason: str
    costs_attempt: bool
    pause_everybody: bool


@dataclass(frozen=True)
class Reject:
    """Answer `rejected`, permanently."""

    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class Fail:
    """Answer `failed`, and keep the original on the poison queue."""

    reason: str
    problem: Problem


type NextStep = Later | Reject | Fail


def next_step(error: Exception, *, now: datetime, deadline: datetime, pauses: int, draw: float) -> NextStep:
    """Decide by the type of the error; `draw` adds jitter, `pauses` counts earlier pauses for the same reason.

    Unexpected errors are treated like an unavailable service: the operation is retried, and fails at the deadline with
    the error's type as the reason, so a defect becomes visible and nothing is lost meanwhile.
    """
    match error:
        case RejectedError():
            return Reject(error.problems)
        case RefusedError():
            return Fail(error.reason, Problem("", error.code or error.reason, str(error)))
        case DeferredError():
            message = str(error)
        case _:
            message = "The registrar met an unexpected error. Its log has the details."
    reason = reason_of(error)
    if now >= deadline:
        hint = f"The registrar could not complete the request in time. What stood in the way last: {message}"
        return Fail(
            reason, Problem("", SignInUnclearError.reason if isinstance(error, SignInUnclearError) else reason, hint)
        )
    return Later(
        at=min(now + _pause(error, pauses, draw), deadline),
        reason=reason,
        costs_attempt=not _asks_for_patience(error),
        pause_everybody=_asks_for_patience(error),
    )


def reason_of(error: Exception) -> str:
    """Return the reason an operation stopped, as recorded; includes the service's code if only that identifies it."""
    if isinstance(error, DeniedError):
        code = "".join(character for character in error.code if character in _OF_CODES)[:_LONGEST_CODE]
        return f"{error.reason}_{code}" if code else error.reason
    if isinstance(error, SignInUnclearError):
        return error.numbered
    return error.reason if isinstance(error, RegistrarError) else f"unexpected_{type(error).__name__}"


def _asks_for_patience(error: Exception) -> bool:
    """Return whether the service itself asked for a pause: by 429, or by a 503 that names one."""
    return isinstance(error, ThrottledError) or (isinstance(error, UnavailableError) and error.after is not None)


def _pause(error: Exception, pauses: int, draw: float) -> timedelta:
    if isinstance(error, DeferredError) and error.after is not None:
        return error.after + _SHORTEST * draw * 0.5
    longest = (
        _LONGEST_WHEN_IT_PASSES
        if isinstance(error, NotYetVisibleError | ObjectGoneError | ThrottledError | ContendedError)
        else _LONGEST
    )
    return min(longest, _SHORTEST * 2 ** min(pauses, 10)) * (0.75 + draw / 2)
