"""Soft deletion: what a deleted secret's name, value and life look like until it is gone."""

from datetime import timedelta
from itertools import count

import pytest

from devstack.config import StackConfig
from devstack.doubles.tokens import Tokens
from devstack.doubles.world import Weather, World
from tests.devstack.doubles.test_keyvault import BASE, Vault

PUT = {"value": "again"}


@pytest.fixture
def vault(planted: World, tokens: Tokens, config: StackConfig) -> Vault:
    return Vault(planted, tokens, config, config.administrator)


async def test_a_deleted_secret_keeps_its_name(vault: Vault, world: World) -> None:
    await vault.set("db")
    deleted = (await vault.call("DELETE", "/secrets/db")).json()
    assert deleted["recoveryId"] == f"{BASE}/deletedsecrets/db"
    assert deleted["scheduledPurgeDate"] - deleted["deletedDate"] == 90 * 86_400
    assert "value" not in deleted
    assert await vault.refusal("GET", "/secrets/db") == (404, "SecretNotFound", None)
    assert await vault.refusal("PUT", "/secrets/db", PUT) == (409, "Conflict", "ObjectIsDeletedButRecoverable")
    assert await vault.names("/secrets") == []
    assert await vault.names("/deletedsecrets") == ["db"]
    assert (await vault.call("GET", "/deletedsecrets/db")).json() == deleted


async def test_recovery_brings_all_versions_back(vault: Vault) -> None:
    await vault.set("db", "1")
    await vault.set("db", "2")
    await vault.call("DELETE", "/secrets/db")
    assert (await vault.call("POST", "/deletedsecrets/db/recover")).status_code == 200
    assert (await vault.call("GET", "/secrets/db")).json()["value"] == "2"
    assert len(await vault.names("/secrets/db/versions")) == 2
    assert await vault.refusal("POST", "/deletedsecrets/db/recover") == (404, "SecretNotFound", None)


async def test_purge_frees_the_name(vault: Vault) -> None:
    await vault.set("db")
    assert await vault.refusal("DELETE", "/deletedsecrets/db") == (404, "SecretNotFound", None)
    await vault.call("DELETE", "/secrets/db")
    assert (await vault.call("DELETE", "/deletedsecrets/db")).status_code == 204
    await vault.set("db")
    assert len(await vault.names("/secrets/db/versions")) == 1


async def test_deletion_takes_its_time(vault: Vault, world: World) -> None:
    await vault.set("db")
    world.change_weather(Weather(deletion_seconds=20))
    await vault.call("DELETE", "/secrets/db")
    being_deleted = (409, "Conflict", "ObjectIsBeingDeleted")
    assert await vault.refusal("GET", "/deletedsecrets/db") == (404, "SecretNotFound", None)
    assert await vault.refusal("PUT", "/secrets/db", PUT) == being_deleted
    assert await vault.refusal("DELETE", "/deletedsecrets/db") == being_deleted
    world.clock.advance(timedelta(seconds=21))
    assert (await vault.call("GET", "/deletedsecrets/db")).status_code == 200
    assert (await vault.call("DELETE", "/deletedsecrets/db")).status_code == 204
    assert await vault.refusal("PUT", "/secrets/db", PUT) == being_deleted
    world.clock.advance(timedelta(seconds=21))
    await vault.set("db")


async def test_recovery_takes_its_time_although_the_secret_can_be_read(vault: Vault, world: World) -> None:
    await vault.set("db", "1")
    await vault.call("DELETE", "/secrets/db")
    world.change_weather(Weather(recovery_seconds=20))
    await vault.call("POST", "/deletedsecrets/db/recover")
    assert (await vault.call("GET", "/secrets/db")).json()["value"] == "1"
    assert await vault.refusal("PUT", "/secrets/db", PUT) == (409, "Conflict", "ObjectIsBeingRecovered")
    world.clock.advance(timedelta(seconds=21))
    await vault.set("db")


async def test_retention_ends(vault: Vault, world: World) -> None:
    await vault.set("db")
    await vault.call("DELETE", "/secrets/db")
    world.clock.advance(timedelta(days=91))
    assert await vault.names("/deletedsecrets") == []
    await vault.set("db")
    assert len(await vault.names("/secrets/db/versions")) == 1


async def test_purge_protection(vault: Vault, world: World, config: StackConfig) -> None:
    document = world.primary().get("vaults", config.vault_name)
    assert document is not None
    change = {"purgeProtection": True, "recoverableDays": 7}
    world.documents.put("vaults", config.vault_name, document | change)
    stored = await vault.set("db")
    assert stored["attributes"]["recoveryLevel"] == "CustomizedRecoverable"
    await vault.call("DELETE", "/secrets/db")
    assert await vault.refusal("DELETE", "/deletedsecrets/db") == (403, "Forbidden", None)


async def test_a_second_that_passes_meanwhile_purges_nothing(
    vault: Vault, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await vault.set("db")
    ticks = count(int(world.clock.time()))
    monkeypatch.setattr(world.clock, "time", lambda: float(next(ticks)))
    assert (await vault.call("GET", "/secrets/db")).status_code == 200
