"""Requested items that others had already made: they are theirs, and stay when no request asks for them any more."""

from dataclasses import dataclass
from typing import Literal

from shared.model.directory import Api, Consent, PermissionType, RequiredPermission, SeenApplication
from shared.model.holdings import Holdings
from shared.operations.attempt import Attempt
from shared.registration.taking_back import types_of

type Kind = Literal["redirectUri", "requiredPermission", "delegatedPermission", "applicationPermission"]


@dataclass(frozen=True)
class MadeByOthers:
    """An item that stays: `name` is a redirect URI or a permission's, `api` the permission's API."""

    kind: Kind
    name: str
    api: str | None = None
    type: PermissionType | None = None
    """Set for a required permission, whose kind does not tell: a scope and an app role of one API may share a name."""


async def look_for_others(
    attempt: Attempt, wanted: Holdings, seen: SeenApplication | None, service_principal_id: str
) -> tuple[MadeByOthers, ...]:
    """List what a request no longer asks for and still exists because others made it. Reads only if there is any.

    The app's record drops it with this request; the operation keeps it in case its answer is lost.
    """
    dropped, directory = (
        (attempt.application.found | attempt.operation.left_to_others) - wanted,
        attempt.ports.directory,
    )
    if dropped != attempt.operation.left_to_others:
        await attempt.save_operation(attempt.operation.model_copy(update={"left_to_others": dropped}))
    if not dropped:
        return ()
    there = dropped & Holdings.of(seen.state if seen is not None else None)
    found = [MadeByOthers("redirectUri", uri) for uri in sorted(there.redirect_uris)]
    for each in sorted(there.required_permissions, key=lambda it: (it.resource_app_id, it.type, it.id)):
        found.append(_required(each, await directory.api(each.resource_app_id)))
    if dropped.consents:
        consents = (await directory.consents(service_principal_id, types_of(dropped.consents))).consents
        for each in sorted(dropped.consents & consents, key=lambda it: (it.resource_id, it.type, it.name)):
            found.append(_consented(each, await directory.api_of(each.resource_id)))
    return tuple(found)


def _required(each: RequiredPermission, api: Api | None) -> MadeByOthers:
    called = api.display_name if api else each.resource_app_id
    return MadeByOthers("requiredPermission", _name(api, each.id, each.type), called, each.type)


def _consented(each: Consent, api: Api | None) -> MadeByOthers:
    kind: Kind = "delegatedPermission" if each.type == "Scope" else "applicationPermission"
    called = api.display_name if api else each.resource_id
    return MadeByOthers(kind, _name(api, each.name, each.type), called)


def _name(api: Api | None, id_or_name: str, kind: PermissionType) -> str:
    """Return a permission's name by its id and type, or the given id or name."""
    offered = (each for each in (api.permissions if api else ()) if each.type == kind)
    return next((each.name for each in offered if each.id == id_or_name), id_or_name)
