"""The registrar's own rotations: one operation for each version, and warnings if it fails."""

from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from shared.contract.request import RotationRequest
from shared.core import log
from shared.core.naming import OWN_SOURCE
from shared.core.runtime import Runtime
from shared.credentials.life import Reason, warning_due
from shared.credentials.tags import SecretTags
from shared.model.channel import Channel
from shared.model.operation import CredentialProgress, Operation, State
from shared.model.vault import VaultEntry
from shared.operations.accept import Acceptance
from shared.operations.claims import bind
from shared.operations.execution import Execution
from shared.operations.replay import Replays
from shared.operations.sending import AnswerSender
from shared.ports import Operations, Queues, Versioned
from shared.rotation.action import expiring
from shared.rotation.messages import Hint
from shared.tickets.notify import Notifier

_FAILED_AGAIN_AFTER = timedelta(days=1)
"""A failed rotation is retried after so long, as long as its credential is due."""


@dataclass(frozen=True, kw_only=True)
class OwnRotations:
    """Rotates credentials on the registrar's own behalf."""

    runtime: Runtime
    tenant_id: str
    operations: Operations
    queues: Queues
    acceptance: Acceptance
    execution: Execution
    sender: AnswerSender
    replays: Replays
    notifier: Notifier

    async def rotate(self, hint: Hint, newest: VaultEntry, tags: SecretTags, reason: Reason) -> None:
        """Replace this version, by the one operation for it."""
        request = _own_request(self.tenant_id, hint, newest, reason)
        claim = await bind(self.operations, Channel.OWN, request, self.runtime.new_id())
        operation_id = claim.operation_id
        stored = await self.operations.read(operation_id)
        if stored is None:
            progress = {hint.credential: CredentialProgress(replaces=tags.key_id)}
            stored = await self.acceptance.record(request, operation_id, Channel.OWN, progress)
            if stored is not None:
                await self.execution.begin(stored)
        elif not stored.value.state.settled:
            await self.execution.run(operation_id, stored.value.generation)
        else:
            await self._follow_up(stored, newest)

    async def _follow_up(self, stored: Versioned[Operation], newest: VaultEntry) -> None:
        operation, now = stored.value, self.runtime.now()
        if operation.answered_at is None:
            await self.sender.send(stored)
        elif operation.state is State.FAILED:
            await self._warn(stored, newest)
            if now - operation.answered_at >= _FAILED_AGAIN_AFTER:
                await self.replays.replay(operation.id)

    async def _warn(self, stored: Versioned[Operation], newest: VaultEntry) -> None:
        """Warn people, a few times, of a credential that nears its expiry and cannot be replaced."""
        operation = stored.value
        if newest.expires is None:
            return
        days = warning_due(newest.expires, self.runtime.now(), operation.warned_days)
        if days is None:
            return
        event = expiring(self.tenant_id, operation, newest, newest.expires, days)
        await self.queues.send_event(event.to_json())
        await self.notifier.notify(operation, event)
        await self.operations.save(operation.model_copy(update={"warned_days": days}), stored.etag)
        log.warning("credential.expiring", app=operation.unique_name, reason=operation.reason, days=days)


def _own_request(tenant_id: str, hint: Hint, newest: VaultEntry, reason: Reason) -> RotationRequest:
    """Return the request to replace this version: the same one, however and whenever it is found due."""
    name = f"{hint.unique_name} {hint.credential} {newest.tags['keyId']} {newest.version}"
    return RotationRequest.model_validate(
        {
            "schemaVersion": "1",
            "requestId": f"rotate-{sha256(name.encode()).hexdigest()[:32]}",
            "source": OWN_SOURCE,
            "action": "rotate",
            "requestedBy": f"{OWN_SOURCE}@{tenant_id}",
            "application": {"uniqueName": hint.unique_name},
            "credential": hint.credential,
            "reason": reason.value,
        }
    )
