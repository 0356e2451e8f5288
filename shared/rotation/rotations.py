"""What a message on `credential-rotations` leads to: nothing, the end of an overlap, or a rotation."""

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

from shared.contract.request import RotationRequest
from shared.core import log
from shared.core.errors import NotYetVisibleError, RegistrarError
from shared.core.naming import OWN_SOURCE, vault_secret_name
from shared.credentials.due import list_due, log_above
from shared.credentials.life import Reason, ended, next_due, warning_due, why_by_age, why_by_directory
from shared.credentials.tags import SecretTags, ours, read_tags
from shared.model.channel import Channel
from shared.model.kept import kept_message
from shared.model.operation import CredentialProgress, Operation, State
from shared.model.vault import VaultEntry
from shared.operations.accept import record
from shared.operations.claims import bind
from shared.operations.execution import Execution
from shared.operations.replay import replay
from shared.operations.retry import Fail, Later, Reject, decide
from shared.ports import Versioned, day_of
from shared.ports.services import Services
from shared.rotation.action import expiring
from shared.rotation.check import check_index
from shared.rotation.messages import CheckOn, Hint, SweepOn, parse_message
from shared.rotation.retire import retire
from shared.rotation.sweep import SENT_AGAIN_AFTER, sweep
from shared.tickets.notify import notify

_FAILED_AGAIN_AFTER = timedelta(days=1)
"""A rotation that failed is tried again after so long, as long as its credential is due."""
_GIVES_UP_AFTER = SENT_AGAIN_AFTER - timedelta(hours=1)
"""A hint is dropped when nothing came of it for so long: the next sweep sends another."""
_UNREADABLE = "unreadable_rotation_message"


class Rotations:
    """Sees to what may be due. Safe to call as often as a queue likes to deliver: hints make nothing due."""

    def __init__(self, services: Services, execution: Execution) -> None:
        self._services = services
        self._execution = execution

    async def receive(self, body: bytes) -> None:
        """Take one message of the queue: a hint of ours, a sweep that goes on, or Key Vault's events."""
        messages = parse_message(body)
        if messages is None:
            log.warning("rotation.unreadable", size=len(body))
            await self._services.queues.send_poison(kept_message(_UNREADABLE, body.decode("utf-8", "replace")))
            return
        for message in messages:
            match message:
                case SweepOn():
                    await sweep(self._services, goes_on=True)
                case CheckOn():
                    await check_index(self._services, message)
                case Hint():
                    await self.consider(message)

    async def consider(self, hint: Hint) -> None:
        """Look whether this credential is due, and do what is to be done; come back when it cannot be done now."""
        services, now = self._services, self._services.runtime.now()
        pause = await services.backoff.until()
        if pause is not None and now < pause:
            await services.queues.send_rotation(
                replace(hint, since=hint.since or now).to_json(), pause - now + timedelta(seconds=5)
            )
            return
        try:
            await self._consider(hint)
        except RegistrarError as error:
            await self._come_back(hint, error)

    async def _consider(self, hint: Hint) -> None:
        services, unique_name, credential = self._services, hint.unique_name, hint.credential
        everything = await services.vault.versions(unique_name, vault_secret_name(unique_name, credential))
        # What somebody else set above ours changes nothing: ours is due when it is, and its successor goes on top.
        before = ours(everything)
        tags = read_tags(before[-1]) if before else None
        if tags is None:
            log.warning("rotation.not_ours", app=unique_name, credential=credential)
            await self._unlist(hint)
            return
        log_above(unique_name, credential, everything)
        # Most have nothing to retire: then nobody's lease is taken.
        is_over = bool(ended(before, services.runtime.now()))
        after = await retire(services, unique_name, credential) if is_over else before
        reason = await self._why(hint, after[-1])
        if reason is not None:
            await self._rotate(hint, after[-1], tags, reason)
            return
        await list_due(services, unique_name, credential, before, after)
        due = next_due(after)
        if due is None or day_of(due) != hint.listed_on:
            await self._unlist(hint)

    async def _unlist(self, hint: Hint) -> None:
        """Take the row away that led here: it does not stand where it belongs."""
        if hint.listed_on:
            await self._services.due.remove(hint.unique_name, hint.credential, hint.listed_on)

    async def _why(self, hint: Hint, newest: VaultEntry) -> Reason | None:
        services, now = self._services, self._services.runtime.now()
        reason = why_by_age(newest, now, services.policy.credentials)
        if reason is not None or not hint.ask_directory:
            return reason
        seen = await services.directory.application(hint.unique_name)
        if seen is None:
            raise NotYetVisibleError(f"the directory does not show the application {hint.unique_name}")
        return why_by_directory(newest, seen.credentials, now, services.lag_window)

    async def _rotate(self, hint: Hint, newest: VaultEntry, tags: SecretTags, reason: Reason) -> None:
        """Have this version replaced, by the one operation that stands for that."""
        services = self._services
        request = _own_request(services.tenant_id, hint, newest, reason)
        claim = await bind(services.operations, Channel.OWN, request, services.runtime.new_id())
        operation_id = claim.operation_id
        stored = await services.operations.read(operation_id)
        if stored is None:
            progress = {hint.credential: CredentialProgress(replaces=tags.key_id)}
            stored = await record(services, request, operation_id, Channel.OWN, progress)
            if stored is not None:
                await self._execution.begin(stored)
        elif not stored.value.state.settled:
            await self._execution.run(operation_id, stored.value.generation)
        else:
            await self._once_more(stored, newest)

    async def _once_more(self, stored: Versioned[Operation], newest: VaultEntry) -> None:
        operation, now = stored.value, self._services.runtime.now()
        if operation.answered_at is None:
            await self._execution.deliver(stored)
        elif operation.state is State.FAILED:
            await self._warn(stored, newest)
            if now - operation.answered_at >= _FAILED_AGAIN_AFTER:
                await replay(self._services, operation.id)

    async def _warn(self, stored: Versioned[Operation], newest: VaultEntry) -> None:
        """Tell people of a credential that comes ever nearer to its expiry and cannot be replaced, some times."""
        services, operation = self._services, stored.value
        if newest.expires is None:
            return
        days = warning_due(newest.expires, services.runtime.now(), operation.warned_days)
        if days is None:
            return
        event = expiring(services, operation, newest, newest.expires, days)
        await services.queues.send_event(event.to_json())
        await notify(services, operation, event)
        await services.operations.save(operation.model_copy(update={"warned_days": days}), stored.etag)
        log.warning("credential.expiring", app=operation.unique_name, reason=operation.reason, days=days)

    async def _come_back(self, hint: Hint, error: RegistrarError) -> None:
        services, now = self._services, self._services.runtime.now()
        since = hint.since or now
        decision = decide(
            error, now=now, deadline=since + _GIVES_UP_AFTER, pauses=hint.pauses, draw=services.runtime.draw()
        )
        match decision:
            case Later():
                if decision.pause_everybody:
                    await services.backoff.extend(decision.at, decision.reason)
                again = replace(hint, since=since, pauses=hint.pauses + 1)
                await services.queues.send_rotation(again.to_json(), decision.at - now)
            case Fail() | Reject():
                log.warning(
                    "rotation.hint_dropped", app=hint.unique_name, credential=hint.credential, reason=error.reason
                )


def _own_request(tenant_id: str, hint: Hint, newest: VaultEntry, reason: Reason) -> RotationRequest:
    """Return the request that stands for replacing this version: the same one, whoever finds it due, and when."""
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
