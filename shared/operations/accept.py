"""Turns an accepted request into an operation, by writing its record before any work starts."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from shared.audit.events import accepted
from shared.contract.request import RegistrationRequest, Request
from shared.core import log
from shared.core.errors import BusyError
from shared.core.runtime import Runtime
from shared.model.channel import Channel
from shared.model.operation import RESUME_AFTER, CredentialProgress, Operation
from shared.ports import Applications, Audit, Operations, Versioned

_SEQUENCE_RACES = 10


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """Turns accepted requests into operations."""

    runtime: Runtime
    operations: Operations
    applications: Applications
    audit: Audit

    async def record(
        self,
        request: Request,
        operation_id: str,
        channel: Channel,
        credentials: Mapping[str, CredentialProgress] | None = None,
        *,
        arrived_at: datetime | None = None,
        replaces: str | None = None,
    ) -> Versioned[Operation] | None:
        """Write the record of a claimed request, with the app's next sequence number; None if the record exists.

        `credentials` is the progress already known.
        """
        now, unique_name = self.runtime.now(), request.application.unique_name
        sequence = await self._next_sequence(unique_name) if isinstance(request, RegistrationRequest) else 0
        operation = Operation(
            id=operation_id,
            request=request,
            body_hash=request.body_hash(),
            sequence=sequence,
            accepted_at=now,
            started_at=now,
            credentials=credentials or {},
            channel=channel,
            arrived_at=arrived_at,
            replaces=replaces,
        )
        # Before the record: nothing is served unaudited, and a retry after a crash notes the same entry.
        await self.audit.note(accepted(operation, now))
        etag = await self.operations.create(operation, due=now + RESUME_AFTER)
        if etag is None:
            return None
        log.event("operation.accepted", operation=operation_id, app=unique_name, request=request.request_id)
        return Versioned(operation, etag)

    async def _next_sequence(self, unique_name: str) -> int:
        for _ in range(_SEQUENCE_RACES):
            stored = await self.applications.read(unique_name)
            sequence = stored.value.last_sequence + 1
            with suppress(BusyError):
                await self.applications.save(stored.value.model_copy(update={"last_sequence": sequence}), stored.etag)
                return sequence
        raise BusyError(f"too many changes to {unique_name} arrive at once")
