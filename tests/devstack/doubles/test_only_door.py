"""The script that lets the registrar be the only door, over the Graph double: what it does, and what it leaves."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from devstack.doubles.seed.additions import Additions, add
from devstack.doubles.world import World
from scripts.only_door import CannotBeDoneError, Json, Wanted, main, missing, run
from tests.devstack.doubles.graph_tenant import Caller, GraphTenant, error

POLICY = "/policies/defaultAppManagementPolicy"
THEIRS = {
    "@odata.type": "#microsoft.graph.customSecurityAttributeStringValueExemption",
    "id": "PolicyExemptions_AppManagementExemption",
    "operator": "equals",
    "value": "Somebody",
}


class Tenant:
    """Policies are the double's; attributes, which it does not serve, are kept here, and given in its world."""

    def __init__(self, graph: GraphTenant, admin: Caller) -> None:
        self.registrar = graph.caller("Application.ReadWrite.All")
        self.stranger = graph.caller("Application.ReadWrite.All")
        self.wanted = Wanted(self.registrar.object_id)
        self.writes: list[str] = []
        self.kept: dict[str, Json] = {}
        self.borne: Json = {}
        self._world, self._admin = graph.world, admin
        self._loop = asyncio.get_running_loop()

    def call(self, method: str, path: str, body: Json | None) -> tuple[int, Json]:
        """Make a call, from the script's own thread."""
        if method != "GET":
            self.writes.append(f"{method} {path}")
        if path.startswith("/policies"):
            future = asyncio.run_coroutine_threadsafe(self._admin.call(method, path, body), self._loop)
            answer = future.result(timeout=30)
            return answer.status_code, answer.json() if answer.content else {}
        if path.startswith("/servicePrincipals"):
            return self._principal(body)
        if path.endswith("/allowedValues"):
            values = self.kept[path.removesuffix("/allowedValues")]["allowedValues"]
            if body is not None:
                values.append(body)
            return 200, {"value": values}
        if body is None:
            return (200, self.kept[path]) if path in self.kept else (404, {"error": {"code": "ResourceNotFound"}})
        key = body["id"] if path.endswith("attributeSets") else f"{body['attributeSet']}_{body['name']}"
        self.kept[f"{path}/{key}"] = body
        return 201, body

    def _principal(self, body: Json | None) -> tuple[int, Json]:
        if body is None:
            return 200, {"displayName": "registrar", "customSecurityAttributes": self.borne or None}
        for name, values in body["customSecurityAttributes"].items():
            assert values["@odata.type"] == "#Microsoft.DirectoryServices.CustomSecurityAttributeValue"
            self.borne[name] = {key: value for key, value in values.items() if "@" not in key}
        given = {"principalId": self.registrar.object_id, "attributes": self.borne}
        add(self._world, Additions.model_validate({"customSecurityAttributes": [given]}))
        return 204, {}

    async def run(self, *, apply: bool, only: str | None = None) -> int:
        """Run the script as its command line does."""
        return await asyncio.to_thread(run, self.call, self.wanted, apply=apply, only=only)

    async def steps(self) -> list[str]:
        """What is still to be done."""
        return [step.what for step in await asyncio.to_thread(lambda: list(missing(self.call, self.wanted)))]

    async def refusal(self, caller: Caller, days: int = 90) -> str | None:
        """The code with which somebody is refused a secret; None when they get it."""
        application = await caller.create_application()
        start = self._world.clock.now()
        body = {"startDateTime": start.isoformat(), "endDateTime": (start + timedelta(days=days)).isoformat()}
        answer = await caller.post(f"/applications/{application['id']}/addPassword", {"passwordCredential": body})
        return None if answer.status_code == 200 else error(answer)[1]


@pytest.fixture
async def tenant(graph: GraphTenant, admin: Caller) -> Tenant:
    """A tenant without any such policy."""
    return Tenant(graph, admin)


def restrictions(policy: Json, section: str, kind: str = "passwordCredentials") -> dict[str, Any]:
    return {each["restrictionType"]: each for each in policy[section][kind]}


async def test_without_apply_nothing_is_written(tenant: Tenant, capsys: pytest.CaptureFixture[str]) -> None:
    assert await tenant.run(apply=False) == 1
    assert tenant.writes == []
    assert "Would do: change the tenant's app management policy" in capsys.readouterr().out


async def test_afterwards_the_registrar_alone_gets_secrets_for_half_a_year(tenant: Tenant, admin: Caller) -> None:
    assert await tenant.refusal(tenant.stranger) is None
    assert await tenant.run(apply=True) == 0
    assert await tenant.refusal(tenant.stranger) == "CredentialTypeNotAllowedAsPerAppPolicy"
    assert await tenant.refusal(tenant.registrar) is None
    assert await tenant.refusal(tenant.registrar, days=181) == "CredentialInvalidLifetimeAsPerAppPolicy"
    policy = (await admin.get(POLICY)).json()
    shared = [restrictions(policy, name) for name in ("applicationRestrictions", "servicePrincipalRestrictions")]
    assert shared[0] == shared[1]
    assert shared[0]["symmetricKeyAddition"] | {"restrictionType": "passwordAddition"} == shared[0]["passwordAddition"]


