"""Makes the nightly report: everything is read, or nothing is written. The old report stays until the new one is."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.core import log
from shared.core.errors import RegistrarError
from shared.core.runtime import Runtime
from shared.core.text import printable
from shared.model.directory import CredentialHolder
from shared.model.person import is_object_id
from shared.operations.pause import let_others_pause
from shared.people.search import names_of
from shared.policy.policy_file import CredentialRules
from shared.ports import Backoff, CredentialHolders, People, Reports, Vault
from shared.ports.reports import FORMATS, Format, StoredReport
from shared.report.advice import advise, is_marked
from shared.report.csv_text import csv_text
from shared.report.json_text import json_text
from shared.report.managed import KnownCredentials
from shared.report.owners import with_owners
from shared.report.page import page_html
from shared.report.rows import Report, Row
from shared.report.text import by_expiry

YOUNG = timedelta(hours=4)
"""A report younger than that is not made again: the timer runs several times a night, as retries."""
MOST_SECOND_LOOKS = 200
"""Most vault secrets whose older versions are read, for credentials of ours that the newest ones do not name."""
_SECONDS = 270
"""The host ends a function after five minutes (host.json); this leaves time to log why there is no report."""
_SECONDS_BEFORE_WRITING = 210
"""Owners are looked up until then; a hundred thousand rows are written in the remaining minute."""
_WRITERS: dict[Format, Callable[[Report], bytes]] = {"html": page_html, "csv": csv_text, "json": json_text}


@dataclass(frozen=True, kw_only=True)
class ReportMaker:
    """Makes the nightly report."""

    runtime: Runtime
    tenant_id: str
    rules: CredentialRules
    holders: CredentialHolders
    vault: Vault
    people: People
    reports: Reports
    backoff: Backoff

    async def make(self) -> bool:
        """Write a new report unless there is a recent one; return whether it did.

        A failure is logged as `report.failed` with its cause, and leaves the existing report.
        """
        now = self.runtime.now()
        try:
            async with asyncio.timeout(_SECONDS):
                made_at, pause = await self.reports.as_of(), await self.backoff.until()
                if made_at is not None and timedelta(0) <= now - made_at < YOUNG:
                    return False
                if pause is not None and now < pause:
                    log.warning("report.failed", reason="paused", until=pause)
                    return False
                report = await self._read(now)
                await self._write(report)
        except TimeoutError:
            log.warning("report.failed", reason="took_too_long", seconds=_SECONDS)
            return False
        except RegistrarError as error:
            log.warning("report.failed", reason=error.reason, message=printable(str(error)))
            await let_others_pause(self.backoff, self.runtime, error)
            return False
        log.event("report.made", count=len(report.rows), managed=sum(row.is_managed for row in report.rows))
        return True

    async def _read(self, now: datetime) -> Report:
        """Read the whole tenant and all vaults. Raises RegistrarError rather than report an incomplete listing."""
        until = asyncio.get_running_loop().time() + _SECONDS_BEFORE_WRITING
        known, holders = await self._both_listings()
        await self._read_older_versions(known, holders)
        rows = sorted(self._rows(known, holders, now), key=by_expiry)
        rows = await self._with_owner_names(rows)
        rows, left_out = await with_owners(self.holders, self.backoff, self.runtime, rows, until)
        return Report(now, self.tenant_id, tuple(rows), left_out)

    async def _both_listings(self) -> tuple[KnownCredentials, list[CredentialHolder]]:
        """List the vaults and the tenant concurrently: each may take minutes."""
        try:
            async with asyncio.TaskGroup() as group:
                known = group.create_task(self._known())
                holders = group.create_task(self._holders())
        except* RegistrarError as failed:
            raise failed.exceptions[0] from None
        return known.result(), holders.result()

    async def _known(self) -> KnownCredentials:
        known = KnownCredentials()
        place = None
        while True:
            entries, place = await self.vault.page(place)
            known.learn(entries)
            if place is None:
                return known

    async def _holders(self) -> list[CredentialHolder]:
        return [holder async for holder in self.holders.all()]

    async def _read_older_versions(self, known: KnownCredentials, holders: Iterable[CredentialHolder]) -> None:
        """Read all versions for credentials with our mark that no newest version names.

        Two rotations may overlap, or a version may have been set above ours by hand.
        """
        wanted = [
            (holder.unique_name, secret)
            for holder in holders
            if holder.unique_name is not None
            and any(is_marked(each) and known.find(each.key_id, holder.app_id) is None for each in holder.credentials)
            for secret in sorted(known.secrets_of(holder.unique_name))
        ]
        for unique_name, secret in wanted[:MOST_SECOND_LOOKS]:
            known.learn_all(await self.vault.versions(unique_name, secret))

    def _rows(self, known: KnownCredentials, holders: Iterable[CredentialHolder], now: datetime) -> Iterable[Row]:
        longest = timedelta(days=self.rules.max_lifetime_days)
        for holder in holders:
            for credential in holder.credentials:
                found = known.find(credential.key_id, holder.app_id)
                if found is None and credential.type == "certificate" and is_marked(credential):
                    found = known.unnamed_certificate(holder.unique_name, holder.app_id)
                yield Row(
                    holder=holder,
                    credential=credential,
                    is_managed=found is not None,
                    vault_secret=found.secret_name if found is not None else None,
                    owners=(found.owner,) if found is not None and found.owner else None,
                    advice=advise(
                        credential,
                        found,
                        now=now,
                        max_lifetime=longest,
                        is_renewed_by_platform=holder.is_renewed_by_platform,
                    ),
                )

    async def _with_owner_names(self, rows: list[Row]) -> list[Row]:
        """Replace object ids among the owners of managed credentials with names."""
        kept = {owner for row in rows for owner in row.owners or () if is_object_id(owner)}
        names = await names_of(self.people, kept)
        return [
            replace(row, owners=tuple(names.get(owner, owner) for owner in row.owners)) if row.owners else row
            for row in rows
        ]

    async def _write(self, report: Report) -> None:
        """Write the three formats one after the other, so that only one is in memory; JSON completes the report."""
        for form in FORMATS:
            # A thread: a hundred thousand rows take seconds, and must not block this worker's other functions.
            content = await asyncio.to_thread(_WRITERS[form], report)
            await self.reports.write(form, StoredReport(report.as_of, content))
