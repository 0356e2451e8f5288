"""Federated identity credentials on the Graph double."""

import pytest

from devstack.doubles.documents import Document
from tests.devstack.doubles.graph_tenant import CREATE_IF_MISSING, Caller, error

GITHUB = {
    "name": "main-branch",
    "issuer": "https://token.actions.githubusercontent.com",
    "subject": "repo:contoso/orders:ref:refs/heads/main",
    "audiences": ["api://AzureADTokenExchange"],
}


@pytest.fixture
async def path(admin: Caller) -> str:
    created = await admin.create_application(uniqueName="orders")
    return f"/applications/{created['id']}/federatedIdentityCredentials"


async def test_a_credential_is_made_read_changed_and_removed(admin: Caller, path: str) -> None:
    made = await admin.post(path, GITHUB)
    assert made.status_code == 201
    body = made.json()
    assert list(body) == ["@odata.context", "id", "name", "issuer", "subject", "description", "audiences"]
    for key in (f"/{body['id']}", "/main-branch", "(name='main-branch')"):
        assert (await admin.get(path + key)).json()["subject"] == GITHUB["subject"]
    assert (await admin.patch(f"{path}/{body['id']}", {"description": "d"})).status_code == 204
    assert [item["description"] for item in (await admin.get(path)).json()["value"]] == ["d"]
    assert (await admin.delete(f"{path}/main-branch")).status_code == 204
    missing = await admin.get(f"{path}/main-branch")
    assert error(missing) == (
        404,
        "Request_ResourceNotFound",
        "FederatedIdentityCredential with name main-branch not found.",
    )


async def test_an_upsert_by_name_creates_then_updates(admin: Caller) -> None:
    path = "/applications(uniqueName='orders')/federatedIdentityCredentials(name='main-branch')"
    await admin.create_application(uniqueName="orders")
    fields = {name: value for name, value in GITHUB.items() if name != "name"}
    assert (await admin.patch(path, fields)).status_code == 404
    first = await admin.patch(path, fields, **CREATE_IF_MISSING)
    assert (first.status_code, first.json()["name"]) == (201, "main-branch")
    second = await admin.patch(path, {**fields, "description": "d"}, **CREATE_IF_MISSING)
    assert (second.status_code, (await admin.get(path)).json()["description"]) == (204, "d")


async def test_names_and_subjects_are_unique_within_the_application(admin: Caller, path: str) -> None:
    await admin.post(path, GITHUB)
    same_name = await admin.post(path, {**GITHUB, "subject": "other"})
    assert error(same_name) == (
        409,
        "Request_MultipleObjectsWithSameKeyValue",
        "FederatedIdentityCredential with name main-branch already exists.",
    )
    assert error(await admin.post(path, {**GITHUB, "name": "other"}))[:2] == (400, "Request_BadRequest")


@pytest.mark.parametrize(
    "change",
    [
        {"name": "with blanks"},
        {"audiences": []},
        {"audiences": ["a", "b"]},
        {"subject": "x" * 601},
        {"issuer": "http://plain.example"},
        {"colour": "red"},
    ],
)
async def test_a_credential_is_refused_for(admin: Caller, path: str, change: Document) -> None:
    assert error(await admin.post(path, GITHUB | change))[:2] == (400, "Request_BadRequest")


async def test_a_credential_cannot_be_renamed(admin: Caller, path: str) -> None:
    await admin.post(path, GITHUB)
    assert (await admin.patch(f"{path}/main-branch", {"name": "other"})).status_code == 400


async def test_the_twenty_first_credential_is_too_many(admin: Caller, path: str) -> None:
    for number in range(20):
        each = {**GITHUB, "name": f"name-{number}", "subject": f"subject-{number}"}
        assert (await admin.post(path, each)).status_code == 201
    assert error(await admin.post(path, GITHUB))[:2] == (403, "Directory_ResourceSizeExceeded")
