"""What goes wrong with Key Vault becomes one error of ours; what may be repeated is, and is harmless."""

from datetime import UTC, datetime, timedelta

import pytest

from devstack.doubles.faults import Fault, FaultKind
from shared.core.errors import DeferredError, ForbiddenError, ThrottledError, UnavailableError
from shared.core.secret import Secret
from tests.contract.adapters.sides import DoubledSide, doubled_side
from tests.devstack.doubles.local import Local

BEGINS, ENDS = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
PUT = ("keyvault", "PUT /secrets/{name}")


@pytest.fixture
def secret_name(name: str) -> str:
    return f"{name}--client-secret"


@pytest.fixture
async def warm(doubled: DoubledSide, registrar: Local) -> DoubledSide:
    """With a token, a known challenge and an open connection."""
    await doubled.vault.versions("app", "nothing")
    registrar.world.calls.clear()
    return doubled


async def store(side: DoubledSide, secret_name: str, value: str = "value") -> None:
    tags = {"keyId": "1"}
    await side.vault.store("app", secret_name, Secret(value), not_before=BEGINS, expires=ENDS, tags=tags)


async def values(side: DoubledSide, registrar: Local, secret_name: str) -> list[str]:
    """The values of all versions that the vault holds."""
    key = f"{registrar.config.vault_name}/{secret_name}"
    document = registrar.world.primary().get("vaultSecrets", key)
    return [version["value"] for version in document["versions"]] if document else []


async def test_a_throttled_call_is_made_once_and_names_the_pause(
    warm: DoubledSide, registrar: Local, secret_name: str
) -> None:
    """The pause is everybody's, so nobody sleeps through it inside an invocation."""
    registrar.world.faults.add(Fault(service="keyvault", kind=FaultKind.THROTTLE, retry_after=30, times=9))
    with pytest.raises(ThrottledError) as failed:
        await store(warm, secret_name)
    assert failed.value.after == timedelta(seconds=30)
    assert registrar.world.calls[PUT] == 1


@pytest.mark.parametrize("kind", [FaultKind.LOST_ANSWER, FaultKind.REFUSE])
async def test_an_answer_that_never_comes_leaves_it_open_whether_the_secret_is_stored(
    warm: DoubledSide, registrar: Local, secret_name: str, kind: FaultKind
) -> None:
    registrar.world.faults.add(Fault(service="keyvault", kind=kind, method="PUT", times=99))
    with pytest.raises(UnavailableError) as failed:
        await store(warm, secret_name)
    assert failed.value.took_effect is None
    stored = await values(warm, registrar, secret_name)
    assert set(stored) == ({"value"} if kind is FaultKind.LOST_ANSWER else set())
    assert registrar.world.calls[PUT] <= 4  # the SDK repeats once, and aiohttp once each


async def test_one_lost_answer_is_made_good_with_the_same_value(
    warm: DoubledSide, registrar: Local, secret_name: str
) -> None:
    """aiohttp repeats a PUT by itself when a connection that was in use before dies."""
    registrar.world.faults.add(Fault(service="keyvault", kind=FaultKind.LOST_ANSWER, method="PUT"))
    await store(warm, secret_name)
    assert await values(warm, registrar, secret_name) == ["value", "value"]


async def test_a_server_error_leaves_it_open(warm: DoubledSide, registrar: Local, secret_name: str) -> None:
    registrar.world.faults.add(Fault(service="keyvault", kind=FaultKind.ERROR, status=503, times=99))
    with pytest.raises(UnavailableError) as failed:
        await store(warm, secret_name)
    assert failed.value.took_effect is None
    assert registrar.world.calls[PUT] == 1


async def test_a_recovery_is_not_repeated(warm: DoubledSide, registrar: Local, secret_name: str) -> None:
    await store(warm, secret_name)
    warm.delete_secret(secret_name)
    registrar.world.calls.clear()
    registrar.world.faults.add(Fault(service="keyvault", kind=FaultKind.LOST_ANSWER, method="POST", times=9))
    with pytest.raises(UnavailableError):
        await warm.vault.recover("app", secret_name, "secret")
    assert registrar.world.calls["keyvault", "POST /deletedsecrets/{name}/recover"] == 1


async def test_a_recovery_that_takes_long_is_not_waited_for(
    warm: DoubledSide, registrar: Local, secret_name: str
) -> None:
    await store(warm, secret_name)
    warm.delete_secret(secret_name)
    registrar.world.weather.recovery_seconds = 600
    await warm.vault.recover("app", secret_name, "secret")
    with pytest.raises(DeferredError) as failed:
        await store(warm, secret_name, "2")
    assert failed.value.took_effect is False
    warm.advance(601)
    await store(warm, secret_name, "2")
    assert await values(warm, registrar, secret_name) == ["value", "2"]


async def test_without_the_role_nothing_is_stored(
    registrar: Local, secret_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    vaults = registrar.world.documents
    vault = registrar.world.primary().get("vaults", registrar.config.vault_name)
    assert vault is not None
    vaults.put("vaults", registrar.config.vault_name, vault | {"roleAssignments": []})
    try:
        async with doubled_side(registrar) as side:
            with pytest.raises(ForbiddenError) as failed:
                await store(side, secret_name)
    finally:
        vaults.put("vaults", registrar.config.vault_name, vault)
    assert failed.value.took_effect is False


async def test_an_identity_that_gets_no_token_is_no_verdict_on_the_request(
    registrar: Local, secret_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_CLIENT_ID", "99999999-9999-4999-8999-999999999999")
    async with doubled_side(registrar) as stranger:
        with pytest.raises(DeferredError) as failed:
            await store(stranger, secret_name)
    assert failed.value.took_effect is False
    assert await values(stranger, registrar, secret_name) == []


async def test_a_vault_that_cannot_be_reached_is_unavailable(
    registrar: Local, secret_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    async with doubled_side(registrar) as side:
        with pytest.raises(UnavailableError):
            await store(side, secret_name)
    assert registrar.world.calls[PUT] == 0
