"""Microsoft's client for Python, synchronous and asynchronous, with nothing but a URL and a credential."""

from collections.abc import AsyncGenerator, Generator
from datetime import UTC, datetime

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.identity import ClientSecretCredential
from azure.identity.aio import ClientSecretCredential as AsyncClientSecretCredential
from azure.keyvault.secrets import SecretClient
from azure.keyvault.secrets.aio import SecretClient as AsyncSecretClient

from tests.contract.subject import Subject
from tests.contract.vault_http import VaultHttp

ENDS = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture
def secrets(subject: Subject) -> Generator[SecretClient]:
    with (
        ClientSecretCredential(subject.tenant_id, subject.client_id, subject.client_secret) as credential,
        SecretClient(subject.vault_url, credential) as client,
    ):
        yield client


@pytest.fixture
async def async_secrets(subject: Subject) -> AsyncGenerator[AsyncSecretClient]:
    async with (
        AsyncClientSecretCredential(subject.tenant_id, subject.client_id, subject.client_secret) as credential,
        AsyncSecretClient(subject.vault_url, credential) as client,
    ):
        yield client


def inner_code(error: HttpResponseError) -> str:
    assert error.error is not None
    return error.error.innererror["code"]


def test_a_secret_lives_dies_and_comes_back(secrets: SecretClient, vault: VaultHttp) -> None:
    name = vault.name()
    stored = secrets.set_secret(name, "1", expires_on=ENDS, content_type="text/plain", tags={"a": "b"})
    assert (stored.properties.expires_on, stored.properties.content_type) == (ENDS, "text/plain")
    changed = secrets.update_secret_properties(name, stored.properties.version, tags={"c": "d"})
    assert (changed.version, changed.tags) == (stored.properties.version, {"c": "d"})
    secrets.set_secret(name, "2")
    assert secrets.get_secret(name).value == "2"
    assert secrets.get_secret(name, stored.properties.version).value == "1"
    assert len(list(secrets.list_properties_of_secret_versions(name))) == 2
    secrets.begin_delete_secret(name).wait()
    assert secrets.get_deleted_secret(name).name == name
    with pytest.raises(ResourceExistsError) as taken:
        secrets.set_secret(name, "3")
    assert inner_code(taken.value) == "ObjectIsDeletedButRecoverable"
    secrets.begin_recover_deleted_secret(name).wait()
    assert secrets.get_secret(name).value == "2"


def test_a_purged_secret_is_gone(secrets: SecretClient, vault: VaultHttp) -> None:
    name = vault.name()
    secrets.set_secret(name, "1")
    secrets.begin_delete_secret(name).wait()
    secrets.purge_deleted_secret(name)
    with pytest.raises(ResourceNotFoundError):
        secrets.get_secret(name)


def test_a_disabled_version_is_refused_with_its_code(secrets: SecretClient, vault: VaultHttp) -> None:
    name = vault.name()
    version = secrets.set_secret(name, "1").properties.version
    secrets.update_secret_properties(name, version, enabled=False)
    with pytest.raises(HttpResponseError) as refused:
        secrets.get_secret(name, version)
    assert (refused.value.status_code, inner_code(refused.value)) == (403, "SecretDisabled")


async def test_the_asynchronous_client_does_the_same(async_secrets: AsyncSecretClient, vault: VaultHttp) -> None:
    name = vault.name()
    stored = await async_secrets.set_secret(name, "1", expires_on=ENDS, tags={"a": "b"})
    assert (await async_secrets.get_secret(name)).value == "1"
    assert stored.properties.expires_on == ENDS
    listed = [each.version async for each in async_secrets.list_properties_of_secret_versions(name)]
    assert listed == [stored.properties.version]
    deleted = await async_secrets.delete_secret(name)
    assert deleted.recovery_id is not None
    assert (await async_secrets.get_deleted_secret(name)).properties.tags == {"a": "b"}
    with pytest.raises(ResourceExistsError) as taken:
        await async_secrets.set_secret(name, "2")
    assert inner_code(taken.value) == "ObjectIsDeletedButRecoverable"
    await async_secrets.recover_deleted_secret(name)
    assert (await async_secrets.get_secret(name)).value == "1"
