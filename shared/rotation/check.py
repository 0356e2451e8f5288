"""The nightly check of the index: a slice of it is compared with the vault and the directory, and put right.

The index can be lost: then the slice shows it, and all of it is rebuilt the same way. What the directory no longer
knows, or knows otherwise than the vault, gets a message that says to look there.
"""

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256

from shared import log
from shared.credentials.life import next_due, why_by_directory
from shared.credentials.tags import SecretTags, belongs_to, read_tags
from shared.model import SeenCredentials, VaultEntry
from shared.naming import vault_secret_name
from shared.ports import DueEntry
from shared.rotation.messages import CheckOn, Hint
from shared.services import Services

SLICES = 30
"""Every credential is looked at once a month."""
_PAGES = 200
"""Of the vault's listing in one run, 25 secrets each; the rest is left to a message."""
_TOO_MANY = 0.1
"""Share of a slice that differs by which the whole index counts as lost."""


async def check_index(services: Services, check: CheckOn | None = None) -> int:
    """Compare tonight's slice, or what a message says, and put the index right; returns how many rows differed."""
    now = services.runtime.now()
    check = check or CheckOn(part=now.toordinal() % SLICES, parts=SLICES)
    seen = {name: credentials async for name, credentials in services.directory.our_applications()}
    for _ in range(_PAGES):
        entries, place = await services.vault.page(check.place)
        check = replace(check, place=place)
        for entry in entries:
            tags = read_tags(entry)
            if tags is not None and _is_in(check, entry, tags):
                differs = await _compare(services, tags, seen)
                check = replace(check, checked=check.checked + 1, different=check.different + differs)
        if place is None:
            await _conclude(services, check)
            return check.different
    await services.queues.send_rotation(check.to_json())
    return check.different


def _is_in(check: CheckOn, entry: VaultEntry, tags: SecretTags) -> bool:
    """Say whether a secret is one that clients read, and in the part that is looked at."""
    name = vault_secret_name(tags.unique_name, tags.credential)
    part = int.from_bytes(sha256(name.encode()).digest()[:4]) % check.parts
    return entry.name == name and belongs_to(entry.tags, tags.unique_name, tags.credential) and part == check.part


async def _compare(services: Services, tags: SecretTags, seen: Mapping[str, SeenCredentials]) -> bool:
    """Compare one credential; whether its row was missing or wrong."""
    unique_name, credential = tags.unique_name, tags.credential
    versions = await services.vault.versions(unique_name, vault_secret_name(unique_name, credential))
    due = next_due(versions)
    if due is None:
        return False
    now, there = services.runtime.now(), seen.get(unique_name)
    if there is not None and why_by_directory(versions[-1], there, now, services.lag_window) is not None:
        await services.queues.send_rotation(Hint(unique_name, credential, ask_directory=True).to_json())
    entry = DueEntry(unique_name, credential, due, versions[-1].expires)
    if await services.due.is_listed(entry):
        return False
    await services.due.put(entry)
    return True


async def _conclude(services: Services, check: CheckOn) -> None:
    log.event("index.checked", part=check.part, parts=check.parts, count=check.checked, different=check.different)
    if check.parts > 1 and check.different > check.checked * _TOO_MANY:
        log.warning("index.rebuilding", different=check.different, count=check.checked)
        await services.queues.send_rotation(CheckOn(part=0, parts=1).to_json())
