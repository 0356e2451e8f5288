"""Whatever a client sends, the Graph double answers as Graph does; it never falls over.

Bodies are made at random from the schema, with a share of junk; the seed makes a failure repeatable.
"""

import random
from typing import Any

import pytest

from devstack.doubles.graph.schema import TYPES, element_type, is_collection
from devstack.doubles.world import Weather, World
from tests.devstack.doubles.graph_tenant import NOWHERE, Caller

BODIES = 60
JUNK: list[Any] = [
    *(None, "", "x", "x" * 300, "http://[", "urn:x", "=", 5, -1, True),
    *([], {}, [None], ["a", "a"], [{}], {"a": 1}, "0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59Z"),
]
PLAUSIBLE: dict[str, list[Any]] = {
    "String": ["x", "User", "Scope", "AzureADMyOrg", "https://a.example/cb", "Verify", "passwordLifetime", "P1D"],
    "Boolean": [True, False],
    "Guid": [NOWHERE],
    "DateTimeOffset": ["2027-01-01T00:00:00Z", "2026-01-01T00:00:00Z"],
    "Int32": [1, 2, 3],
    "Binary": ["AAAA"],
}


def value(dice: random.Random, declared: str) -> Any:
    if dice.random() < 0.1:
        return dice.choice(JUNK)
    if is_collection(declared):
        return [value(dice, element_type(declared)) for _ in range(dice.randint(0, 2))]
    if declared in TYPES:
        return fields(dice, declared, len(TYPES[declared]))
    return dice.choice(PLAUSIBLE[declared])


def fields(dice: random.Random, type_name: str, at_most: int) -> dict[str, Any]:
    names = [name for name in TYPES[type_name] if name not in ("id", "appId", "createdDateTime")]
    chosen = dice.sample(names, dice.randint(0, min(at_most, len(names))))
    return {name: value(dice, TYPES[type_name][name]) for name in chosen}


WRITES = {
    ("POST", "/applications"): "application",
    ("PATCH", "/applications(uniqueName='orders')"): "application",
    ("PATCH", "/servicePrincipals(appId='{appId}')"): "servicePrincipal",
    ("POST", "/applications(appId='{appId}')/federatedIdentityCredentials"): "federatedIdentityCredential",
    ("POST", "/oauth2PermissionGrants"): "oAuth2PermissionGrant",
    ("POST", "/servicePrincipals(appId='{appId}')/appRoleAssignedTo"): "appRoleAssignment",
    ("PATCH", "/policies/defaultAppManagementPolicy"): "tenantAppManagementPolicy",
    ("POST", "/applications(appId='{appId}')/addPassword"): "passwordCredential",
}


@pytest.mark.parametrize(("call", "type_name"), WRITES.items(), ids=[path for _, path in WRITES])
async def test_any_body_is_answered(admin: Caller, world: World, call: tuple[str, str], type_name: str) -> None:
    world.change_weather(Weather(quotas=False))
    dice = random.Random(f"{call} 1")
    application = await admin.create_application(uniqueName="orders")
    await admin.create_principal(application["appId"])
    path = call[1].format(appId=application["appId"])
    for _ in range(BODIES):
        body: Any = {"displayName": "x"} if type_name == "application" else {}
        body |= fields(dice, type_name, 4)
        if path.endswith("addPassword"):
            body = {"passwordCredential": body}
        answer = await admin.call(call[0], path, body)
        if answer.status_code >= 400:
            assert answer.status_code in (400, 403, 404, 409), body
            assert set(answer.json()["error"]) >= {"code", "message", "innerError"}
    for still_readable in ("/applications", "/servicePrincipals", "/applications/delta"):
        assert (await admin.get(still_readable)).status_code == 200
