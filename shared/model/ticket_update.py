"""Records of ticket updates: content, destination and delivery progress."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from shared.contract.answer import Answer
from shared.model.directory import StoredModel

GIVEN_UP_AFTER = timedelta(hours=24)
"""After the update was written: a day to repair the ticketing system."""


ON_DEMAND = "awaiting_approval"
"""The only update that a requester's ticket gets only if `events` includes it; it always gets all others."""

MALFORMED = "malformed"
"""A form that did not become a request. Its ticket gets the state of a rejected one, unless it has a request."""


class UpdateState(StrEnum):
    """State of an update."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


class TicketUpdate(StoredModel, frozen=True):
    """One answer or event for one ticket; `id` is the event's own, so that sending is idempotent.

    Contains the event itself, as the operation's record may change (by a replay) while a ticketing system is down.
    """

    schema_version: Literal["1"] = "1"
    id: str
    source: str
    ticket: str | None
    """The ticket's address: a sys_id, an issue key; None if the source needs none."""
    operation_id: str | None
    """None for a request that never became an operation."""
    generation: int
    what: str
    """`completed`, `rejected`, `failed`, `rotated`, `awaiting_approval`: the middle of the event's type."""
    is_its_own: bool
    """Whether the event is about the ticket's own request; otherwise the ticket is the app's."""
    event: Answer
    state: UpdateState = UpdateState.WAITING
    attempts: int = 0
    interrupted: int = 0
    """Consecutive attempts without a recorded result: their worker died."""
    first_at: datetime
    """Attempts are made for a day from here."""
    due: datetime
    busy_until: datetime | None = None
    """Set while an attempt is under way: another would not see its note yet, and write a second one."""
    sent: bool = False
    """Whether the system has accepted the note once without showing it."""
    reason: str | None = None

    @property
    def status(self) -> str:
        """The status that the ticket's state is to show."""
        return "rejected" if self.what == MALFORMED else self.what

    @property
    def end(self) -> datetime:
        """When it is given up."""
        return self.first_at + GIVEN_UP_AFTER

    def is_early(self, now: datetime, tolerance: timedelta) -> bool:
        """Return whether it is not due yet, allowing for skew between the queue's clock and ours."""
        return self.due - now > tolerance


def what_of(event_type: str) -> str:
    """Return the middle of an event's type, such as `rotated` of `registrar.credential.rotated.v1`."""
    return event_type.split(".")[2]


def mark_of(update_id: str) -> str:
    """Return the line that identifies a note of ours."""
    return f"registrar: {update_id}"
