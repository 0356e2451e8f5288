"""What becomes of an operation that stopped short."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.core.errors import (
    BusyError,
    ContendedError,
    ForbiddenError,
    NotYetVisibleError,
    Problem,
    RefusedError,
    RejectedError,
    SignInUnclearError,
    ThrottledError,
    UnavailableError,
)
from shared.operations.retry import Fail, Later, NextStep, Reject, next_step

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DEADLINE = NOW + timedelta(hours=24)


def decided(error: Exception, *, now: datetime = NOW, pauses: int = 0, draw: float = 0.5) -> NextStep:
    return next_step(error, now=now, deadline=DEADLINE, pauses=pauses, draw=draw)


def test_a_rejection_is_final_and_keeps_all_problems() -> None:
    problems = (Problem("a", "b", "c"), Problem("d", "e", "f"))
    assert decided(RejectedError(problems)) == Reject(problems)


def test_a_refusal_fails_at_once_with_the_services_code() -> None:
    decision = decided(RefusedError("no", "KeyCredentialsInvalidEndDate"))
    assert isinstance(decision, Fail)
    assert decision.problem.code == "KeyCredentialsInvalidEndDate"


@pytest.mark.parametrize(
    "error", [UnavailableError("x"), NotYetVisibleError("x"), ForbiddenError("x"), BusyError("x"), KeyError("x")]
)
def test_everything_else_goes_on_later_and_fails_at_the_deadline(error: Exception) -> None:
    later = decided(error)
    assert isinstance(later, Later)
    assert NOW < later.at <= NOW + timedelta(seconds=10)
    assert later.costs_attempt
    assert isinstance(decided(error, now=DEADLINE), Fail)


def test_throttling_waits_as_asked_for_costs_no_attempt_and_pauses_everybody() -> None:
    later = decided(ThrottledError("x", timedelta(seconds=40)))
    assert isinstance(later, Later)
    assert timedelta(seconds=40) <= later.at - NOW <= timedelta(seconds=43)
    assert (later.costs_attempt, later.pause_everybody) == (False, True)


def test_a_503_that_names_a_pause_is_throttling_too() -> None:
    later = decided(UnavailableError("x", timedelta(seconds=30)))
    assert isinstance(later, Later)
    assert (later.costs_attempt, later.pause_everybody) == (False, True)
    assert later.at - NOW >= timedelta(seconds=30)


def test_delays_grow_and_have_a_bound() -> None:
    pauses = [decided(UnavailableError("x"), pauses=n) for n in range(12)]
    seconds = [(later.at - NOW).total_seconds() for later in pauses if isinstance(later, Later)]
    assert seconds == sorted(seconds)
    assert seconds[-1] == 900


@pytest.mark.parametrize("error", [NotYetVisibleError("x"), ThrottledError("x"), ContendedError("x")])
def test_what_passes_by_itself_is_looked_at_every_minute(error: Exception) -> None:
    later = decided(error, pauses=50)
    assert isinstance(later, Later)
    assert later.at - NOW == timedelta(seconds=60)


def test_the_last_try_is_at_the_deadline_not_after_it() -> None:
    later = decided(UnavailableError("x"), now=DEADLINE - timedelta(seconds=1), pauses=9)
    assert isinstance(later, Later)
    assert later.at == DEADLINE


def test_an_unexpected_error_is_named_by_its_type_alone() -> None:
    decision = decided(KeyError("s3cr3t"), now=DEADLINE)
    assert isinstance(decision, Fail)
    assert decision.reason == "unexpected_KeyError"
    assert "s3cr3t" not in decision.problem.message


def test_a_sign_in_that_proves_nothing_waits_under_its_number_and_fails_naming_it() -> None:
    error = SignInUnclearError("the sign-in was refused: AADSTS500014", [500014])
    later = decided(error)
    assert isinstance(later, Later)
    assert (later.reason, later.pause_everybody) == ("sign_in_unclear_AADSTS500014", False)
    failed = decided(error, now=DEADLINE)
    assert isinstance(failed, Fail)
    assert (failed.reason, failed.problem.code) == ("sign_in_unclear_AADSTS500014", "sign_in_unclear")
    assert "AADSTS500014" in failed.problem.message
