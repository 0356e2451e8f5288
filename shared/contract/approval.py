"""The event that a request waits for somebody's decision: a CloudEvents 1.0 message on `registrar-events`."""

from typing import Literal

from shared.contract.answer import EVENT_SOURCE, AnsweredError, AnswerModel, Moment

APPROVAL_TYPE = "registrar.approval.requested.v1"


class Deciders(AnswerModel):
    """Who may decide: the request's own ticket, and holders of the app role who did not ask themselves."""

    ticket: bool
    """Whether the ticketing system that sent the request may: an approval there is told to its webhook."""
    role: str | None = None
    """App role of the registrar's API; null where nobody knows the requester's object id, to compare with."""
    href: str | None = None
    """Where the decision goes, by POST, below the registrar's address."""


class ApprovalRequestedData(AnswerModel):
    """What somebody is to decide about."""

    request_id: str
    source: str
    operation_id: str
    unique_name: str
    requested_by: str
    ticket: str | None = None
    binding: str
    """Stands for the request, the ids it led to and the policy: a decision names it, and counts for nothing else."""
    reasons: tuple[AnsweredError, ...]
    expires_on: Moment
    deciders: Deciders


class ApprovalRequested(AnswerModel):
    """A CloudEvents 1.0 envelope in structured JSON mode."""

    specversion: Literal["1.0"] = "1.0"
    id: str
    source: str = EVENT_SOURCE
    type: Literal["registrar.approval.requested.v1"] = APPROVAL_TYPE
    subject: str
    time: Moment
    datacontenttype: Literal["application/json"] = "application/json"
    data: ApprovalRequestedData

    def to_json(self) -> str:
        """One line of JSON, of at most 24 KiB as a request's 100 permissions allow."""
        return self.model_dump_json()
