"""Whether a ticket's decision counts: it must be about what waits, and made after the ticket showed it. Pure."""

from datetime import datetime, timedelta
from enum import StrEnum

from shared.approval.messages import DecisionMessage
from shared.model.approval import Approval
from shared.model.channel import Channel
from shared.model.operation import Operation, State

CLOCKS = timedelta(minutes=5)
"""How far a ticketing system's clock may be ahead of ours: a later decision time is not believed."""


class Void(StrEnum):
    """Why a ticket's decision does not count."""

    NOT_WAITING = "not_waiting"
    NOT_PROVEN = "not_proven"
    OTHER_TICKET = "other_ticket"
    UNDATED = "undated"
    NOT_YET = "not_yet"
    OTHER_CONTENT = "other_content"
    NOT_SHOWN = "not_shown"
    BEFORE_THE_NOTE = "before_the_note"


SENTENCES = {
    Void.NOT_WAITING: "Nothing in this ticket is waiting for a decision.",
    Void.NOT_PROVEN: "The request was sent before its source had to prove itself. Send the ticket's form again.",
    Void.OTHER_TICKET: "The decision was sent for another ticket than the request.",
    Void.UNDATED: "The ticketing system does not say when the decision was made. Ask whoever maintains the ticket's "
    "flow to send decided_at.",
    Void.NOT_YET: "The decision has a time in the future. Check the clock of the ticketing system.",
    Void.OTHER_CONTENT: "The decision is about other content than what is waiting for it.",
    Void.NOT_SHOWN: "When the decision was made, this ticket did not show what is waiting for it.",
    Void.BEFORE_THE_NOTE: "The decision was made before this ticket showed what is waiting for it.",
}


def why_void(operation: Operation, message: DecisionMessage) -> Void | None:
    """Return why a ticket's decision does not count for an operation; None if it does, should its author be allowed."""
    approval = operation.approval
    if operation.state is not State.AWAITING_APPROVAL or approval is None:
        return Void.NOT_WAITING
    if operation.channel is not Channel.WEBHOOK:
        return Void.NOT_PROVEN
    request = operation.request
    is_its_own = (request.source, request.request_id) == (message.source, message.request_id)
    if not is_its_own or message.ticket is None or operation.ticket != message.ticket:
        return Void.OTHER_TICKET
    if message.decided_at is None:
        return Void.UNDATED
    if message.decided_at > message.received_at + CLOCKS:
        return Void.NOT_YET
    if not _is_about(operation, approval, message):
        return Void.OTHER_CONTENT
    return _before_it_was_shown(approval, message.decided_at)


def _is_about(operation: Operation, approval: Approval, message: DecisionMessage) -> bool:
    """Return whether a decision identifies its content, and every identification matches what waits."""
    said = [(message.content, operation.request.content_hash()), (message.binding, approval.binding)]
    return any(told is not None for told, _ in said) and all(told in (None, waiting) for told, waiting in said)


def _before_it_was_shown(approval: Approval, decided_at: datetime) -> Void | None:
    if approval.note_seen_at is None:
        return Void.NOT_SHOWN
    return None if decided_at > approval.note_seen_at else Void.BEFORE_THE_NOTE
