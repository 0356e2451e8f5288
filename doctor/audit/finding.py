"""What verification finds, with a stable code and what to do."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Code(StrEnum):
    """Kinds of breaches; docs/audit.md explains each."""

    ENTRY_ALTERED = "entry_altered"
    ENTRY_MISSING = "entry_missing"
    END_MISSING = "end_missing"
    CHAIN_REWRITTEN = "chain_rewritten"
    HEAD_DIFFERS = "head_differs"
    INDEX_DIFFERS = "index_differs"
    REQUEST_MISSING = "request_missing"
    REQUEST_ALTERED = "request_altered"
    CLAIM_MISSING = "claim_missing"
    NOT_RECORDED = "not_recorded"
    ANCHOR_MISSING = "anchor_missing"
    ANCHOR_FOREIGN = "anchor_foreign"
    ANCHOR_REMOVED = "anchor_removed"
    NOTE_UNREADABLE = "note_unreadable"
    NOT_CHAINED = "not_chained"

    @property
    def advice(self) -> str:
        """Say what to do about it."""
        return _ADVICE[self]


_KEEP = "Export the record and keep it as evidence, change nothing, and ask who may write to the storage account."
_ADVICE = {
    Code.ENTRY_ALTERED: _KEEP,
    Code.ENTRY_MISSING: _KEEP,
    Code.END_MISSING: _KEEP,
    Code.CHAIN_REWRITTEN: f"{_KEEP} What was written up to the last anchor that fits can still be trusted.",
    Code.HEAD_DIFFERS: f"{_KEEP} Recording stands still until the head row says again where the chain ends.",
    Code.INDEX_DIFFERS: f"{_KEEP} Without its row of the index an entry could be appended a second time.",
    Code.REQUEST_MISSING: f"{_KEEP} If its message still waits on a queue, the app was just interrupted.",
    Code.REQUEST_ALTERED: _KEEP,
    Code.CLAIM_MISSING: f"{_KEEP} Without the claim, the same request could be made a second time.",
    Code.NOT_RECORDED: _KEEP,
    Code.ANCHOR_MISSING: "Does the timer anchor_audit run? What was recorded meanwhile rests on the next anchor alone.",
    Code.ANCHOR_FOREIGN: (
        f"{_KEEP} Nothing that such an anchor says is proof. If the account was moved, and its blobs were created anew "
        "on one day, verify with --moved-at and that day (make: MOVED_AT=…)."
    ),
    Code.ANCHOR_REMOVED: f"{_KEEP} The container's policy was lifted, or its blobs were not all copied in a move.",
    Code.NOTE_UNREADABLE: f"{_KEEP} Then remove the row: it will never be recorded.",
    Code.NOT_CHAINED: "Does the timer extend_audit run? The log has audit.not_extended if the chain keeps it from it.",
}


@dataclass(frozen=True)
class Finding:
    """One breach: what is wrong with what. A warning is worth a look, and is no breach."""

    code: Code
    about: str
    what: str
    is_warning: bool = False

    def __str__(self) -> str:
        return f"recorded: {self.code}: {self.about}: {self.what}"


@dataclass(frozen=True)
class Patience:
    """How long things may take before they count as broken."""

    noting: timedelta = timedelta(minutes=15)
    """From a note to its place in the chain."""
    accepting: timedelta = timedelta(hours=1)
    """From the note that a request was accepted to its record: a worker may die in between."""
    claiming: timedelta = timedelta(hours=25)
    """From a claim to its record: its message may come back for as long as a request has time."""
    anchoring: timedelta | None = timedelta(hours=2)
    """From the end of a day's first hour to its anchor; None where nobody anchors."""
