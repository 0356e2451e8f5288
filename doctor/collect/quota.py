"""Counts the directory objects that the registrar's identity has created, for its quota."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence

from doctor.collect.access import GRAPH, Access
from doctor.evidence import Application, Creator

_ROOT = f"{GRAPH}/v1.0"
_APPS_READ = 3
"""Apps whose owners are read: an app's creator owns it, but others may have been added as owners."""


async def creators(access: Access, applications: Sequence[Application]) -> list[Creator]:
    """Return the identity that made our applications, with its object counts; none if there are no applications.

    No setting names it: an app's creator owns it, so it is the service principal that owns most of them.
    """
    ours = [each for each in applications if each.is_ours and not each.deleted]
    some = sorted(ours, key=lambda each: each.object_id)[:_APPS_READ]
    lists = await asyncio.gather(*(_owners(access, each.object_id) for each in some))
    owners = Counter(owner for found in lists for owner in found)
    if not owners:
        return []
    (object_id, name), _ = owners.most_common(1)[0]
    url = f"{_ROOT}/servicePrincipals/{object_id}/createdObjects?$select=id&$top=999"
    count = len([item["id"] async for item in access.pages(url)])
    return [Creator(object_id, name, count, _deleted(applications))]


async def _owners(access: Access, object_id: str) -> list[tuple[str, str]]:
    """List the service principals among an application's owners: object ids and names."""
    url = f"{_ROOT}/applications/{object_id}/owners?$select=id,displayName"
    return [
        (item["id"], item.get("displayName") or "")
        async for item in access.pages(url)
        if item.get("@odata.type", "").casefold() == "#microsoft.graph.serviceprincipal"
    ]


def _deleted(applications: Iterable[Application]) -> int:
    """Count our deleted objects: each application with its service principal."""
    return 2 * sum(each.is_ours and each.deleted for each in applications)
