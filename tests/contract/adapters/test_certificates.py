"""Certificates behind the ports `Vault`, `Directory` and `SignIn`."""

from datetime import timedelta
from uuid import uuid4

import pytest

from shared.core.errors import ForbiddenError, NotYetVisibleError, RefusedError
from shared.model.vault import VaultEntry
from tests.contract.adapters.registering import TWINS_URI, make_principal
from tests.contract.adapters.sides import DoubledSide, Side

MARK = "reg:0123 my text"


@pytest.fixture
def secret_name(name: str) -> str:
    return f"{name}--client-certificate"


async def make(side: Side, secret_name: str, months: int = 6, **tags: str) -> VaultEntry:
    entry = await side.vault.make_certificate("app", secret_name, subject="CN=app", months=months, tags=tags)
    assert entry is not None
    return entry


async def test_a_pair_is_made_and_described(side: Side, secret_name: str) -> None:
    made = await make(side, secret_name, a="b")
    assert made.type == "certificate"
    assert made.uri.endswith(f".vault.azure.net/secrets/{secret_name}")
    assert (made.enabled, made.tags, len(made.thumbprint)) == (True, {"a": "b"}, 40)
    assert made.expires is not None
    assert abs(made.expires - side.now() - timedelta(days=183)) < timedelta(days=3)
    assert await side.vault.versions("app", secret_name) == (made,)
    public = await side.vault.certificate("app", secret_name, made.version)
    assert public.thumbprint == made.thumbprint
    assert public.der


async def test_another_pair_is_another_version(side: Side, secret_name: str) -> None:
    first = await make(side, secret_name)
    side.advance(2)
    second = await make(side, secret_name)
    assert first.thumbprint != second.thumbprint
    assert await side.vault.versions("app", secret_name) == (first, second)


async def test_a_pair_is_imported_under_another_name_and_stays_the_same(side: Side, secret_name: str) -> None:
    made = await make(side, f"{secret_name}--pending")
    value = await side.vault.value("app", f"{secret_name}--pending", made.version)
    imported = await side.vault.import_certificate("app", secret_name, value, {"keyId": "k"})
    assert (imported.thumbprint, imported.expires, imported.tags) == (made.thumbprint, made.expires, {"keyId": "k"})
    assert await side.vault.versions("app", secret_name) == (imported,)


async def test_a_disabled_version_cannot_be_read_and_the_other_can(side: Side, secret_name: str) -> None:
    first = await make(side, secret_name)
    side.advance(2)
    second = await make(side, secret_name)
    await side.vault.disable("app", secret_name, first.version, "certificate")
    await side.vault.disable("app", secret_name, first.version, "certificate")
    disabled, other = await side.vault.versions("app", secret_name)
    assert (disabled.enabled, other.enabled) == (False, True)
    assert disabled.updated is not None
    assert disabled.created is not None
    assert disabled.updated > disabled.created
    with pytest.raises(ForbiddenError):
        await side.vault.value("app", secret_name, first.version)
    assert (await side.vault.value("app", secret_name, second.version)).reveal()


async def test_tags_are_replaced_whole(side: Side, secret_name: str) -> None:
    made = await make(side, secret_name, a="b")
    await side.vault.retag("app", secret_name, made.version, {"c": "d"}, "certificate")
    (entry,) = await side.vault.versions("app", secret_name)
    assert entry.tags == {"c": "d"}


async def test_its_secret_is_not_written_as_a_secret(side: Side, secret_name: str) -> None:
    made = await make(side, secret_name)
    with pytest.raises((RefusedError, ForbiddenError)):
        await side.vault.disable("app", secret_name, made.version, "secret")


async def test_a_certificate_signs_in_once_the_directory_knows_it(side: Side, name: str, secret_name: str) -> None:
    principal = await make_principal(side, name)
    made = await make(side, secret_name)
    value = await side.vault.value("app", secret_name, made.version)
    with pytest.raises(NotYetVisibleError):
        await side.sign_in.verify(principal.client_id, value, TWINS_URI, "certificate")
    public = await side.vault.certificate("app", secret_name, made.version)
    await side.directory.write_keys(principal.object_id, (), (public, MARK))
    await side.sign_in.verify(principal.client_id, value, TWINS_URI, "certificate")
    seen = await side.directory.application(name)
    assert seen is not None
    assert seen.keys == await side.directory.keys(principal.object_id)
    assert [(key.display_name, key.thumbprint) for key in seen.keys] == [(MARK, made.thumbprint)]
    listed = (await side.directory.changed_applications(None)).seen
    assert listed[name].keys == seen.keys
    await side.directory.write_keys(principal.object_id, ())
    with pytest.raises(NotYetVisibleError):
        await side.sign_in.verify(principal.client_id, value, TWINS_URI, "certificate")


async def test_what_is_on_the_list_stays_when_another_comes_and_goes(side: Side, name: str, secret_name: str) -> None:
    principal = await make_principal(side, name)
    first, second = await make(side, secret_name), await make(side, f"{secret_name}-2")
    value = await side.vault.value("app", secret_name, first.version)
    for entry in (first, second):
        public = await side.vault.certificate("app", entry.name, entry.version)
        keys = await side.directory.keys(principal.object_id)
        await side.directory.write_keys(principal.object_id, keys, (public, MARK))
    keys = await side.directory.keys(principal.object_id)
    assert [key.thumbprint for key in keys] == [first.thumbprint, second.thumbprint]
    await side.directory.write_keys(principal.object_id, keys[:1])
    assert await side.directory.keys(principal.object_id) == keys[:1]
    await side.sign_in.verify(principal.client_id, value, TWINS_URI, "certificate")


async def test_the_keys_of_an_unknown_application_are_unknown(side: Side) -> None:
    with pytest.raises(NotYetVisibleError):
        await side.directory.keys(str(uuid4()))


async def test_the_vault_is_told_never_to_renew(doubled: DoubledSide, secret_name: str) -> None:
    await make(doubled, secret_name)
    (policy,) = [
        version["policy"]
        for item in doubled.kept.view().scan("vaultCertificates")
        if item["name"] == secret_name
        for version in item["versions"]
    ]
    assert [action["action"]["action_type"] for action in policy["lifetime_actions"]] == ["EmailContacts"]
    assert policy["key_props"]["exportable"] is True
