"""Pins owners known only by an address, once, to their object in the directory; refreshes owner tags.

A pinned owner is never looked up again, so a later holder of the address owns nothing by it.
"""

from shared.core import log
from shared.core.errors import BusyError, RegistrarError
from shared.core.runtime import Runtime
from shared.credentials.tags import ours
from shared.model.person import Person
from shared.model.vault import VaultEntry
from shared.operations.pause import let_others_pause
from shared.people.search import Found, Search, is_whom_it_means
from shared.ports import Applications, Backoff, Leases, People, Vault

MOST_PINNED = 200
"""Owners that one run looks up; the next run takes others."""
_AT_ONCE = 20


async def pin_owners(
    applications: Applications, people: People, leases: Leases, backoff: Backoff, runtime: Runtime
) -> int:
    """Pin owners of version 1 to their object ids; return how many. Safe to repeat or interrupt anywhere.

    An address that matches no person, several, or one younger than the app stays unpinned: an administrator speaks for
    the app. Without permission to look people up, nothing happens.
    """
    now, pause = runtime.now(), await backoff.until()
    if pause is not None and now < pause:
        return 0
    waiting = [unique_name async for unique_name in applications.owned_by_address()]
    start = now.toordinal() * MOST_PINNED % max(len(waiting), 1)
    turn, pinned = [*waiting[start:], *waiting[:start]][:MOST_PINNED], 0
    for first in range(0, len(turn), _AT_ONCE):
        try:
            pinned += await _pin(applications, people, leases, turn[first : first + _AT_ONCE])
        except RegistrarError as error:
            log.warning("owners.not_pinned", reason=error.reason, count=len(waiting) - pinned)
            await let_others_pause(backoff, runtime, error)
            return pinned
    if waiting:
        log.event("owners.pinned", count=pinned, waiting=len(waiting) - pinned)
    return pinned


async def _pin(applications: Applications, people: People, leases: Leases, unique_names: list[str]) -> int:
    """Look up the owners of some apps concurrently, and store their ids."""
    records = [(await applications.read(name)).value for name in unique_names]
    owners = {each.unique_name: each.owned_by for each in records}
    unpinned = {name: owner for name, owner in owners.items() if owner is not None and owner.object_id is None}
    found = await Search(people).find_all([*unpinned.values()])
    pinned = 0
    for (unique_name, owner), each in zip(unpinned.items(), found, strict=True):
        if each.is_looked_up and await _keep(applications, leases, unique_name, owner, each):
            pinned += 1
    return pinned


async def _keep(applications: Applications, leases: Leases, unique_name: str, owner: Person, found: Found) -> bool:
    """Store the person an address means, if the record still names that address and no id."""
    try:
        async with leases.hold(unique_name):
            stored = await applications.read(unique_name)
            if stored.value.owned_by != owner:
                return False
            if not is_whom_it_means(found, stored.value.known_since):
                log.warning("owner.not_pinned", app=unique_name, hits=found.hits)
                return False
            changed = stored.value.model_copy(update={"owner_id": found.person.object_id})
            await applications.save(changed, stored.etag)
    except BusyError:  # another operation holds the app's lease: the next run retries
        return False
    return True


async def refresh_owner_tag(applications: Applications, vault: Vault, leases: Leases, entry: VaultEntry) -> bool:
    """Set our newest version's owner tag to the id in the record, if any; return whether it was changed."""
    unique_name = entry.tags["uniqueName"]
    owner_id = (await applications.read(unique_name)).value.owner_id
    if owner_id is None or entry.tags.get("owner") == owner_id:
        return False
    try:
        async with leases.hold(unique_name):
            versions = ours(await vault.versions(unique_name, entry.name))
            newest = versions[-1] if versions else None
            if newest is None or newest.version != entry.version:
                return False
            tags = {**newest.tags, "owner": owner_id}
            await vault.retag(unique_name, newest.name, newest.version, tags, newest.type)
    except BusyError:
        return False
    return True
