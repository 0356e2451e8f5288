"""Secrets behind the port `Vault`."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from shared.core.errors import ForbiddenError, NotYetVisibleError, RefusedError
from shared.core.secret import Secret
from shared.model.vault import VaultEntry
from shared.ports import VaultPlace
from tests.contract.adapters.sides import DoubledSide, Side

BEGINS, ENDS = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture
def secret_name(name: str) -> str:
    return f"{name}--client-secret"


async def store(side: Side, secret_name: str, value: str = "value", **tags: str) -> VaultEntry:
    tags = {"keyId": str(uuid4()), **tags}
    return await side.vault.store("app", secret_name, Secret(value), not_before=BEGINS, expires=ENDS, tags=tags)


async def test_an_unknown_secret_is_none(side: Side, secret_name: str) -> None:
    assert await side.vault.versions("app", secret_name) == ()
    assert await side.vault.deleted_tags("app", secret_name) is None


async def test_a_stored_secret_is_described_and_read(side: Side, secret_name: str) -> None:
    stored = await store(side, secret_name, "a value", a="b")
    assert stored.uri.endswith(f".vault.azure.net/secrets/{secret_name}")
    assert (stored.expires, stored.enabled, stored.tags["a"]) == (ENDS, True, "b")
    assert stored.content_type == "application/vnd.registrar.client-secret"
    assert await side.vault.versions("app", secret_name) == (stored,)
    assert (await side.vault.value("app", secret_name, stored.version)).reveal() == "a value"


async def test_versions_are_listed_oldest_first(side: Side, secret_name: str) -> None:
    first = await store(side, secret_name, "1")
    side.advance(2)
    second = await store(side, secret_name, "2")
    assert await side.vault.versions("app", secret_name) == (first, second)
    assert (await side.vault.value("app", secret_name, first.version)).reveal() == "1"


async def test_one_version_is_disabled_and_the_others_are_read(side: Side, secret_name: str) -> None:
    first = await store(side, secret_name, "1")
    side.advance(2)
    second = await store(side, secret_name, "2")
    await side.vault.disable("app", secret_name, first.version, "secret")
    await side.vault.disable("app", secret_name, first.version, "secret")
    disabled, other = await side.vault.versions("app", secret_name)
    assert (disabled.enabled, other.enabled) == (False, True)
    assert disabled.updated is not None
    assert disabled.created is not None
    assert disabled.updated > disabled.created, "when it was disabled tells who did, later"
    with pytest.raises(ForbiddenError):
        await side.vault.value("app", secret_name, first.version)
    assert (await side.vault.value("app", secret_name, second.version)).reveal() == "2"


async def test_all_secrets_are_listed_page_by_page(side: Side, secret_name: str) -> None:
    names = {f"{secret_name}-{number}" for number in range(30)}
    for name in names:
        await store(side, name)
    side.advance(2)
    newest = await store(side, f"{secret_name}-7", a="b")
    found, pages, place = list[VaultEntry](), 0, None
    while pages == 0 or place is not None:
        entries, place = await side.vault.page(place)
        found += entries
        pages += 1
    ours = {entry.name: entry for entry in found if entry.name in names}
    assert ours.keys() == names
    assert len(found) == len({entry.name for entry in found})
    assert pages > 1
    assert ours[newest.name].tags == newest.tags


async def test_a_listing_goes_on_in_a_vault_of_ours_and_nowhere_else(doubled: DoubledSide) -> None:
    _, place = await doubled.vault.page(None)
    url = place.url if place is not None else "https://contoso-registrar.vault.azure.net"
    for wrong in (
        VaultPlace("https://evil.vault.azure.net", None),
        VaultPlace(url, "https://evil.example/secrets?page=2"),
        VaultPlace(url, f"{url}.evil.example/secrets?page=2"),
    ):
        with pytest.raises(RefusedError):
            await doubled.vault.page(wrong)


async def test_tags_are_replaced_and_nothing_else(side: Side, secret_name: str) -> None:
    stored = await store(side, secret_name, a="b")
    await side.vault.retag("app", secret_name, stored.version, {"c": "d"}, "secret")
    (newest,) = await side.vault.versions("app", secret_name)
    assert (newest.tags, newest.expires, newest.version) == ({"c": "d"}, ENDS, stored.version)


async def test_a_sixteenth_tag_is_refused(side: Side, secret_name: str) -> None:
    with pytest.raises(RefusedError):
        await store(side, secret_name, **{f"t{number}": "x" for number in range(15)})
    assert await side.vault.versions("app", secret_name) == ()


async def test_a_deleted_secret_holds_its_name_and_comes_back(side: Side, secret_name: str) -> None:
    stored = await store(side, secret_name, a="b")
    side.delete_secret(secret_name)
    assert await side.vault.versions("app", secret_name) == ()
    assert await side.vault.deleted_tags("app", secret_name) == stored.tags
    with pytest.raises(NotYetVisibleError) as refused:
        await store(side, secret_name)
    assert refused.value.took_effect is False
    await side.vault.recover("app", secret_name, "secret")
    assert await side.vault.versions("app", secret_name) == (stored,)


async def test_what_is_not_deleted_is_not_recovered(side: Side, secret_name: str) -> None:
    with pytest.raises(NotYetVisibleError):
        await side.vault.recover("app", secret_name, "secret")


async def test_a_disabled_version_is_shown_as_such_and_not_read(side: Side, secret_name: str) -> None:
    stored = await store(side, secret_name)
    side.disable_secret(secret_name)
    (newest,) = await side.vault.versions("app", secret_name)
    assert newest.enabled is False
    with pytest.raises(ForbiddenError):
        await side.vault.value("app", secret_name, stored.version)


async def test_an_unknown_version_is_not_visible(side: Side, secret_name: str) -> None:
    await store(side, secret_name)
    unknown = uuid4().hex
    with pytest.raises(NotYetVisibleError):
        await side.vault.value("app", secret_name, unknown)
    with pytest.raises(NotYetVisibleError):
        await side.vault.retag("app", secret_name, unknown, {"a": "b"}, "secret")
