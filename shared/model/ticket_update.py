"""The record of one update of a ticket: what is to be told where, and how far that came."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from shared.contract.answer import Answer
from shared.model.directory import StoredModel

GIVEN_UP_AFTER = timedelta(hours=24)
"""Since the update was written: whoever runs the ticketing system has a day to mend it."""


ON_DEMAND = "awaiting_approval"
"""What those who asked are told only where `events` says so; all else they are told always."""

MALFORMED = "malformed"
"""What a form is that became no request. Its ticket gets the state of a rejected one, unless it has a request."""


class UpdateState(StrEnum):
    """Where an update stands."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


class TicketUpdate(StoredModel, frozen=True):
    """One answer or event for one ticket; `id` is the event's own, so that it is one however often it is sent.

    It holds the event itself: the operation's record goes on (it may be replayed) while a ticketing system is away.
    """

    schema_version: Literal["1"] = "1"
    id: str
    source: str
    ticket: str | None
    """Where the ticket lies: a sys_id, an issue key; None where the source needs no address."""
    operation_id: str | None
    """None for a request that never became an operation."""
    generation: int
    what: str
    """`completed`, `rejected`, `failed`, `rotated`, `awaiting_approval`: the middle of the event's type."""
    is_its_own: bool
    """Whether the ticket asked for what the event tells of; else it is told in the ticket of the app."""
    event: Answer
    state: UpdateState = UpdateState.WAITING
    attempts: int = 0
    interrupted: int = 0
    """Attempts in a row that ended without a word: their worker died."""
    first_at: datetime
    """A day from here on it is tried."""
    due: datetime
    busy_until: datetime | None = None
    """While an attempt is under way: another one would find no note yet, and write a second one."""
    sent: bool = False
    """Whether the system took the note once without showing it."""
    reason: str | None = None

    @property
    def status(self) -> str:
        """How the ticket's state is to show what it is told."""
        return "rejected" if self.what == MALFORMED else self.what

    @property
    def end(self) -> datetime:
        """When it is given up."""
        return self.first_at + GIVEN_UP_AFTER

    def is_early(self, now: datetime, tolerance: timedelta) -> bool:
        """Return whether its moment has not come: the queue's clock and ours need not agree."""
        return self.due - now > tolerance


def what_of(event_type: str) -> str:
    """Return what an event tells, such as `rotated` of `registrar.credential.rotated.v1`."""
    return event_type.split(".")[2]


def mark_of(update_id: str) -> str:
    """Return the line by which a note of ours is known again."""
    return f"registrar: {update_id}"
