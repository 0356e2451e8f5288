"""Concern: apps of ours that can take control of the tenant, no matter who granted the permission."""

from collections.abc import Iterator

from doctor.evidence import Application, Permission, RequiredPermission
from doctor.finding import Finding
from doctor.invariants.case import Case
from shared.policy.never import is_never_allowed


def tenant_controlling_apps(case: Case) -> Iterator[Finding[None]]:
    """Find apps that ask for or hold never-listed permissions: older than the list's entry, or given by others.

    They keep working and their credentials are rotated; their next request has to leave them out.
    """
    held = _held(case)
    for app in case.live_applications:
        if not app.is_ours:
            continue
        names = {
            name for each in app.required if is_never_allowed(each.resource_app_id, each.id, name := _name(case, each))
        }
        if names := names | held.get(app.client_id, set()):
            yield _concern(app, sorted(names))


def _held(case: Case) -> dict[str, set[str]]:
    """Return the names of consented permissions on the never-list, by the client id that holds them."""
    principals = {principal.object_id: principal for principal in case.evidence.principals}
    found: dict[str, set[str]] = {}
    for consent in case.evidence.consents:
        api, holder = principals.get(consent.resource_id), principals.get(consent.principal_id)
        if api is None or holder is None:
            continue
        offered = (each for each in api.permissions if each.type == consent.type)
        called = next((each for each in offered if consent.name in (each.id, each.name)), None)
        permission = called or Permission(consent.name, consent.name, consent.type)
        if is_never_allowed(api.client_id, permission.id, permission.name):
            found.setdefault(holder.client_id, set()).add(permission.name)
    return found


def _name(case: Case, required: RequiredPermission) -> str:
    """Return the directory's name of a permission; its id where the directory has none."""
    api = case.principals_by_client.get(required.resource_app_id)
    offered = (each for each in (api.permissions if api is not None else ()) if each.type == required.type)
    return next((each.name for each in offered if each.id == required.id), required.id)


def _concern(app: Application, names: list[str]) -> Finding[None]:
    return Finding(
        None,
        app.name,
        f"it can come to control the tenant: it asks for or holds {', '.join(names)}, which no policy can give",
        "The permission was given before it was on the never-list, or by an administrator. The app keeps working, and "
        "its credentials are rotated. Its next request has to leave the permission out: the registrar then takes back "
        "what it gave. An administrator revokes what an administrator gave (Enterprise applications, Permissions).",
    )
