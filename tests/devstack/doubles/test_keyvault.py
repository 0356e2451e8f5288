"""Key Vault's data plane over ASGI: secrets, their versions, limits, and who may do what."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from devstack.config import ManagedIdentity, StackConfig
from devstack.doubles.faults import Fault, FaultKind
from devstack.doubles.keyvault.app import create
from devstack.doubles.keyvault.errors import KeyVaultError
from devstack.doubles.keyvault.rules.quotas import Quota
from devstack.doubles.seed import Additions, add
from devstack.doubles.tokens import Tokens
from devstack.doubles.world import Weather, World

RESOURCE = "https://vault.azure.net"
BASE = "https://contoso-registrar.vault.azure.net"


class Vault:
    """The vault as one caller uses it."""

    def __init__(self, world: World, tokens: Tokens, config: StackConfig, caller: ManagedIdentity) -> None:
        self.world = world
        self.tokens = tokens
        self.config = config
        self.transport = httpx.ASGITransport(create(world, tokens))
        self.caller = caller

    def acting_as(self, caller: ManagedIdentity) -> "Vault":
        """The same vault, used by somebody else."""
        other = Vault(self.world, self.tokens, self.config, caller)
        other.transport = self.transport
        return other

    async def call(self, method: str, path: str, body: Any = None, **query: str) -> httpx.Response:
        """One call with a fresh token."""
        token = self.tokens.mint(audience=RESOURCE, app_id=self.caller.client_id, object_id=self.caller.object_id).text
        async with httpx.AsyncClient(transport=self.transport, base_url=BASE) as http:
            return await http.request(
                method,
                path,
                json=body,
                params={"api-version": "2026-04-01"} | query,
                headers={"Authorization": f"Bearer {token}"},
            )

    async def set(self, name: str, value: str = "v", **fields: Any) -> dict[str, Any]:
        """Store a secret and return its bundle."""
        answer = await self.call("PUT", f"/secrets/{name}", {"value": value, **fields})
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def refusal(self, method: str, path: str, body: Any = None, **query: str) -> tuple[int, str, str | None]:
        """Status, code and inner code of a refused call."""
        answer = await self.call(method, path, body, **query)
        error = answer.json()["error"]
        return answer.status_code, error["code"], error.get("innererror", {}).get("code")

    async def names(self, path: str) -> list[str]:
        """The last segments of all ids in a list, over all its pages."""
        found: list[str] = []
        link: str | None = path
        while link:
            listed = (await self.call("GET", link.removeprefix(BASE).partition("?")[0], **query_of(link))).json()
            found += [item["id"].rpartition("/")[2] for item in listed["value"]]
            link = listed["nextLink"]
        return found


def query_of(link: str) -> dict[str, str]:
    return dict(httpx.URL(link).params)


@pytest.fixture
def vault(planted: World, tokens: Tokens, config: StackConfig) -> Vault:
    return Vault(planted, tokens, config, config.administrator)


async def test_a_stranger_is_told_where_to_get_a_token(vault: Vault, world: World) -> None:
    async with httpx.AsyncClient(transport=vault.transport, base_url=BASE) as http:
        answer = await http.get("/secrets/a/", params={"api-version": "7.4"})
    assert answer.status_code == 401
    authority = f"https://login.microsoftonline.com/{world.tenant.id}"
    assert answer.headers["www-authenticate"] == f'Bearer authorization="{authority}", resource="{RESOURCE}"'
    assert answer.json()["error"]["message"] == "AKV10000: Request is missing a Bearer or PoP token."


@pytest.mark.parametrize("audience", ["https://graph.microsoft.com", "https://vault.azure.net/"])
async def test_a_token_for_something_else(vault: Vault, audience: str) -> None:
    token = vault.tokens.mint(audience=audience, app_id="a", object_id=vault.caller.object_id).text
    async with httpx.AsyncClient(transport=vault.transport, base_url=BASE) as http:
        answer = await http.get("/secrets/a", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    assert answer.json()["error"]["message"].startswith("AKV10022: Invalid audience.")
    assert audience in answer.json()["error"]["message"]


async def test_a_secret_comes_back_as_it_was_stored(vault: Vault, world: World) -> None:
    now = int(world.clock.time())
    attributes = {"enabled": True, "nbf": now - 5, "exp": now + 500}
    stored = await vault.set("db", "p", tags={"a": "b"}, contentType="text/plain", attributes=attributes)
    read = (await vault.call("GET", "/secrets/db/")).json()
    assert read == stored
    assert read["id"].startswith(f"{BASE}/secrets/db/")
    assert (read["value"], read["tags"], read["contentType"]) == ("p", {"a": "b"}, "text/plain")
    assert read["attributes"] == attributes | {
        "created": read["attributes"]["created"],
        "updated": read["attributes"]["updated"],
        "recoveryLevel": "Recoverable+Purgeable",
        "recoverableDays": 90,
    }


async def test_every_set_is_a_new_version(vault: Vault) -> None:
    first, second = await vault.set("db", "1"), await vault.set("DB", "2")
    assert (await vault.call("GET", "/secrets/db")).json()["value"] == "2"
    old = first["id"].rpartition("/")[2]
    assert (await vault.call("GET", f"/secrets/db/{old}")).json()["value"] == "1"
    versions = await vault.names("/secrets/db/versions")
    assert sorted(versions) == sorted(b["id"].rpartition("/")[2] for b in (first, second))


async def test_properties_change_without_the_value(vault: Vault) -> None:
    stored = await vault.set("db", tags={"a": "b"}, contentType="text/plain")
    changed = (await vault.call("PATCH", "/secrets/db/", {"tags": {"c": "d"}, "attributes": {"exp": 9}})).json()
    assert "value" not in changed
    assert (changed["id"], changed["tags"], changed["contentType"]) == (stored["id"], {"c": "d"}, "text/plain")
    assert changed["attributes"]["exp"] == 9


async def test_only_enabled_stops_a_reading(vault: Vault) -> None:
    await vault.set("db", attributes={"exp": 1})
    assert (await vault.call("GET", "/secrets/db")).status_code == 200
    await vault.call("PATCH", "/secrets/db/", {"attributes": {"enabled": False}})
    assert await vault.refusal("GET", "/secrets/db") == (403, "Forbidden", "SecretDisabled")
    assert await vault.names("/secrets") == ["db"]


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("under_score", {"value": "v"}),
        ("x" * 128, {"value": "v"}),
        ("db", {}),
        ("db", {"value": "x" * 25_601}),
        ("db", {"value": "v", "tags": {f"t{i}": "x" for i in range(16)}}),
        ("db", {"value": "v", "tags": {"t": "x" * 513}}),
        ("db", {"value": "v", "contentType": "x" * 256}),
        ("db", {"value": "v", "attributes": {"exp": "soon"}}),
        ("db", {"value": "v", "attributes": {"nbf": 5, "exp": 5}}),
        ("db", ["value"]),
    ],
)
async def test_limits(vault: Vault, name: str, body: Any) -> None:
    assert await vault.refusal("PUT", f"/secrets/{name}", body) == (400, "BadParameter", None)
    assert await vault.names("/secrets") == []


async def test_what_is_just_within_the_limits(vault: Vault) -> None:
    await vault.set("x" * 127, "x" * 25_600, tags={f"t{i}": "x" * 512 for i in range(15)})


async def test_the_api_version_is_required(vault: Vault) -> None:
    for version in ("", "9.9"):
        status, code, _ = await vault.refusal("GET", "/secrets/db", **{"api-version": version})
        assert (status, code) == (400, "BadParameter")
    assert await vault.refusal("GET", "/secrets/db", **{"api-version": "7.4"}) == (404, "SecretNotFound", None)


async def test_unknown_names_and_versions(vault: Vault) -> None:
    await vault.set("db")
    assert await vault.refusal("GET", "/secrets/other") == (404, "SecretNotFound", None)
    assert await vault.refusal("GET", f"/secrets/db/{'0' * 32}") == (404, "SecretNotFound", None)
    listed = await vault.call("GET", "/secrets/other/versions")
    assert (listed.status_code, listed.json()) == (200, {"value": [], "nextLink": None})
    assert await vault.refusal("GET", "/keys/db") == (400, "BadParameter", None)


async def test_pages_hold_25_and_are_linked(vault: Vault) -> None:
    for number in range(30):
        await vault.set(f"s{number:02}")
    first = (await vault.call("GET", "/secrets")).json()
    assert len(first["value"]) == 25
    assert first["nextLink"].startswith(f"{BASE}/secrets?")
    assert "value" not in first["value"][0]
    assert await vault.names("/secrets") == [f"s{number:02}" for number in range(30)]
    assert len((await vault.call("GET", "/secrets", maxresults="7")).json()["value"]) == 7
    assert await vault.refusal("GET", "/secrets", maxresults="26") == (400, "BadParameter", None)


async def test_pages_may_be_empty_and_yet_go_on(vault: Vault, world: World) -> None:
    await vault.set("a")
    world.change_weather(Weather(empty_pages=True))
    first = (await vault.call("GET", "/secrets")).json()
    assert first["value"] == []
    assert first["nextLink"]
    assert await vault.names("/secrets") == ["a"]


async def test_backup_and_restore(vault: Vault) -> None:
    stored = await vault.set("db", "kept")
    backup = (await vault.call("POST", "/secrets/db/backup")).json()
    assert await vault.refusal("POST", "/secrets/restore", backup) == (409, "Conflict", None)
    await vault.call("DELETE", "/secrets/db")
    await vault.call("DELETE", "/deletedsecrets/db")
    restored = await vault.call("POST", "/secrets/restore", backup)
    assert restored.json()["id"] == stored["id"]
    assert (await vault.call("GET", "/secrets/db")).json()["value"] == "kept"
    assert await vault.refusal("POST", "/secrets/restore", {"value": "?"}) == (400, "BadParameter", None)


async def test_a_secrets_user_reads_and_nothing_else(vault: Vault, config: StackConfig) -> None:
    await vault.set("db", "p")
    user = vault.acting_as(config.clients["requester"])
    assert (await user.call("GET", "/secrets/db")).json()["value"] == "p"
    assert await user.names("/secrets") == ["db"]
    forbidden = (403, "Forbidden", "ForbiddenByRbac")
    assert await user.refusal("PUT", "/secrets/db", {"value": "q"}) == forbidden
    assert await user.refusal("DELETE", "/secrets/db") == forbidden
    refused = (await user.call("PUT", "/secrets/db", {"value": "q"})).json()["error"]["message"]
    assert "Action: 'Microsoft.KeyVault/vaults/secrets/setSecret/action'" in refused
    assert f"oid={config.clients['requester'].object_id}" in refused


async def test_an_officer_of_secrets_may_not_touch_certificates(vault: Vault) -> None:
    newcomer = ManagedIdentity()
    grant(vault, newcomer, "Key Vault Secrets Officer")
    officer = vault.acting_as(newcomer)
    await officer.set("db")
    assert (await officer.refusal("GET", "/certificates"))[2] == "ForbiddenByRbac"


def grant(vault: Vault, caller: ManagedIdentity, role: str, secret: str | None = None) -> None:
    assignment = {"principalId": caller.object_id, "roleDefinitionName": role, "secretName": secret}
    change = {"name": vault.config.vault_name, "roleAssignments": [assignment]}
    add(vault.world, Additions.model_validate({"vaults": [change]}))


async def test_a_role_may_be_for_one_secret(vault: Vault, config: StackConfig) -> None:
    await vault.set("mine")
    await vault.set("other")
    reader = ManagedIdentity()
    grant(vault, reader, "Key Vault Secrets User", "mine")
    assert (await vault.acting_as(reader).call("GET", "/secrets/mine")).status_code == 200
    assert (await vault.acting_as(reader).refusal("GET", "/secrets/other"))[2] == "ForbiddenByRbac"


async def test_a_new_role_takes_its_time(vault: Vault, world: World) -> None:
    world.clock.advance(timedelta(minutes=5))
    world.change_weather(Weather(role_assignment_delay_seconds=60))
    newcomer = ManagedIdentity()
    grant(vault, newcomer, "Key Vault Secrets Officer")
    assert (await vault.acting_as(newcomer).refusal("PUT", "/secrets/a", {"value": "v"}))[2] == "ForbiddenByRbac"
    world.clock.advance(timedelta(seconds=61))
    await vault.acting_as(newcomer).set("a")


def test_300_creations_and_4000_requests_in_ten_seconds(world: World) -> None:
    quota = Quota(world)
    for _ in range(300):
        quota.spend("a", creates=True)
    with pytest.raises(KeyVaultError, match="too many requests") as refused:
        quota.spend("a", creates=True)
    assert (refused.value.status, refused.value.code, refused.value.headers) == (429, "Throttled", {})
    quota.spend("b", creates=True)
    for _ in range(3700):
        quota.spend("a", creates=False)
    with pytest.raises(KeyVaultError):
        quota.spend("a", creates=False)
    world.clock.advance(timedelta(seconds=11))
    quota.spend("a", creates=True)


def test_the_quota_can_be_switched_off(world: World) -> None:
    world.change_weather(Weather(quotas=False))
    quota = Quota(world)
    for _ in range(301):
        quota.spend("a", creates=True)
    world.change_weather(Weather())
    with pytest.raises(KeyVaultError):
        quota.spend("a", creates=True)


async def test_reads_may_lag(vault: Vault, world: World) -> None:
    await vault.set("a", "old")
    world.clock.advance(timedelta(seconds=60))
    world.change_weather(Weather(vault_lag_seconds=30))
    await vault.set("a", "new")
    assert (await vault.call("GET", "/secrets/a")).json()["value"] == "old"
    world.clock.advance(timedelta(seconds=31))
    assert (await vault.call("GET", "/secrets/a")).json()["value"] == "new"


async def test_faults_speak_key_vault(vault: Vault, world: World) -> None:
    world.faults.add(Fault(service="keyvault", kind=FaultKind.THROTTLE, retry_after=3, method="PUT"))
    answer = await vault.call("PUT", "/secrets/a", {"value": "v"})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")
    assert answer.json()["error"]["code"] == "Throttled"
    assert world.calls == {("keyvault", "PUT /secrets/{name}"): 1}


async def test_a_vault_that_is_not_there(vault: Vault) -> None:
    async with httpx.AsyncClient(transport=vault.transport, base_url="https://nobody.vault.azure.net") as http:
        answer = await http.get("/secrets", params={"api-version": "7.4"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "VaultNotFound")
