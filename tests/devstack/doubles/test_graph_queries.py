"""Query options on the Graph double: filters, selection, sorting, search, counts and pages."""

from typing import Any
from urllib.parse import quote

import pytest

from devstack.doubles.graph.templates import new_application
from devstack.doubles.world import World
from tests.devstack.doubles.graph_tenant import EVENTUAL, Caller, error

TENANT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"


@pytest.fixture(autouse=True)
def applications(world: World) -> None:
    """Four applications whose names tell them apart."""
    for number, (name, fields) in enumerate(
        {
            "Alpha one": {"tags": ["red", "registrar"], "uniqueName": "alpha", "description": "the first"},
            "alpha two": {"identifierUris": ["api://two"], "createdDateTime": "2020-01-01T00:00:00Z"},
            "Beta": {"signInAudience": "AzureADMultipleOrgs", "tags": ["blue"]},
            "O'Neil": {"passwordCredentials": [{"keyId": "k", "endDateTime": "2026-12-01T00:00:00Z"}]},
        }.items()
    ):
        application = new_application(world.tenant, world.clock.now(), name) | fields
        application["id"] = application["appId"] = f"{number}0000000-0000-4000-8000-000000000000"
        world.documents.put("applications", application["id"], application)


async def names(admin: Caller, query: str, **headers: str) -> list[str]:
    answer = await admin.get(f"/applications?{query}", **headers)
    assert answer.status_code == 200, answer.text
    return [item["displayName"] for item in answer.json()["value"]]


FILTERS = {
    "displayName eq 'ALPHA ONE'": ["Alpha one"],
    "displayName eq 'O''Neil'": ["O'Neil"],
    "startswith(displayName,'alpha')": ["Alpha one", "alpha two"],
    "displayName in ('Beta', 'nothing', 'O''Neil')": ["Beta", "O'Neil"],
    "appId eq '20000000-0000-4000-8000-000000000000'": ["Beta"],
    "id eq '20000000-0000-4000-8000-000000000000' or uniqueName eq 'alpha'": ["Alpha one", "Beta"],
    "uniqueName eq null and signInAudience eq 'AzureADMyOrg'": ["alpha two", "O'Neil"],
    "tags/any(t:t eq 'registrar')": ["Alpha one"],
    "tags/any(t: startswith(t, 'b'))": ["Beta"],
    "identifierUris/any(s:s eq 'api://two')": ["alpha two"],
    "createdDateTime le 2021-01-01T00:00:00Z": ["alpha two"],
    "startsWith(displayName,'alpha') and (uniqueName eq 'alpha' or description eq 'x')": ["Alpha one"],
    "displayName eq 'nobody'": [],
}


@pytest.mark.parametrize(("condition", "found"), FILTERS.items(), ids=FILTERS.keys())
async def test_a_filter_finds(admin: Caller, condition: str, found: list[str]) -> None:
    assert await names(admin, f"$filter={quote(condition)}") == found
    assert await names(admin, f"filter={quote(condition)}") == found


ADVANCED = {
    "displayName ne 'Beta'": (
        ["Alpha one", "alpha two", "O'Neil"],
        "Unsupported property filter clause operator 'NotEqualsMatch'.",
    ),
    "not startswith(displayName, 'alpha')": (["Beta", "O'Neil"], "Unsupported Query."),
    "endswith(displayName, 'two')": (
        ["alpha two"],
        "Unsupported property filter clause operator 'EndsWithMatch'.",
    ),
    "passwordCredentials/any(p:p/endDateTime le 2027-01-01T00:00:00Z)": (
        ["O'Neil"],
        "Complex query on property passwordCredentials is not supported.",
    ),
}


@pytest.mark.parametrize(("condition", "outcome"), ADVANCED.items(), ids=ADVANCED.keys())
async def test_an_advanced_filter_needs_header_and_count(
    admin: Caller, condition: str, outcome: tuple[list[str], str]
) -> None:
    found, refusal = outcome
    query = f"$filter={quote(condition)}"
    assert await names(admin, f"{query}&$count=true", **EVENTUAL) == found
    for refused in (
        await admin.get(f"/applications?{query}", **EVENTUAL),
        await admin.get(f"/applications?{query}&$count=true"),
    ):
        assert error(refused) == (400, "Request_UnsupportedQuery", refusal)


BROKEN = {
    "displayName eq": "BadRequest",
    "displayName eq 'x' and": "BadRequest",
    "displayName = 'x'": "BadRequest",
    "displayName eq 'x": "BadRequest",
    "(displayName eq 'x'": "BadRequest",
    "colour eq 'red'": "BadRequest",
    "displayName eq 5": "BadRequest",
    "displayName eq 10000000-0000-4000-8000-000000000000": "BadRequest",
    "tags/any(t:u eq 'x')": "BadRequest",
    "contains(displayName,'x')": "BadRequest",
    "notes eq 'x'": "Request_UnsupportedQuery",
    "startswith(signInAudience,'x')": "Request_UnsupportedQuery",
}


@pytest.mark.parametrize(("condition", "code"), BROKEN.items(), ids=BROKEN.keys())
async def test_a_filter_is_refused(admin: Caller, condition: str, code: str) -> None:
    assert error(await admin.get(f"/applications?$filter={quote(condition)}"))[:2] == (400, code)


async def test_guid_properties_are_compared_with_bare_guids(admin: Caller) -> None:
    query = f"/servicePrincipals?$count=true&$filter=appOwnerOrganizationId eq {TENANT}"
    assert (await admin.get(query, **EVENTUAL)).status_code == 200
    quoted = f"/servicePrincipals?$count=true&$filter=appOwnerOrganizationId eq '{TENANT}'"
    assert "incompatible types" in error(await admin.get(quoted, **EVENTUAL))[2]


