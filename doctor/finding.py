"""The doctor's findings, their repairs, and the invariants that they break."""

from dataclasses import dataclass
from enum import StrEnum


class Invariant(StrEnum):
    """The seven invariants, and further ones: order, and the removal of what was replaced, taken back or refused."""

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
    """Remove a credential whose value is lost."""

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
    """Put an operation back on the list from which it is resumed."""

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
class Finding[Kind: StrEnum | None]:
    """A fault, and what a person can do about it.

    `kind` is the invariant that is broken, or the audit record's code for it; None for a concern, which breaks no
    invariant but deserves attention.
    """

    kind: Kind
    about: str
    """The app, request, vault secret or queue that it concerns."""
    what: str
    advice: str
    repair: Repair | None = None
    """The repair that is safe without human judgement, if any."""
    is_warning: bool = False
    """Whether it deserves attention, but is no breach."""

    def __str__(self) -> str:
        return f"{self.kind or 'concern'}: {self.about}: {self.what}"
