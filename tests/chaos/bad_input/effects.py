"""What exists in Graph and the vault, and what of it no valid request asked for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.e2e.driver import Driver

ALLOWED_SCOPES = frozenset({"Read.Write", "User.Read", "openid", "profile", "email", "offline_access"})
"""What policy.toml grants, to whoever asks; application permissions never."""


@dataclass(frozen=True)
class Effects:
    """All that a registration writes, by id."""

    applications: dict[str, dict[str, Any]]
    principals: dict[str, dict[str, Any]]
    scopes: dict[str, dict[str, Any]]
    roles: dict[str, dict[str, Any]]
    secrets: frozenset[str]

    @classmethod
    def see(cls, driver: Driver) -> "Effects":
        """Look, as the administrator."""
        principals = _by_id(driver, "/servicePrincipals?$top=999")
        roles = [_by_id(driver, f"/servicePrincipals/{principal}/appRoleAssignments") for principal in principals]
        with driver.vault(driver.stack.config.administrator) as vault:
            secrets = frozenset(found.name or "" for found in vault.list_properties_of_secrets())
        return cls(
            applications=_by_id(driver, "/applications?$top=999"),
            principals=principals,
            scopes=_by_id(driver, "/oauth2PermissionGrants?$top=999"),
            roles={key: role for found in roles for key, role in found.items()},
            secrets=secrets,
        )


def unwanted(before: Effects, after: Effects, requests: Sequence[dict[str, Any]]) -> list[str]:
    """Say what is there now, was not there before, and was asked for by none of these valid requests; or is gone."""
    names = {request["application"]["uniqueName"] for request in requests}
    shown = {request["application"]["displayName"] for request in requests}
    secrets = {
        f"{request['application']['uniqueName']}--{credential['name']}"
        for request in requests
        for credential in request.get("credentials", [])
    }
    new = {key: app for key, app in after.applications.items() if key not in before.applications}
    clients = {app["appId"] for app in new.values()}
    found = [
        f"application {app['uniqueName']!r}, called {app['displayName']!r}, that nobody asked for"
        for app in new.values()
        if app["uniqueName"] not in names or app["displayName"] not in shown
    ]
    found += [
        f"service principal {principal['displayName']!r} that nobody asked for"
        for key, principal in after.principals.items()
        if key not in before.principals and principal["appId"] not in clients
    ]
    found += [
        f"grant of {grant['scope']!r}"
        for key, grant in after.scopes.items()
        if key not in before.scopes and not set(grant["scope"].split()) <= ALLOWED_SCOPES
    ]
    found += [f"app role {role['appRoleId']} assigned" for key, role in after.roles.items() if key not in before.roles]
    found += [f"vault secret {name} that nobody asked for" for name in sorted(after.secrets - before.secrets - secrets)]
    return found + _gone(before, after)


def _gone(before: Effects, after: Effects) -> list[str]:
    pairs: Iterable[tuple[str, Iterable[str], Iterable[str]]] = (
        ("application", before.applications, after.applications),
        ("service principal", before.principals, after.principals),
        ("grant", before.scopes, after.scopes),
        ("app role assignment", before.roles, after.roles),
        ("vault secret", before.secrets, after.secrets),
    )
    return [f"{what} {key} is gone" for what, old, new in pairs for key in sorted(set(old) - set(new))]


def _by_id(driver: Driver, path: str) -> dict[str, dict[str, Any]]:
    found = driver.graph(path)
    if "@odata.nextLink" in found:
        raise ValueError(f"{path} has more than one page")
    return {one["id"]: one for one in found["value"]}