async def test_the_exemption_comes_before_what_it_exempts_from(tenant: Tenant) -> None:
    await tenant.run(apply=True)
    assert [write.split("/")[1].partition("(")[0] for write in tenant.writes] == [
        "directory",
        "directory",
        "servicePrincipals",
        "policies",
    ]


async def test_a_second_run_changes_nothing(tenant: Tenant) -> None:
    await tenant.run(apply=True)
    tenant.writes.clear()
    assert (await tenant.run(apply=True), tenant.writes) == (0, [])


async def test_what_is_there_stays_as_strict_as_it_is(tenant: Tenant, admin: Caller) -> None:
    there = {
        "passwordCredentials": [
            {
                "restrictionType": "passwordAddition",
                "state": "enabled",
                "restrictForAppsCreatedAfterDateTime": "2020-01-01T00:00:00Z",
                "excludeActors": {"customSecurityAttributes": [THEIRS]},
            },
            {"restrictionType": "customPasswordAddition", "state": "enabled"},
            {"restrictionType": "passwordLifetime", "state": "enabled", "maxLifetime": "P30D"},
        ],
        "keyCredentials": [{"restrictionType": "asymmetricKeyLifetime", "state": "disabled", "maxLifetime": "P900D"}],
    }
    assert (await admin.patch(POLICY, {"applicationRestrictions": there})).status_code == 204
    steps = await tenant.steps()
    assert "customPasswordAddition" in steps[-1], "what comes into force besides is told"
    assert await tenant.run(apply=True) == 0
    policy = (await admin.get(POLICY)).json()
    found = restrictions(policy, "applicationRestrictions")
    assert found["customPasswordAddition"]["state"] == "enabled"
    assert found["passwordLifetime"]["maxLifetime"] == "P30D"
    assert found["passwordAddition"]["restrictForAppsCreatedAfterDateTime"] == "2020-01-01T00:00:00Z"
    exempt = found["passwordAddition"]["excludeActors"]["customSecurityAttributes"]
    assert [each["value"] for each in exempt] == ["Somebody", "Registrar"]
    certificates = restrictions(policy, "applicationRestrictions", "keyCredentials")["asymmetricKeyLifetime"]
    assert (certificates["state"], certificates["maxLifetime"]) == ("enabled", "P180D")


async def test_a_value_is_added_to_an_attribute_that_is_there(tenant: Tenant) -> None:
    await tenant.run(apply=True, only="attribute")
    tenant.wanted = Wanted(tenant.registrar.object_id, value="Second")
    tenant.writes.clear()
    assert await tenant.run(apply=True, only="attribute") == 0
    assert [write.rpartition("/")[2] for write in tenant.writes] == ["allowedValues", tenant.registrar.object_id]


def _kind(definition: Json) -> None:
    definition["type"] = "Boolean"


def _inactive(definition: Json) -> None:
    definition["allowedValues"][0]["isActive"] = False


@pytest.mark.parametrize("spoil", [_kind, _inactive])
async def test_an_attribute_that_cannot_exempt_is_told(tenant: Tenant, spoil: Callable[[Json], None]) -> None:
    await tenant.run(apply=True, only="attribute")
    spoil(tenant.kept["/directory/customSecurityAttributeDefinitions/PolicyExemptions_AppManagementExemption"])
    tenant.writes.clear()
    assert (await tenant.run(apply=True), tenant.writes) == (2, [])


async def test_a_lifetime_that_nobody_can_compare_and_a_sixth_exemption_are_told(tenant: Tenant, admin: Caller) -> None:
    odd = {"restrictionType": "passwordLifetime", "state": "enabled", "maxLifetime": "PT5H"}
    await admin.patch(POLICY, {"applicationRestrictions": {"passwordCredentials": [odd]}})
    with pytest.raises(CannotBeDoneError, match="PT5H"):
        await tenant.steps()
    five = {"customSecurityAttributes": [THEIRS | {"value": str(number)} for number in range(5)]}
    full = {"restrictionType": "passwordAddition", "state": "enabled", "excludeActors": five}
    await admin.patch(POLICY, {"applicationRestrictions": {"passwordCredentials": [full]}})
    with pytest.raises(CannotBeDoneError, match="5 exemptions"):
        await tenant.steps()


async def test_a_refusal_ends_it(tenant: Tenant, world: World) -> None:
    tenant.kept.clear()

    def refused(_method: str, _path: str, _body: Json | None) -> tuple[int, Json]:
        return 403, {"error": {"code": "Authorization_RequestDenied"}}

    assert await asyncio.to_thread(run, refused, tenant.wanted, apply=True) == 2
    assert world.primary().get("policies", "defaultAppManagementPolicy") is None


def test_the_command_line_says_what_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "--apply" in capsys.readouterr().out
