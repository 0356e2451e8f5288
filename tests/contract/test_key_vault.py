"""Secrets behave like this in Key Vault (Microsoft Learn, about-secrets, soft-delete-overview, rest-error-codes)."""

import re
from collections.abc import Generator
from uuid import uuid4

import httpx
import pytest

from tests.contract.entra_http import Entra
from tests.contract.graph_http import GraphHttp
from tests.contract.subject import Subject
from tests.contract.vault_http import API_VERSION, VaultHttp, version_of


@pytest.fixture
def stranger(subject: Subject, graph: GraphHttp, entra: Entra) -> Generator[VaultHttp]:
    """An application that signs in and has no role on the vault."""
    application = graph.create_application()
    graph.create_principal(application["appId"])
    added = graph.post(f"/applications/{application['id']}/addPassword", {}, expected=200)
    stranger = VaultHttp(subject, entra, application["appId"], added["secretText"])
    with stranger.http:
        yield stranger


def test_the_challenge_says_where_to_get_a_token(subject: Subject) -> None:
    answer = httpx.get(f"{subject.vault_url}/secrets", params={"api-version": API_VERSION})
    assert answer.status_code == 401
    challenge = answer.headers["www-authenticate"]
    assert re.search(rf'authorization="https://login\.\S+/{subject.tenant_id}"', challenge)
    assert 'resource="https://vault.azure.net"' in challenge
    assert answer.json()["error"]["code"] == "Unauthorized"


def test_a_stored_secret_is_read_as_it_was_stored(vault: VaultHttp, subject: Subject) -> None:
    name = vault.name()
    begins, ends = 1_800_000_000, 1_900_000_000
    stored = vault.set(
        name, "v", tags={"a": "b"}, contentType="text/plain", attributes={"nbf": begins, "exp": ends, "enabled": True}
    )
    assert re.fullmatch(rf"{subject.vault_url}/secrets/{name}/[0-9a-f]{{32}}", stored["id"])
    read = vault.get(name)
    assert (read["value"], read["tags"], read["contentType"]) == ("v", {"a": "b"}, "text/plain")
    assert (read["attributes"]["nbf"], read["attributes"]["exp"]) == (begins, ends)
    assert {"created", "updated", "recoveryLevel", "recoverableDays"} <= read["attributes"].keys()


def test_storing_again_makes_a_new_version(vault: VaultHttp) -> None:
    name = vault.name()
    first, second = vault.set(name, "1"), vault.set(name, "2")
    assert vault.get(name)["value"] == "2"
    assert vault.get(name, version_of(first))["value"] == "1"
    versions = vault.versions(name)
    assert {version_of(each) for each in versions} == {version_of(first), version_of(second)}
    assert not any("value" in each for each in versions)


def test_a_list_shows_names_without_versions_and_values(vault: VaultHttp, subject: Subject) -> None:
    name = vault.name()
    vault.set(name, tags={"a": "b"})
    listed = vault.follow(vault.call(200, "GET", "/secrets").json())
    (found,) = [each for each in listed if each["id"] == f"{subject.vault_url}/secrets/{name}"]
    assert (found["tags"], "value" in found) == ({"a": "b"}, False)


def test_many_versions_come_in_pages(vault: VaultHttp) -> None:
    name = vault.name()
    stored = {version_of(vault.set(name, str(number))) for number in range(27)}
    assert vault.call(200, "GET", f"/secrets/{name}/versions").json()["nextLink"]
    assert {version_of(each) for each in vault.versions(name)} == stored


def test_fifteen_tags_are_kept_and_a_sixteenth_is_refused(vault: VaultHttp) -> None:
    name = vault.name()
    tags = {f"tag{number}": "x" for number in range(15)}
    assert vault.set(name, tags=tags)["tags"] == tags
    code, _ = vault.error(400, "PUT", f"/secrets/{name}", {"value": "v", "tags": tags | {"more": "x"}})
    assert code == "BadParameter"


def test_an_expired_secret_is_still_read(vault: VaultHttp) -> None:
    name = vault.name()
    vault.set(name, "late", attributes={"nbf": 1_000_000_000, "exp": 1_000_000_001})
    assert vault.get(name)["value"] == "late"


