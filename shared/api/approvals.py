"""Decisions made over HTTP: the body, and how it is applied."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.api.requests import Named
from shared.approval.decide import Decider
from shared.approval.messages import FORMS, DecisionText
from shared.approval.refusals import DecisionAttempt, NotAllowedToDecideError, NotWaitingError, note_refused
from shared.contract.answer import answer_id
from shared.contract.faults import problem_of
from shared.contract.strict_json import parse_object
from shared.core.callers import SCOPE, Caller, Holder
from shared.core.errors import RejectedError
from shared.core.runtime import Runtime
from shared.model.approval import BINDING_PATTERN, ApprovalDecision, Outcome
from shared.model.operation import Operation
from shared.operations.claims import find
from shared.ports import Audit, Operations

_NO_PERSON = (
    "Only people can decide, and this token does not belong to a person: it lacks the scope "
    f"{SCOPE} of the registrar's API. Sign in and request a token with that scope."
)
_OUTCOMES: dict[str, Literal["approved", "refused"]] = {"approve": "approved", "refuse": "refused"}


class ApprovalBody(BaseModel):
    """What is posted: the decision, and the `binding` that the approver saw in the event or the request's status."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    decision: Literal["approve", "refuse"]
    binding: Annotated[str, Field(pattern=BINDING_PATTERN)]
    reason: DecisionText = ""


def parse_approval(body: bytes) -> ApprovalBody:
    """Read the body. Raises RejectedError with everything that is wrong with it."""
    fields, problems = parse_object(body)
    try:
        parsed = ApprovalBody.model_validate(fields)
    except ValidationError as error:
        found = [problem_of(dict(fault), FORMS) for fault in error.errors(include_url=False)]
        raise RejectedError([*problems, *found]) from None
    if problems:
        raise RejectedError(problems)
    return parsed


@dataclass(frozen=True, kw_only=True)
class CallersDecisions:
    """Decisions about requests, made by authenticated callers."""

    runtime: Runtime
    operations: Operations
    audit: Audit
    decider: Decider
    by_apps: bool
    """Whether policy also lets applications decide."""

    async def decide(self, named: Named, caller: Caller, body: ApprovalBody) -> Operation | None:
        """Decide about a request on a caller's behalf; None if there is no such request.

        The same decision about the same binding by the same person is idempotent. Raises
        NotWaitingError, NotAllowedToDecideError, BusyError, and DeferredError when the records cannot be reached.
        """
        operation = await self._named(named)
        if operation is None:
            return None
        operation_id, outcome = operation.id, _OUTCOMES[body.decision]
        if not self._may_decide(caller):
            await note_refused(self.audit, operation, _attempt(caller, outcome), "no_persons_token", self.runtime.now())
            raise NotAllowedToDecideError(_NO_PERSON, "no_persons_token")
        decision = ApprovalDecision(
            id=answer_id(operation_id, body.binding, caller.object_id, outcome),
            outcome=outcome,
            way="token",
            decided_by_object_id=caller.object_id,
            reason=body.reason or None,
            at=self.runtime.now(),
        )
        try:
            return await self.decider.decide(operation_id, decision, body.binding)
        except NotWaitingError:
            if await self.operations.read(operation_id) is None:
                return None
            raise

    async def note_without_role(self, named: Named, caller: Caller) -> None:
        """Record an attempt to decide without the approver's role, if there is such a request."""
        operation = await self._named(named)
        if operation is not None:
            await note_refused(self.audit, operation, _attempt(caller, None), "no_approver", self.runtime.now())

    async def _named(self, named: Named) -> Operation | None:
        operation_id = await find(self.operations, named.source, named.request_id, named.channel)
        stored = await self.operations.read(operation_id) if operation_id is not None else None
        return stored.value if stored is not None else None

    def _may_decide(self, caller: Caller) -> bool:
        """Return whether the token's kind of holder may decide: people may, applications if policy says so."""
        return caller.holder is Holder.PERSON or (caller.holder is Holder.APP and self.by_apps)


def _attempt(caller: Caller, outcome: Outcome | None) -> DecisionAttempt:
    return DecisionAttempt("token", outcome, decided_by_object_id=caller.object_id, client_id=caller.client_id)
