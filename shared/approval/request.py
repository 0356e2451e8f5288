"""Puts a request that needs approval on hold: determines who may decide, and builds the event that asks them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from shared.contract.answer import (
    Answer,
    AnswerData,
    AnsweredApproval,
    Status,
    answer_id,
    answer_type,
    answered_errors,
)
from shared.contract.request import RegistrationRequest
from shared.core.callers import APPROVER
from shared.core.errors import ApprovalNeededError, Problem, RejectedError
from shared.core.text import utc_text
from shared.model.approval import Approval, ApprovalReason
from shared.model.channel import Channel
from shared.model.labels import AnswerContext
from shared.model.operation import Operation, named_owner_of, requester_of
from shared.model.person import Person
from shared.model.ticket_update import ON_DEMAND
from shared.ports import Target


@dataclass(frozen=True, kw_only=True)
class ApprovalRequests:
    """How a decision is requested: from which sources' tickets, within what time, and in which words."""

    deadline: timedelta
    """How long a request waits for a decision."""
    deciding_sources: frozenset[str]
    """Sources whose tickets may decide about their own requests."""
    targets: Mapping[str, Target]
    """Ticketing systems that show what waits, by source."""
    answers: AnswerContext

    def begin(self, operation: Operation, needed: ApprovalNeededError, owner: Person | None, now: datetime) -> Approval:
        """Build the record's pending approval. Raises RejectedError if nobody could decide.

        `owner` is the app's current owner, as far as its record says. The id of an earlier decision, which was about
        other content, is kept so that it is not mistaken for a new one.
        """
        if not (self._by_ticket(operation) or (_by_token(operation) and _can_be_told_apart(operation, owner))):
            raise RejectedError([*needed.problems, _nobody()])
        earlier = operation.approval
        spent = earlier.spent if earlier is not None else ()
        if earlier is not None and earlier.decision is not None:
            spent = (*spent, earlier.decision.id)
        return Approval(
            binding=needed.binding,
            reasons=tuple(
                ApprovalReason(field=each.field, code=each.code, message=each.message) for each in needed.problems
            ),
            since=now,
            expires=now + self.deadline,
            spent=spent,
        )

    def event(self, operation: Operation, approval: Approval) -> Answer:
        """Build the event that asks for a decision, from the record alone, so that a second delivery is identical."""
        request, by_token = operation.request, _by_token(operation)
        reasons = [Problem(each.field, each.code, each.message) for each in approval.reasons]
        kind = answer_type(Status.AWAITING_APPROVAL)
        return Answer(
            id=answer_id(operation.id, str(operation.generation), approval.binding, utc_text(approval.since), kind),
            type=kind,
            subject=operation.unique_name,
            time=approval.since,
            data=AnswerData(
                request_id=request.request_id,
                source=request.source,
                operation_id=operation.id,
                status=Status.AWAITING_APPROVAL,
                tenant_id=self.answers.tenant_id,
                display_name=request.application.display_name if isinstance(request, RegistrationRequest) else None,
                requested_by_object_id=requester_of(operation).object_id,
                approval=AnsweredApproval(
                    binding=approval.binding,
                    expires_on=approval.expires,
                    requested_by=request.requested_by,
                    ticket=operation.ticket,
                    replaces=operation.replaces,
                    by_ticket=self._by_ticket(operation),
                    role=APPROVER if by_token else None,
                    href=approval_path(request.source, request.request_id) if by_token else None,
                ),
                errors=answered_errors(self.answers.labelled(reasons, request.source)),
                error_count=len(approval.reasons),
            ),
        )

    def _by_ticket(self, operation: Operation) -> bool:
        source = operation.request.source
        target = self.targets.get(source)
        # A ticket that never shows what waits cannot decide about it.
        is_shown = target is not None and ON_DEMAND in target.events
        is_proven = operation.channel is Channel.WEBHOOK and operation.ticket is not None
        return is_proven and is_shown and source in self.deciding_sources


def approval_path(source: str, request_id: str) -> str:
    """Return the path to which a decision about a request is posted, below the registrar's address."""
    return f"/api/requests/{quote(request_id)}/approval?source={quote(source)}"


def undecided_problem(approval: Approval) -> Problem:
    """Return the problem that nobody decided in time."""
    what = " ".join(each.message for each in approval.reasons[:3])
    message = f"Nobody approved or refused the request in time. {what} Send the request again with a new requestId."
    return Problem("", "approval_expired", message)


def refused_problem(approval: Approval) -> Problem:
    """Return the problem that the request was refused by an approver."""
    reason = approval.decision.reason if approval.decision is not None else None
    why = f" Reason: {reason}" if reason else ""
    message = f"An approver refused the request.{why} Ask for less, or talk to the approver."
    return Problem("", "approval_refused", message)


def _by_token(operation: Operation) -> bool:
    """Return whether a token's holder, known only by id, can be told apart from all parties to the request."""
    parties = (requester_of(operation), named_owner_of(operation))
    return all(party is None or party.object_id is not None for party in parties)


def _can_be_told_apart(operation: Operation, owner: Person | None) -> bool:
    """Return whether a token's holder can be told apart from the app's owner: not from one of version 1 if the
    registrar may not look people up, unless the owner is the requester.
    """
    is_known = owner is None or owner.object_id is not None or operation.found_requester_id is not None
    return is_known or (owner is not None and owner.goes_by(requester_of(operation)))


def _nobody() -> Problem:
    return Problem(
        "requestedBy",
        "approval_impossible",
        "This request needs an approval that nobody can give. The registrar does not know the object id of the "
        "requester or of the owner, so it cannot tell whether an approver is somebody else, and tickets of this "
        "source cannot approve. Send the request from a ticketing system whose tickets can, or ask for less.",
    )
