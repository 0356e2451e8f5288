"""Collects the evidence over the services' own interfaces, with the signed-in identity: reads only."""

import asyncio
from collections.abc import Awaitable

from azure.core.exceptions import AzureError

from doctor.collect.access import Access, UnreachableError
from doctor.collect.directory import applications, consents, principals
from doctor.collect.leaks import find_leaks
from doctor.collect.quota import creators
from doctor.collect.records import read_storage
from doctor.collect.vault import Vaults, deleted_secrets, vaults
from doctor.evidence import Evidence, Seen, VaultSecret

_FAILURES = (UnreachableError, AzureError, KeyError, TypeError, ValueError)
"""A service does not answer, no token is issued, or an answer cannot be parsed."""


async def collect(access: Access) -> Evidence:
    """Read everything once. What cannot be read is a gap of the evidence; nothing is raised for it.

    Storage is read first: what a record says was done then shows in what is read later.
    """
    stored = await read_storage(access)
    apps, resources = await asyncio.gather(
        _seen("applications", applications(access)), _seen("service principals", principals(access))
    )
    given, kept, created = await asyncio.gather(
        _seen("consents", consents(access, list(resources))),
        _vaults(access, vaults(access, list(apps))),
        _seen("the objects that the registrar has created", creators(access, list(apps))),
    )
    deleted = await _seen("deleted vault secrets", deleted_secrets(access))
    secrets, found = kept
    leaks = await asyncio.to_thread(find_leaks, found.values, stored.texts)
    return Evidence(
        now=stored.now,
        applications=apps,
        principals=resources,
        consents=Seen(given.items, given.gap or resources.gap),
        creators=created,
        secrets=secrets,
        deleted_secrets=deleted,
        records=stored.records,
        claims=stored.claims,
        unsettled=stored.unsettled,
        cleanups=stored.cleanups,
        pending_removals=stored.pending_removals,
        owners=stored.owners,
        audit_entries=stored.audit_entries,
        pause=stored.pause,
        kept=stored.kept,
        given_up=stored.given_up,
        work=stored.work,
        leaks=Seen(tuple(leaks), secrets.gap),
    )


async def _seen[T](what: str, listing: Awaitable[list[T]]) -> Seen[T]:
    try:
        return Seen(tuple(await listing))
    except _FAILURES as error:
        return Seen(gap=f"{what} could not be read: {error}")


async def _vaults(access: Access, reading: Awaitable[Vaults]) -> tuple[Seen[VaultSecret], Vaults]:
    try:
        found = await reading
    except _FAILURES as error:
        where = ", ".join(access.settings.vault_urls)
        return Seen(gap=f"the secrets of {where} could not be read: {error}"), Vaults([], [], [])
    gap = f"{len(found.untried)} values could not be tried; the first: {found.untried[0]}" if found.untried else None
    return Seen(tuple(found.secrets), gap), found
