"""Handles messages of `credential-rotations`: nothing, the end of an overlap, or a rotation follows."""

from dataclasses import dataclass, replace
from datetime import timedelta

from shared.core import log
from shared.core.errors import NotYetVisibleError, RegistrarError
from shared.core.naming import vault_secret_name
from shared.credentials.due import list_due, log_above
from shared.credentials.life import Reason, ended, next_due, why_by_age, why_by_directory
from shared.credentials.tags import ours, read_tags
from shared.model.kept import kept_message
from shared.model.vault import VaultEntry
from shared.operations.attempt import AttemptPorts
from shared.operations.retry import Fail, Later, Reject, next_step
from shared.policy.policy_file import CredentialRules
from shared.ports import Backoff, Queues, day_of
from shared.rotation.check import IndexCheck
from shared.rotation.messages import CheckOn, Hint, SweepOn, parse_message
from shared.rotation.own import OwnRotations
from shared.rotation.retire import retire
from shared.rotation.sweep import SENT_AGAIN_AFTER, sweep

_HINT_LIFETIME = SENT_AGAIN_AFTER - timedelta(hours=1)
"""A hint without result for so long is dropped: the next sweep sends another."""
_UNREADABLE = "unreadable_rotation_message"


@dataclass(frozen=True, kw_only=True)
class Rotations:
    """Handles what may be due. Safe for repeated delivery: a hint makes nothing due."""

    ports: AttemptPorts
    queues: Queues
    backoff: Backoff
    rules: CredentialRules
    index_check: IndexCheck
    own: OwnRotations

    async def receive(self, body: bytes) -> None:
        """Handle one message: a hint of ours, a continued sweep or check, or Key Vault's events."""
        messages = parse_message(body)
        if messages is None:
            log.warning("rotation.unreadable", size=len(body))
            await self.queues.send_poison(kept_message(_UNREADABLE, body.decode("utf-8", "replace")))
            return
        for message in messages:
            match message:
                case SweepOn():
                    await sweep(self.ports.due, self.queues, self.ports.runtime, goes_on=True)
                case CheckOn():
                    await self.index_check.run(message)
                case Hint():
                    await self.consider(message)

    async def consider(self, hint: Hint) -> None:
        """Check whether this credential is due, and rotate or retire it; retry later if that is not possible now."""
        now = self.ports.runtime.now()
        pause = await self.backoff.until()
        if pause is not None and now < pause:
            await self.queues.send_rotation(
                replace(hint, since=hint.since or now).to_json(), pause - now + timedelta(seconds=5)
            )
            return
        try:
            await self._consider(hint)
        except RegistrarError as error:
            await self._retry_later(hint, error)

    async def _consider(self, hint: Hint) -> None:
        unique_name, credential = hint.unique_name, hint.credential
        everything = await self.ports.vault.versions(unique_name, vault_secret_name(unique_name, credential))
        # A version that others set above ours changes nothing: ours is due when it is, and its successor goes on top.
        before = ours(everything)
        tags = read_tags(before[-1]) if before else None
        if tags is None:
            log.warning("rotation.not_ours", app=unique_name, credential=credential)
            await self._unlist(hint)
            return
        log_above(unique_name, credential, everything)
        # Most have nothing to retire: then no lease is taken.
        is_over = bool(ended(before, self.ports.runtime.now()))
        after = await retire(self.ports, unique_name, credential) if is_over else before
        reason = await self._why(hint, after[-1])
        if reason is not None:
            await self.own.rotate(hint, after[-1], tags, reason)
            return
        await list_due(self.ports.due, unique_name, credential, before, after)
        due = next_due(after)
        if due is None or day_of(due) != hint.listed_on:
            await self._unlist(hint)

    async def _unlist(self, hint: Hint) -> None:
        """Remove the row that led here: it is listed under the wrong day."""
        if hint.listed_on:
            await self.ports.due.remove(hint.unique_name, hint.credential, hint.listed_on)

    async def _why(self, hint: Hint, newest: VaultEntry) -> Reason | None:
        now = self.ports.runtime.now()
        reason = why_by_age(newest, now, self.rules)
        if reason is not None or not hint.ask_directory:
            return reason
        seen = await self.ports.directory.application(hint.unique_name)
        if seen is None:
            raise NotYetVisibleError(f"the directory does not show the application {hint.unique_name}")
        return why_by_directory(newest, seen.credentials, now, self.ports.lag_window)

    async def _retry_later(self, hint: Hint, error: RegistrarError) -> None:
        now = self.ports.runtime.now()
        since = hint.since or now
        step = next_step(
            error, now=now, deadline=since + _HINT_LIFETIME, pauses=hint.pauses, draw=self.ports.runtime.draw()
        )
        match step:
            case Later():
                if step.pause_everybody:
                    await self.backoff.extend(step.at, step.reason)
                again = replace(hint, since=since, pauses=hint.pauses + 1)
                await self.queues.send_rotation(again.to_json(), step.at - now)
            case Fail() | Reject():
                log.warning(
                    "rotation.hint_dropped", app=hint.unique_name, credential=hint.credential, reason=error.reason
                )
