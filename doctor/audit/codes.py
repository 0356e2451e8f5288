"""The codes of verification's findings, each with its advice."""

from enum import StrEnum

from doctor.finding import Finding


class Code(StrEnum):
    """What can be wrong with the audit record; docs/audit.md explains each."""

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
        """What to do about it."""
        return _ADVICE[self]


_KEEP = "Export the record, keep it as evidence, change nothing, and find out who can write to the storage account."
_ADVICE = {
    Code.ENTRY_ALTERED: _KEEP,
    Code.ENTRY_MISSING: _KEEP,
    Code.END_MISSING: _KEEP,
    Code.CHAIN_REWRITTEN: f"{_KEEP} Entries up to the last anchor that fits the chain can still be trusted.",
    Code.HEAD_DIFFERS: f"{_KEEP} Nothing is recorded until the head row says again where the chain ends.",
    Code.INDEX_DIFFERS: f"{_KEEP} Without its index row, an entry can be appended a second time.",
    Code.REQUEST_MISSING: f"{_KEEP} If its message still waits on a queue, the app was only interrupted.",
    Code.REQUEST_ALTERED: _KEEP,
    Code.CLAIM_MISSING: f"{_KEEP} Without its claim, the same request can be carried out a second time.",
    Code.NOT_RECORDED: _KEEP,
    Code.ANCHOR_MISSING: "Check that the timer anchor_audit runs. Only the next anchor covers this time.",
    Code.ANCHOR_FOREIGN: (
        f"{_KEEP} What such an anchor says proves nothing. If the storage account was moved, so that its blobs were "
        "created again on one day, verify with --moved-at and that day (make: MOVED_AT=…)."
    ),
    Code.ANCHOR_REMOVED: f"{_KEEP} Somebody lifted the container's policy, or a move did not copy all blobs.",
    Code.NOTE_UNREADABLE: f"{_KEEP} Then remove the row: it can never be recorded.",
    Code.NOT_CHAINED: (
        "Check that the timer extend_audit runs. If the log has audit.not_extended, the chain does not end where the "
        "head row says: see head_differs and end_missing."
    ),
}


def finding(code: Code, about: str, what: str, *, is_warning: bool = False) -> Finding[Code]:
    """Make a finding with its code's advice."""
    return Finding(code, about, what, code.advice, is_warning=is_warning)
