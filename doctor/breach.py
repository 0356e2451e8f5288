"""A broken promise, and what would mend it."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Invariant(StrEnum):
    """The seven invariants, and beside them: order, and the end of what was replaced, taken back or refused."""

    ONE_OF_EACH = "1"
    VALUE_KEPT = "2"
    SIGNS_IN = "3"
    UNTOUCHED = "4"
    ANSWERED = "5"
    UNLEAKED = "6"
    WITHIN_POLICY = "7"
    ORDER = "order"
    RETIRED = "retired"
    GONE = "gone"
    REFUSED = "refused"

    @property
    def promise(self) -> str:
        """The promise in a few words."""
        return _PROMISES[self]


_PROMISES = {
    Invariant.ONE_OF_EACH: "one application and one service principal per uniqueName",
    Invariant.VALUE_KEPT: "every live credential has its value in the vault",
    Invariant.SIGNS_IN: "the value in the vault signs in",
    Invariant.UNTOUCHED: "the registrar changes nothing that others made",
    Invariant.ANSWERED: "every request ends in one answer, or waits where it can be seen",
    Invariant.UNLEAKED: "a secret's value is in the vault and nowhere else",
    Invariant.WITHIN_POLICY: "no app has more than policy or a valid approval gives it",
    Invariant.ORDER: "an older change never undoes a newer one",
    Invariant.RETIRED: "a replaced credential is gone once its overlap is over",
    Invariant.GONE: "what a change takes back is gone",
    Invariant.REFUSED: "a rejected request leaves no consent and no live credential behind",
}


@dataclass(frozen=True)
class RemovePassword:
    """Remove a credential whose value nobody has."""

    unique_name: str
    object_id: str
    key_id: str
    operation_id: str


@dataclass(frozen=True)
class SendWork:
    """Put an operation's message on the internal queue."""

    operation_id: str
    generation: int


@dataclass(frozen=True)
class ListUnsettled:
    """Put an operation back on the list by which it is carried on."""

    operation_id: str
    generation: int


@dataclass(frozen=True)
class PutCleanup:
    """Put a clean-up entry back. `secret_names` are those of the vault."""

    unique_name: str
    operation_id: str
    secret_names: tuple[str, ...]


type Repair = RemovePassword | SendWork | ListUnsettled | PutCleanup


@dataclass(frozen=True)
class Breach:
    """One breach: what is wrong with whom, what a person can do, and what is surely right to do, if anything is."""

    invariant: Invariant
    about: str
    what: str
    advice: str
    repair: Repair | None = None

    def __str__(self) -> str:
        return f"{self.invariant}: {self.about}: {self.what}"


@dataclass(frozen=True)
class Concern:
    """What breaks no promise, and a person should know: what it is about whom, and what a person can do."""

    about: str
    what: str
    advice: str

    def __str__(self) -> str:
        return f"concern: {self.about}: {self.what}"


@dataclass(frozen=True)
class Patience:
    """How long things may take before they count as broken."""

    settling: timedelta = timedelta(minutes=15)
    """After a request has settled (invariant 2)."""
    lag: timedelta = timedelta(minutes=5)
    """A read may be older than a write by so much."""
    deadline: timedelta = timedelta(hours=24)
    """Of a request."""
    retiring: timedelta = timedelta(days=1)
    """After the end of an overlap."""
    cleaning: timedelta = timedelta(minutes=5)
    """From one run of the clean-up timer to the next."""
    at_rest: bool = False
    """Everything had time to settle: what waits then is a breach."""
