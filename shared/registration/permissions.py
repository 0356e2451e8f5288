"""From names to ids: which permissions a request means, asked of the directory and never of a table here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shared.contract.request import ApiPermissions
from shared.errors import Problem, echo
from shared.model import Api, PermissionType, ResolvedPermission
from shared.policy.check import permission_breach
from shared.policy.model import Policy
from shared.ports import Directory

MICROSOFT_TENANT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
"""appOwnerOrganizationId of Microsoft's own service principals in every tenant."""


@dataclass(frozen=True)
class Resolution:
    """What a request's permissions turned out to be; with problems, none of it may be used."""

    permissions: tuple[ResolvedPermission, ...]
    apis: tuple[Api, ...]
    problems: tuple[Problem, ...]


async def resolve(wanted: Sequence[ApiPermissions], directory: Directory, policy: Policy) -> Resolution:
    """Resolve every API and permission, and hold each against policy and the never-list by its ids.

    A lookup that fails raises `Deferred`; it is never taken for an unknown permission.
    """
    permissions: dict[tuple[str, str], ResolvedPermission] = {}
    apis: dict[str, Api] = {}
    problems: list[Problem] = []
    for index, entry in enumerate(wanted):
        field = f"application.apiPermissions[{index}]"
        api = await _resolve_api(f"{field}.api", entry.api, directory, policy)
        if isinstance(api, Problem):
            problems.append(api)
            continue
        apis[api.app_id] = api
        for path, name, permission_type in _asked(entry):
            found = _resolve_permission(f"{field}.{path}", name, permission_type, api, policy)
            if isinstance(found, Problem):
                problems.append(found)
            else:
                permissions[(api.app_id, found.permission.id)] = found
    return Resolution(tuple(permissions.values()), tuple(apis.values()), tuple(problems))


def _asked(entry: ApiPermissions) -> Iterator[tuple[str, str, PermissionType]]:
    for position, name in enumerate(entry.delegated):
        yield f"delegated[{position}]", name, "Scope"
    for position, name in enumerate(entry.application):
        yield f"application[{position}]", name, "Role"


async def _resolve_api(field: str, name: str, directory: Directory, policy: Policy) -> Api | Problem:
    rules = policy.api_named(name)
    found = [api for api in await directory.find_apis(name) if _is_trusted(api, policy)]
    if rules is not None:
        found = [api for api in found if api.app_id == rules.app_id]
    if len(found) > 1:
        return Problem(field, "ambiguous_api", f"{len(found)} APIs are called {echo(name)}: ask for it by its appId.")
    if found:
        return found[0]
    if rules is None:
        return Problem(field, "unknown_api", f"No API of Microsoft's and none in policy is called {echo(name)}.")
    # The name is an older one, or this tenant still shows an older one: the appId that policy knows decides.
    api = await directory.api(rules.app_id)
    if api is not None:
        return api
    return Problem(
        field,
        "api_not_in_tenant",
        f"The API {echo(name)} has no service principal in this tenant. An administrator adds it with: "
        f"az ad sp create --id {rules.app_id}",
    )


def _is_trusted(api: Api, policy: Policy) -> bool:
    # Anybody can call an app "Azure Digital Twins": only Microsoft's own, or an appId in policy, is meant.
    return api.owner_organization_id == MICROSOFT_TENANT or policy.api(api.app_id) is not None


def _resolve_permission(
    field: str, name: str, permission_type: PermissionType, api: Api, policy: Policy
) -> ResolvedPermission | Problem:
    kind = "delegated" if permission_type == "Scope" else "application"
    found = [p for p in api.permissions if p.type == permission_type and p.enabled and p.name == name]
    if not found:
        return Problem(
            field, "unknown_permission", f"{api.display_name} offers no {kind} permission called {echo(name)}."
        )
    if len(found) > 1:
        return Problem(
            field, "ambiguous_permission", f"{api.display_name} offers {len(found)} permissions called {echo(name)}."
        )
    resolved = ResolvedPermission(api, found[0])
    return permission_breach(field, resolved, policy) or resolved
