"""Microsoft's own clients against the doubles over real sockets, without a word that tells them so."""

import base64
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path

import httpx
import pytest
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.identity import ClientSecretCredential, ManagedIdentityCredential
from azure.keyvault.secrets import SecretClient
from azure.keyvault.secrets._shared import http_challenge_cache

from devstack.config import Client
from devstack.doubles.faults import Fault, FaultKind
from devstack.doubles.keyvault.certificate_material import PEM, Policy, self_signed
from devstack.doubles.world import Weather
from tests.devstack.doubles.local import Local, doubles

TWINS = "https://digitaltwins.azure.net/.default"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Generator[Local]:
    with doubles(tmp_path_factory.mktemp("state")) as local:
        yield local


@pytest.fixture
def local(running: Local, monkeypatch: pytest.MonkeyPatch) -> Local:
    """The doubles as they were seeded, and the environment that leads to them."""
    httpx.post(f"{running.control}/reset", trust_env=False).raise_for_status()
    for name in ("HTTP_PROXY", "http_proxy", "https_proxy", "no_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name, value in running.environment.items():
        monkeypatch.setenv(name, value)
    return running


def credential(local: Local, client: Client) -> ClientSecretCredential:
    return ClientSecretCredential(local.config.tenant_id, client.client_id, client.client_secret)


@pytest.fixture
def vault(local: Local) -> Generator[SecretClient]:
    # The SDK keeps a vault's challenge, and so its tenant, per process: other tests have other tenants.
    http_challenge_cache.clear()
    with SecretClient(local.config.vault_url, credential(local, local.config.administrator)) as client:
        yield client


def test_a_client_secret(local: Local) -> None:
    with credential(local, local.config.clients["requester"]) as requester:
        assert requester.get_token(TWINS).expires_on > time.time() + 3000


def test_a_wrong_client_secret(local: Local) -> None:
    wrong = Client(client_id=local.config.clients["requester"].client_id, client_secret="wrong")
    with credential(local, wrong) as requester, pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
        requester.get_token(TWINS)


def test_an_unknown_tenant(local: Local) -> None:
    requester = local.config.clients["requester"]
    with (
        ClientSecretCredential("fabrikam.example", requester.client_id, requester.client_secret) as stranger,
        pytest.raises(ClientAuthenticationError, match="Unable to get authority configuration"),
    ):
        stranger.get_token(TWINS)


def test_a_managed_identity(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://127.0.0.1:{local.config.ports.identity}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", local.config.identity_header)
    with ManagedIdentityCredential(client_id=local.config.app.client_id) as identity:
        assert identity.get_token(TWINS).token
    assert local.world.calls["identity", "GET /msi/token"] == 1


def test_the_life_of_a_secret(vault: SecretClient) -> None:
    stored = vault.set_secret("db", "p", tags={"a": "b"}, content_type="text/plain")
    assert vault.get_secret("db").value == "p"
    changed = vault.update_secret_properties("db", tags={"c": "d"})
    assert (changed.tags, changed.version) == ({"c": "d"}, stored.properties.version)
    vault.set_secret("db", "q")
    assert len(list(vault.list_properties_of_secret_versions("db"))) == 2
    backup = vault.backup_secret("db")
    vault.begin_delete_secret("db", _polling_interval=0.01).wait()
    assert vault.get_deleted_secret("db").recovery_id
    with pytest.raises(ResourceExistsError) as taken:
        vault.set_secret("db", "r")
    assert taken.value.error is not None
    assert taken.value.error.innererror["code"] == "ObjectIsDeletedButRecoverable"
    vault.begin_recover_deleted_secret("db", _polling_interval=0.01).wait()
    vault.begin_delete_secret("db", _polling_interval=0.01).wait()
    vault.purge_deleted_secret("db")
    with pytest.raises(ResourceNotFoundError):
        vault.get_secret("db")
    assert vault.restore_secret_backup(backup).name == "db"


def test_lists_follow_their_links(vault: SecretClient) -> None:
    for number in range(27):
        vault.set_secret(f"s{number:02}", "v")
    assert [p.name for p in vault.list_properties_of_secrets()] == [f"s{number:02}" for number in range(27)]


def test_a_requester_may_only_read(local: Local, vault: SecretClient) -> None:
    vault.set_secret("db", "p")
    with SecretClient(local.config.vault_url, credential(local, local.config.clients["requester"])) as requester:
        assert requester.get_secret("db").value == "p"
        with pytest.raises(HttpResponseError) as refused:
            requester.set_secret("db", "q")
    assert refused.value.status_code == 403
    assert refused.value.error is not None
    assert refused.value.error.innererror["code"] == "ForbiddenByRbac"


def test_throttling_is_retried_by_the_sdk(local: Local, vault: SecretClient) -> None:
    vault.set_secret("db", "p")
    local.world.faults.add(Fault(service="keyvault", kind=FaultKind.THROTTLE, method="GET", retry_after=1))
    assert vault.get_secret("db").value == "p"
    assert local.world.calls["keyvault", "GET /secrets/{name}"] == 2


def test_a_lost_answer_is_a_dropped_connection_after_the_effect(local: Local, vault: SecretClient) -> None:
    vault.set_secret("db", "1")
    local.world.faults.add(Fault(service="keyvault", kind=FaultKind.LOST_ANSWER, method="PUT"))
    with pytest.raises((ServiceResponseError, ServiceRequestError)):
        vault.set_secret("db", "2", retry_total=0)
    assert vault.get_secret("db").value == "2"


def test_a_refused_call_has_no_effect(local: Local, vault: SecretClient) -> None:
    vault.set_secret("db", "1")
    local.world.faults.add(Fault(service="keyvault", kind=FaultKind.REFUSE, method="PUT"))
    with pytest.raises((ServiceResponseError, ServiceRequestError)):
        vault.set_secret("db", "2", retry_total=0)
    assert vault.get_secret("db").value == "1"


def test_a_lost_answer_in_httpx_and_the_connection_after_it(local: Local) -> None:
    tenant = local.config.tenant_id
    local.world.faults.add(Fault(service="entra", kind=FaultKind.LOST_ANSWER))
    with httpx.Client(base_url="https://login.microsoftonline.com") as http:
        with pytest.raises(httpx.TransportError):
            http.get(f"/{tenant}/discovery/v2.0/keys")
        assert http.get(f"/{tenant}/discovery/v2.0/keys").status_code == 200


def test_answers_are_not_held_back(local: Local) -> None:
    """With Nagle's algorithm on, every one of these would take 40 ms."""
    with httpx.Client(base_url="https://login.microsoftonline.com") as http:
        path = f"/{local.config.tenant_id}/discovery/v2.0/keys"
        assert min(_seconds(lambda: http.get(path)) for _ in range(20)) < 0.03


def _seconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def test_the_date_is_the_stack_clocks(local: Local) -> None:
    with httpx.Client() as http:
        answer = http.get("https://login.microsoftonline.com/common/discovery/instance")
    assert answer.headers["date"].startswith(f"{local.world.clock.now():%a, %d %b %Y}")


_ASYNC_CLIENTS = """
import asyncio, os, sys
from azure.core.exceptions import ServiceRequestError, ServiceResponseError
from azure.identity.aio import CertificateCredential, ClientSecretCredential
from azure.keyvault.secrets.aio import SecretClient
tenant, client, url, certificate = sys.argv[1:]

async def main():
    async with ClientSecretCredential(tenant, client, os.environ["SECRET"]) as credential:
        async with SecretClient(url, credential) as vault:
            await vault.set_secret("db", "p")
            assert (await vault.get_secret("db")).value == "p"
            assert [p.name async for p in vault.list_properties_of_secrets()] == ["db"]
            try:
                await vault.set_secret("lost", "1", retry_total=0)
            except (ServiceRequestError, ServiceResponseError):
                print("dropped")
            assert (await vault.get_secret("lost")).value == "1"
    async with CertificateCredential(tenant, client, certificate) as credential:
        assert (await credential.get_token("https://vault.azure.net/.default")).token
    print("done")

asyncio.run(main())
"""


def test_the_async_clients_in_a_process_of_their_own(local: Local, tmp_path: Path) -> None:
    pem = tmp_path / "client.pem"
    administrator = local.config.administrator
    _register_certificate(local, pem)
    # Two answers: aiohttp repeats a PUT by itself when a connection that was in use before dies.
    drop = Fault(service="keyvault", kind=FaultKind.LOST_ANSWER, method="PUT", path="/secrets/lost", times=2)
    local.world.faults.add(drop)
    finished = subprocess.run(
        [
            *(sys.executable, "-W", "error", "-c", _ASYNC_CLIENTS),
            *(local.config.tenant_id, administrator.client_id, local.config.vault_url, str(pem)),
        ],
        env=local.environment | {"SECRET": administrator.client_secret},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert finished.stdout.split() == ["dropped", "done"], finished.stderr


def _register_certificate(local: Local, pem: Path) -> None:
    """A certificate on the administrator's application, its key in `pem`."""
    policy = Policy.model_validate({"issuer": {"name": "Self"}, "x509_props": {"subject": "CN=admin"}})
    material = self_signed(policy, local.world.clock.now())
    pem.write_text(material.exported(PEM))
    application = local.world.primary().find("applications", "appId", local.config.administrator.client_id)[0]
    key = {"keyId": "1", "key": base64.b64encode(material.der).decode()}
    local.world.documents.put("applications", application["id"], application | {"keyCredentials": [key]})


def test_weather_and_clock_through_the_control_plane(local: Local) -> None:
    httpx.put(f"{local.control}/weather", json={"retryAfterSeconds": 7}, trust_env=False).raise_for_status()
    assert local.world.weather == Weather(retry_after_seconds=7)
    assert httpx.get(f"{local.control}/health", trust_env=False).json()["status"] == "ok"