async def test_principals_are_found_by_their_names(admin: Caller) -> None:
    application = await admin.create_application(identifierUris=["api://contoso.onmicrosoft.com/x"])
    principal = await admin.create_principal(application["appId"])
    for name in (application["appId"], "api://contoso.onmicrosoft.com/x"):
        query = quote(f"servicePrincipalNames/any(c:c eq '{name}')")
        listed = (await admin.get(f"/servicePrincipals?$filter={query}")).json()["value"]
        assert [item["id"] for item in listed] == [principal["id"]]


async def test_only_what_is_selected_is_shown(admin: Caller) -> None:
    body = (await admin.get("/applications?$select=appId,DisplayName&$top=1")).json()
    assert body["@odata.context"].endswith("/$metadata#applications(appId,displayName)")
    assert body["value"] == [{"appId": "00000000-0000-4000-8000-000000000000", "displayName": "Alpha one"}]
    unknown = await admin.get("/applications?$select=colour")
    assert error(unknown)[1] == "BadRequest"


async def test_pages_are_linked_by_opaque_links_that_keep_the_query(admin: Caller) -> None:
    seen: list[str] = []
    path = "/applications?$select=displayName&$top=3"
    while path:
        body: dict[str, Any] = (await admin.get(path)).json()
        seen += [item["displayName"] for item in body["value"]]
        assert all(set(item) == {"displayName"} for item in body["value"])
        path = body.get("@odata.nextLink", "").partition("/v1.0")[2]
        if len(seen) == 3:
            await admin.delete("/applications/00000000-0000-4000-8000-000000000000")
    assert seen == ["Alpha one", "alpha two", "Beta", "O'Neil"]


@pytest.mark.parametrize(("top", "status"), [("999", 200), ("1000", 400), ("0", 400), ("x", 400)])
async def test_pages_have_one_to_999_objects(admin: Caller, top: str, status: int) -> None:
    assert (await admin.get(f"/applications?$top={top}")).status_code == status


async def test_a_page_has_a_hundred_objects_unless_told(admin: Caller, world: World) -> None:
    for number in range(100):
        extra = new_application(world.tenant, world.clock.now(), f"extra {number}")
        world.documents.put("applications", extra["id"], extra)
    body = (await admin.get("/applications")).json()
    assert (len(body["value"]), "@odata.nextLink" in body) == (100, True)


async def test_counting_needs_the_header(admin: Caller) -> None:
    assert (await admin.get("/applications?$count=true&$top=1", **EVENTUAL)).json()["@odata.count"] == 4
    assert "@odata.count" not in (await admin.get("/applications?$count=true")).json()
    counted = await admin.get("/applications/$count?$filter=startswith(displayName,'alpha')", **EVENTUAL)
    assert (counted.text, counted.headers["content-type"]) == ("2", "text/plain; charset=utf-8")
    assert error(await admin.get("/applications/$count"))[:2] == (400, "Request_UnsupportedQuery")


async def test_sorting(admin: Caller) -> None:
    assert await names(admin, "$orderby=displayName desc") == ["O'Neil", "Beta", "alpha two", "Alpha one"]
    filtered = "$filter=startswith(displayName,'alpha')&$orderby=displayName desc"
    refused = await admin.get(f"/applications?{filtered}")
    assert error(refused)[2] == "Sorting not supported for current query."
    assert await names(admin, f"{filtered}&$count=true", **EVENTUAL) == ["alpha two", "Alpha one"]


async def test_searching_finds_words_by_their_beginnings(admin: Caller) -> None:
    assert await names(admin, '$search="displayName:alp"', **EVENTUAL) == ["Alpha one", "alpha two"]
    both = '$search="displayName:alpha" AND "description:fir"'
    assert await names(admin, both, **EVENTUAL) == ["Alpha one"]
    either = '$search="displayName:beta" OR "tags:red"'
    assert await names(admin, either, **EVENTUAL) == ["Alpha one", "Beta"]
    assert error(await admin.get('/applications?$search="displayName:alp"'))[1] == "Request_UnsupportedQuery"


@pytest.mark.parametrize("query", ["$skip=1", "$wish=1", "$expand=colour", "$skiptoken=x", "$orderby=colour"])
async def test_an_option_is_refused(admin: Caller, query: str) -> None:
    assert (await admin.get(f"/applications?{query}")).status_code == 400


async def test_objects_of_several_types_are_got_by_their_ids(admin: Caller) -> None:
    ids = [admin.object_id, "00000000-0000-4000-8000-000000000000", TENANT]
    answer = await admin.post("/directoryObjects/getByIds", {"ids": ids})
    assert "location" in answer.headers
    found = [(item["@odata.type"], item["id"]) for item in answer.json()["value"]]
    assert found == [("#microsoft.graph.servicePrincipal", ids[0]), ("#microsoft.graph.application", ids[1])]
    only = await admin.post("/directoryObjects/getByIds", {"ids": ids, "types": ["application"]})
    assert [item["id"] for item in only.json()["value"]] == ids[1:2]
    one = (await admin.get(f"/directoryObjects/{admin.object_id}")).json()
    assert one["@odata.type"] == "#microsoft.graph.servicePrincipal"


async def test_the_organization_is_the_tenant(admin: Caller, world: World) -> None:
    (organization,) = (await admin.get("/organization")).json()["value"]
    assert (organization["id"], organization["verifiedDomains"][0]["name"]) == (
        world.tenant.id,
        world.tenant.domain,
    )