def test_a_disabled_version_is_not_read_and_the_others_are(vault: VaultHttp) -> None:
    name = vault.name()
    first, second = version_of(vault.set(name, "1")), version_of(vault.set(name, "2"))
    vault.call(200, "PATCH", f"/secrets/{name}/{first}", {"attributes": {"enabled": False}})
    assert vault.error(403, "GET", f"/secrets/{name}/{first}") == ("Forbidden", "SecretDisabled")
    assert vault.get(name, second)["value"] == "2"


def test_an_update_keeps_what_it_does_not_name(vault: VaultHttp) -> None:
    name = vault.name()
    version = version_of(vault.set(name, "v", contentType="text/plain", attributes={"exp": 1_900_000_000}))
    updated = vault.call(200, "PATCH", f"/secrets/{name}/{version}", {"tags": {"new": "tag"}}).json()
    assert (version_of(updated), "value" in updated) == (version, False)
    read = vault.get(name)
    assert (read["value"], read["tags"], read["contentType"]) == ("v", {"new": "tag"}, "text/plain")
    assert read["attributes"]["exp"] == 1_900_000_000


def test_an_unknown_secret_or_version_is_not_found(vault: VaultHttp) -> None:
    name = vault.name()
    assert vault.error(404, "GET", f"/secrets/{name}/")[0] == "SecretNotFound"
    vault.set(name)
    assert vault.error(404, "GET", f"/secrets/{name}/{uuid4().hex}")[0] == "SecretNotFound"


def test_a_name_has_letters_digits_and_hyphens(vault: VaultHttp) -> None:
    assert vault.error(400, "PUT", "/secrets/under_score", {"value": "v"})[0] == "BadParameter"


def test_a_value_has_25_kilobytes_at_most(vault: VaultHttp) -> None:
    name = vault.name()
    assert len(vault.set(name, "x" * 25_600)["value"]) == 25_600
    assert vault.error(400, "PUT", f"/secrets/{name}", {"value": "x" * 25_601})[0] == "BadParameter"


def test_a_deleted_secret_holds_its_name_and_shows_its_tags(vault: VaultHttp) -> None:
    name = vault.name()
    vault.set(name, tags={"a": "b"})
    deleted = vault.delete(name)
    assert {"recoveryId", "deletedDate", "scheduledPurgeDate"} <= deleted.keys()
    assert vault.error(404, "GET", f"/secrets/{name}/")[0] == "SecretNotFound"
    assert vault.call(200, "GET", f"/deletedsecrets/{name}").json()["tags"] == {"a": "b"}
    refused = vault.error(409, "PUT", f"/secrets/{name}", {"value": "v"})
    assert refused == ("Conflict", "ObjectIsDeletedButRecoverable")


def test_a_recovered_secret_has_all_its_versions(vault: VaultHttp, subject: Subject) -> None:
    name = vault.name()
    stored = {version_of(vault.set(name, value)) for value in "12"}
    vault.delete(name)
    vault.call(200, "POST", f"/deletedsecrets/{name}/recover")
    assert vault.get(name)["value"] == "2"
    assert {version_of(each) for each in vault.versions(name)} == stored

    def writable() -> None:
        assert version_of(vault.set(name, "3")) not in stored

    subject.eventually(writable)


def test_a_purged_name_is_free_again(vault: VaultHttp) -> None:
    name = vault.name()
    first = version_of(vault.set(name))
    vault.delete(name)
    assert vault.call(204, "DELETE", f"/deletedsecrets/{name}").content == b""
    assert vault.error(404, "GET", f"/deletedsecrets/{name}")[0] == "SecretNotFound"
    assert version_of(vault.set(name)) != first


def test_what_is_not_deleted_is_not_recovered(vault: VaultHttp) -> None:
    name = vault.name()
    assert vault.error(404, "POST", f"/deletedsecrets/{name}/recover")[0] == "SecretNotFound"


def test_without_a_role_nothing_is_read_or_written(vault: VaultHttp, stranger: VaultHttp) -> None:
    name = vault.name()
    vault.set(name)
    for method, path, body in (("GET", f"/secrets/{name}/", None), ("PUT", f"/secrets/{name}", {"value": "v"})):
        assert stranger.error(403, method, path, body) == ("Forbidden", "ForbiddenByRbac")


def test_a_call_names_its_api_version(vault: VaultHttp, subject: Subject) -> None:
    authorization = {"Authorization": vault.http.headers["Authorization"]}
    answer = httpx.get(f"{subject.vault_url}/secrets", headers=authorization)
    assert answer.status_code == 400
