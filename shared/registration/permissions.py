"""Resolves a request's permissions from names to ids, by the directory, never by a table here."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from shared.contract.request import ApiPermissions
from shared.core.errors import Problem
from shared.core.text import echo
from shared.model.directory import Api, ApplicationState, PermissionType, RequiredPermission, ResolvedPermission
from shared.policy.check import permission_breach
from shared.policy.policy_file import Policy
from shared.ports import Apis, SeenApis

MICROSOFT_TENANT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
"""appOwnerOrganizationId of Microsoft's own service principals in every tenant."""

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
_MAY_BE_NEW = frozenset({"unknown_api", "ambiguous_api", "unknown_permission", "ambiguous_permission"})
"""Problems that a newer read may resolve."""

type _Entries = Sequence[tuple[str, ApiPermissions]]
"""A request's entries for one API, each with its path."""


@dataclass(frozen=True)
class Resolution:
    """A request's resolved permissions; with problems, none of them may be used."""

    permissions: tuple[ResolvedPermission, ...]
    apis: tuple[Api, ...]
    problems: tuple[Problem, ...]
    fields: Mapping[str, str] = field(default_factory=dict[str, str])
    """Each API's first path in the request, by appId."""

    def disabled(self, had: ApplicationState | None) -> tuple[list[Problem], list[Problem]]:
        """Return problems for disabled APIs, and notes for those that an app already `had`.

        A request that leaves an app's permissions unchanged does not fail because of an API.
        """
        known = had.required_permissions if had is not None else frozenset[RequiredPermission]()
        problems, notes = list[Problem](), list[Problem]()
        for api in self.apis:
            if not api.enabled:
                asked = {each.required for each in self.permissions if each.api.app_id == api.app_id}
                (notes if asked <= known else problems).append(_api_disabled(self.fields[api.app_id], api))
        return problems, notes


async def resolve(wanted: Sequence[ApiPermissions], apis: Apis, policy: Policy, *, ask: bool = False) -> Resolution:
    """Resolve every API and permission, and check each against policy and the never-list by its ids.

    Entries for one API are merged first. Cached APIs may be minutes old: if a name is not found in one, or with `ask`,
    the directory is read. A failed lookup raises DeferredError; it is never taken for an unknown permission.
    """
    permissions: dict[tuple[str, str, str], ResolvedPermission] = {}
    found: dict[str, Api] = {}
    fields: dict[str, str] = {}
    problems: list[Problem] = []
    for entries in _by_api(wanted, policy).values():
        resolution = await _resolve(entries, apis, policy, ask=ask)
        found |= {api.app_id: api for api in resolution.apis}
        permissions |= {(p.api.app_id, p.permission.id, p.permission.type): p for p in resolution.permissions}
        fields |= {api.app_id: f"{entries[0][0]}.api" for api in resolution.apis if api.app_id not in fields}
        problems += resolution.problems
    return Resolution(tuple(permissions.values()), tuple(found.values()), tuple(problems), fields)


def _by_api(wanted: Sequence[ApiPermissions], policy: Policy) -> Mapping[str, _Entries]:
    """Merge entries for one API, by policy and by name, ignoring case."""
    merged: dict[str, list[tuple[str, ApiPermissions]]] = {}
    for index, entry in enumerate(wanted):
        rules = policy.api_named(entry.api)
        key = rules.app_id if rules is not None else entry.api.casefold()
        merged.setdefault(key, []).append((f"application.apiPermissions[{index}]", entry))
    return merged


async def _resolve(entries: _Entries, apis: Apis, policy: Policy, *, ask: bool) -> Resolution:
    seen = await _look_up(entries[0][1].api, apis, policy, ask=ask)
    resolution = _judged(entries, seen.apis, policy)
    doubts = [problem.code in _MAY_BE_NEW for problem in resolution.problems]
    doubts += [not api.enabled for api in resolution.apis]
    if seen.remembered and any(doubts):
        seen = await _look_up(entries[0][1].api, apis, policy, ask=True)
        resolution = _judged(entries, seen.apis, policy)
    return resolution


