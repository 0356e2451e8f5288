"""Receives a webhook: verified, rate-limited, parsed, and put on the internal queue of requests or decisions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.contract.strict_json import parse_object
from shared.core import log
from shared.core.callers import NotAllowedError, NotAuthenticatedError
from shared.core.errors import Problem, RejectedError, UnavailableError
from shared.core.runtime import Runtime
from shared.intake.decision import decision_from, is_decision
from shared.intake.faults import Fault
from shared.intake.faulty import AskingTickets, FaultNotes
from shared.intake.mapping import request_from
from shared.intake.proven_request import ProvenRequest
from shared.intake.rate_limit import Rate
from shared.intake.signature import NotProvenError, check
from shared.intake.sources import EntraProof, Source, Ticketing
from shared.ports import Callers, Queues


@dataclass(frozen=True)
class AcceptedWebhook:
    """An accepted webhook: a request, or a decision about one."""

    source: str
    request_id: str


class Webhooks:
    """Receives ticketing systems' webhooks. Calls neither Graph nor the vault: secrets come from the settings."""

    def __init__(
        self,
        ticketing: Ticketing,
        secrets: Mapping[str, str],
        callers: Callers | None,
        *,
        runtime: Runtime,
        queues: Queues,
        asking: AskingTickets,
        faults: FaultNotes,
    ) -> None:
        self._runtime = runtime
        self._queues = queues
        self._asking = asking
        self._faults = faults
        self._ticketing = ticketing
        self._secrets = secrets
        self._callers = callers
        self.undated: set[str] = set()
        """Sources that sent decisions without a time since this worker started."""
        self._rates = {source.name: Rate(source.requests_per_minute) for source in ticketing.sources}

    async def receive(self, name: str, headers: Mapping[str, str], body: bytes) -> AcceptedWebhook:
        """Accept one message of a source; a duplicate leads to the same request.

        `headers` have names in lower case. Raises NotProvenError, also for an unknown source, TooManyError,
        RejectedError with all problems, which the ticket gets, too, and DeferredError when storage, or Entra's keys,
        cannot be reached.
        """
        source = self._ticketing.source(name)
        if source is None:
            raise NotProvenError("there is no such source")
        await self._prove(source, headers, body)
        now = self._runtime.now()
        self._rates[source.name].take(now)
        # A body that is not a JSON object names no ticket.
        payload, problems = parse_object(body)
        try:
            return await self._take(source, payload, problems, now)
        except RejectedError as rejected:
            await self._faults.notify(Fault(source, payload, body, rejected.problems))
            raise

    async def _take(
        self, source: Source, payload: dict[str, Any], problems: list[Problem], now: datetime
    ) -> AcceptedWebhook:
        if problems:
            raise RejectedError(problems)
        if is_decision(source, payload):
            decision = decision_from(source, payload, now)
            if decision.decided_at is None:
                self.undated.add(source.name)
                log.warning("webhook.decision_undated", source=source.name, request=decision.request_id)
            await self._queues.send_decision(decision.to_json())
            log.event("webhook.decision_taken", source=source.name, request=decision.request_id)
            return AcceptedWebhook(source.name, decision.request_id)
        request = request_from(source, payload)
        await self._asking.note_request(source.name, request.ticket)
        await self._queues.send_proven(ProvenRequest.of(request, now).to_json())
        log.event("webhook.taken", source=source.name, request=request.request_id)
        return AcceptedWebhook(source.name, request.request_id)

    async def _prove(self, source: Source, headers: Mapping[str, str], body: bytes) -> None:
        proof = source.proof
        if not isinstance(proof, EntraProof):
            check(proof, [self._secrets.get(name, "") for name in proof.secrets], headers, body)
            return
        if self._callers is None:
            raise UnavailableError("the registrar's API is not set up", sent=False)
        try:
            await self._callers.require(headers.get("authorization"), proof.role)
        except (NotAuthenticatedError, NotAllowedError) as error:
            raise NotProvenError(str(error)) from None