async def _look_up(name: str, apis: Apis, policy: Policy, *, ask: bool) -> SeenApis:
    """Look up by appId if the name is one, or policy maps it: it may be an older name, or the tenant's own."""
    rules = policy.api_named(name)
    if rules is not None or _GUID.fullmatch(name):
        return await apis.with_id(rules.app_id if rules is not None else name.lower(), ask=ask)
    return await apis.called(name, ask=ask)


def _judged(entries: _Entries, seen: Sequence[Api], policy: Policy) -> Resolution:
    """Resolve the entries for one API, or return all their problems."""
    trusted = [api for api in seen if _is_trusted(api, policy)]
    if len(trusted) != 1:
        return Resolution((), (), tuple(_no_api(f"{path}.api", entry.api, trusted, policy) for path, entry in entries))
    api, permissions, problems = trusted[0], list[ResolvedPermission](), list[Problem]()
    for path, entry in entries:
        for place, name, permission_type in _asked(entry):
            found = _resolve_permission(f"{path}.{place}", name, permission_type, api, policy)
            if isinstance(found, Problem):
                problems.append(found)
            else:
                permissions.append(found)
    return Resolution(tuple(permissions), (api,), tuple(problems))


def _asked(entry: ApiPermissions) -> Iterator[tuple[str, str, PermissionType]]:
    for position, name in enumerate(entry.delegated):
        yield f"delegated[{position}]", name, "Scope"
    for position, name in enumerate(entry.application):
        yield f"application[{position}]", name, "Role"


def _no_api(field: str, name: str, trusted: Sequence[Api], policy: Policy) -> Problem:
    rules = policy.api_named(name)
    if trusted:
        return Problem(
            field,
            "ambiguous_api",
            f"{len(trusted)} APIs are called {echo(name)}. Give the appId of the one that you mean.",
        )
    if rules is None:
        return Problem(
            field,
            "unknown_api",
            f"No API of Microsoft and none in the registrar's policy is called {echo(name)}. Check the name, or give "
            "the appId.",
        )
    return Problem(
        field,
        "api_not_in_tenant",
        f"The API {echo(name)} has no service principal in this tenant. Ask an Entra administrator to run: "
        f"az ad sp create --id {rules.app_id}",
    )


def _api_disabled(field: str, api: Api) -> Problem:
    return Problem(
        field,
        "api_disabled",
        f"The API {echo(api.display_name)} is disabled in this tenant, so nobody gets a token for it. Have an "
        "administrator enable it (Entra ID, Enterprise applications, Properties, Enabled for users to sign-in), or "
        "leave it out.",
    )


def _is_trusted(api: Api, policy: Policy) -> bool:
    # Anyone can call an app "Azure Digital Twins": only Microsoft's own, or an appId in policy, is trusted.
    return api.owner_organization_id == MICROSOFT_TENANT or policy.api(api.app_id) is not None


def _resolve_permission(
    field: str, name: str, permission_type: PermissionType, api: Api, policy: Policy
) -> ResolvedPermission | Problem:
    kind = "delegated" if permission_type == "Scope" else "application"
    found = [p for p in api.permissions if p.type == permission_type and p.enabled and p.name == name]
    if not found:
        return Problem(
            field,
            "unknown_permission",
            f"{api.display_name} has no {kind} permission called {echo(name)}. Check the spelling and the kind.",
        )
    if len(found) > 1:
        return Problem(
            field,
            "ambiguous_permission",
            f"{api.display_name} has {len(found)} {kind} permissions called {echo(name)}. Talk to the registrar's "
            "administrators.",
        )
    resolved = ResolvedPermission(api, found[0])
    return permission_breach(field, resolved, policy) or resolved
