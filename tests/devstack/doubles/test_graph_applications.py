"""Applications on the Graph double: create, upsert, read, change, delete."""

import re
from datetime import timedelta
from typing import Any

import pytest

from devstack.doubles.world import World
from tests.devstack.doubles.graph_tenant import CREATE_IF_MISSING, NOWHERE, Caller, error


async def test_a_bare_create_answers_the_defaults_in_the_services_order(admin: Caller) -> None:
    answer = await admin.post("/applications", {"displayName": "demo"})
    assert answer.status_code == 201
    body = answer.json()
    assert list(body)[:4] == ["@odata.context", "id", "deletedDateTime", "appId"]
    assert list(body)[-2:] == ["web", "spa"]
    assert body["signInAudience"] == "AzureADMyOrg"
    assert body["api"]["requestedAccessTokenVersion"] is None
    assert body["publisherDomain"] == "contoso.onmicrosoft.com"
    assert not [name for name in body if name.startswith("_")]
    assert answer.headers["location"].endswith(
        f"/directoryObjects/{body['id']}/Microsoft.DirectoryServices.Application"
    )


async def test_a_create_has_digits_that_a_read_has_not(admin: Caller, world: World) -> None:
    created = await admin.create_application()
    read = (await admin.get(f"/applications/{created['id']}")).json()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,7}Z", created["createdDateTime"])
    assert read["createdDateTime"] == created["createdDateTime"][:19] + "Z"


async def test_display_names_are_not_unique(admin: Caller) -> None:
    assert (await admin.create_application())["id"] != (await admin.create_application())["id"]


async def test_an_upsert_creates_then_updates(admin: Caller) -> None:
    path = "/applications(uniqueName='orders')"
    first = await admin.patch(path, {"displayName": "Orders"}, **CREATE_IF_MISSING)
    assert (first.status_code, first.json()["uniqueName"]) == (201, "orders")
    second = await admin.patch(path, {"displayName": "Orders 2"}, **CREATE_IF_MISSING)
    assert (second.status_code, second.content) == (204, b"")
    assert "content-type" not in second.headers
    read = (await admin.get(f"{path}?$select=id,displayName")).json()
    assert (read["id"], read["displayName"]) == (first.json()["id"], "Orders 2")
    assert set(read) == {"@odata.context", "id", "displayName"}


async def test_without_the_header_an_unknown_unique_name_is_not_created(admin: Caller) -> None:
    answer = await admin.patch("/applications(uniqueName='orders')", {"displayName": "Orders"})
    assert error(answer) == (
        404,
        "Request_ResourceNotFound",
        "Resource 'orders' does not exist or one of its queried reference-property objects are not present.",
    )


async def test_an_upsert_needs_a_display_name_and_takes_no_secret(admin: Caller) -> None:
    path = "/applications(uniqueName='orders')"
    nameless = await admin.patch(path, {"notes": "x"}, **CREATE_IF_MISSING)
    assert error(nameless)[2] == "A value is required for property 'displayName' of resource 'Application'."
    secret = {"displayName": "Orders", "passwordCredentials": [{"displayName": "x"}]}
    assert error(await admin.patch(path, secret, **CREATE_IF_MISSING))[:2] == (400, "Request_BadRequest")


async def test_a_unique_name_is_taken_even_by_a_deleted_application(admin: Caller) -> None:
    created = await admin.create_application(uniqueName="orders")
    taken = (
        400,
        "Request_BadRequest",
        "Another object with the same value for property uniqueName already exists.",
    )
    assert error(await admin.post("/applications", {"displayName": "x", "uniqueName": "ORDERS"})) == taken
    assert (await admin.delete(f"/applications/{created['id']}")).status_code == 204
    upsert = await admin.patch("/applications(uniqueName='orders')", {"displayName": "x"}, **CREATE_IF_MISSING)
    assert error(upsert) == taken
    assert (await admin.delete(f"/directory/deletedItems/{created['id']}")).status_code == 204
    again = await admin.patch("/applications(uniqueName='orders')", {"displayName": "x"}, **CREATE_IF_MISSING)
    assert again.status_code == 201


async def test_a_unique_name_can_be_set_once(admin: Caller) -> None:
    path = f"/applications/{(await admin.create_application())['id']}"
    assert (await admin.patch(path, {"uniqueName": "orders"})).status_code == 204
    assert (await admin.patch(path, {"uniqueName": "orders"})).status_code == 204
    assert (await admin.patch(path, {"uniqueName": "other"})).status_code == 400


async def test_keys_are_quoted_and_percent_encoded(admin: Caller) -> None:
    path = "/Applications(uniqueName='o''neil%20%2F%20sons')"
    created = await admin.patch(path, {"displayName": "x"}, **CREATE_IF_MISSING)
    assert created.json()["uniqueName"] == "o'neil / sons"
    by_key = await admin.get("/applications(uniqueName='o%27%27neil %2f sons')")
    assert by_key.json()["id"] == created.json()["id"]
    by_id = await admin.get(f"/applications('{created.json()['id'].upper()}')")
    assert by_id.json()["uniqueName"] == "o'neil / sons"
    assert error(await admin.get("/applications(displayName='x')"))[:2] == (400, "BadRequest")


async def test_a_patch_replaces_collections_and_merges_complex_properties(admin: Caller) -> None:
    created = await admin.create_application(
        tags=["a", "b"],
        web={"redirectUris": ["https://a.example/cb"], "implicitGrantSettings": {"enableIdTokenIssuance": True}},
    )
    path = f"/applications/{created['id']}"
    await admin.patch(path, {"tags": ["c"], "web": {"redirectUris": ["https://b.example/cb"]}})
    read = (await admin.get(path)).json()
    assert read["tags"] == ["c"]
    assert read["web"] == {
        "homePageUrl": None,
        "logoutUrl": None,
        "redirectUris": ["https://b.example/cb"],
        "implicitGrantSettings": {"enableAccessTokenIssuance": False, "enableIdTokenIssuance": True},
        "redirectUriSettings": [{"uri": "https://b.example/cb", "index": None}],
    }
    await admin.patch(path, {"publicClient": {"redirectUris": ["http://localhost"]}, "isFallbackPublicClient": True})
    read = (await admin.get(path)).json()
    assert read["publicClient"] == {"redirectUris": ["http://localhost"]}
    assert read["isFallbackPublicClient"] is True


ACCESS = {"id": "4589bd03-58cb-4e6c-b17f-b580e39652f8", "type": "Scope"}
TWINS = "0b07f429-9f4b-4714-9392-cc5e8e80c8b0"

PERSONAL = {"signInAudience": "AzureADandPersonalMicrosoftAccount", "api": {"requestedAccessTokenVersion": 2}}

ILLEGAL: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown property": ({"colour": "red"}, "Invalid property 'colour'."),
    "an unknown property inside": ({"web": {"redirectUrls": []}}, "Invalid property 'redirectUrls'."),
    "a read-only property": ({"appId": NOWHERE}, "Property 'appId' is read-only and cannot be set."),
    "an unknown audience": (
        {"signInAudience": "Everybody"},
        "Invalid value specified for property 'signInAudience' of resource 'Application'.",
    ),
    "a string for a list": (
        {"tags": "a"},
        "An unexpected 'PrimitiveValue' node was found when reading from the JSON reader. "
        "A 'StartArray' node was expected.",
    ),
    "a string for a boolean": (
        {"isFallbackPublicClient": "yes"},
        "Cannot convert the literal 'yes' to the expected type 'Edm.Boolean'.",
    ),
    "a scope id that is no GUID": (
        {"requiredResourceAccess": [{"resourceAppId": TWINS, "resourceAccess": [{"id": "x", "type": "Scope"}]}]},
        "Cannot convert the literal 'x' to the expected type 'Edm.Guid'.",
    ),
    "an access type that is neither scope nor role": (
        {"requiredResourceAccess": [{"resourceAppId": TWINS, "resourceAccess": [{**ACCESS, "type": "Both"}]}]},
        "Invalid value specified for property 'type' of resource 'ResourceAccess'.",
    ),
    "the same API twice": (
        {"requiredResourceAccess": [{"resourceAppId": TWINS, "resourceAccess": [ACCESS]}] * 2},
        "The request contains a property with duplicate values.",
    ),
    "a plain http redirect URI": (
        {"web": {"redirectUris": ["http://app.example/cb"]}},
        "Invalid value specified for property 'redirectUris' of resource 'WebApplication'.",
    ),
    "a custom scheme on the single-page platform": (
        {"spa": {"redirectUris": ["myapp://auth"]}},
        "Invalid value specified for property 'redirectUris' of resource 'SpaApplication'.",
    ),
    "a redirect URI on two platforms": (
        {"web": {"redirectUris": ["https://a.example"]}, "spa": {"redirectUris": ["https://a.example"]}},
        "The request contains a property with duplicate values.",
    ),
    "a tag with a blank": (
        {"tags": ["a b"]},
        "Invalid value specified for property 'tags' of resource 'Application'.",
    ),
    "a URN on the public client platform": (
        {"publicClient": {"redirectUris": ["urn:ietf:wg:oauth:2.0:oob"]}},
        "Invalid value specified for property 'redirectUris' of resource 'PublicClientApplication'.",
    ),
    "a query in a redirect URI for personal accounts": (
        {**PERSONAL, "web": {"redirectUris": ["https://a.example/cb?a=b"]}},
        "Invalid value specified for property 'redirectUris' of resource 'WebApplication'.",
    ),
    "personal accounts without the version of tokens that they need": (
        {"signInAudience": "PersonalMicrosoftAccount"},
        "Invalid value specified for property 'requestedAccessTokenVersion' of resource 'ApiApplication'.",
    ),
    "a reserved word where other tenants sign in": (
        {"signInAudience": "AzureADMultipleOrgs", "displayName": "Not Microsoft's"},
        "Invalid value specified for property 'displayName' of resource 'Application'.",
    ),
    "a name of 121 characters": (
        {"displayName": "x" * 121},
        "Invalid value specified for property 'displayName' of resource 'Application'.",
    ),
    "a foreign host in an identifier URI": (
        {"identifierUris": ["https://other.example/api"]},
        "Values of identifierUris property must use a verified domain of the organization or its subdomain: "
        "'https://other.example/api'",
    ),
    "a key id of one's own": (
        {"passwordCredentials": [{"keyId": NOWHERE}]},
        "Property 'keyId' is read-only and cannot be set.",
    ),
}


@pytest.mark.parametrize(("fields", "message"), ILLEGAL.values(), ids=ILLEGAL.keys())
async def test_a_create_is_refused_for(admin: Caller, fields: dict[str, object], message: str) -> None:
    answer = await admin.post("/applications", {"displayName": "demo", **fields})
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, message)
    assert (await admin.get("/applications")).json()["value"] == []


async def test_custom_schemes_and_loopback_suit_public_clients(admin: Caller) -> None:
    uris = ["http://localhost", "http://127.0.0.1:8400/cb", "myapp://auth", "https://a.example"]
    created = await admin.create_application(publicClient={"redirectUris": uris})
    assert set(created["publicClient"]["redirectUris"]) == set(uris)


async def test_what_has_no_order_comes_back_in_another_than_it_was_written_in(admin: Caller) -> None:
    """And in the same each time: a fault that rests on it can be seen again."""
    uris = [f"https://app.contoso.example/{number}" for number in range(4)]
    created = await admin.create_application(web={"redirectUris": uris}, spa={"redirectUris": ["https://a.example"]})
    assert created["web"]["redirectUris"] != uris
    assert sorted(created["web"]["redirectUris"]) == uris
    path = f"/applications/{created['id']}"
    assert (await admin.get(path)).json()["web"] == created["web"]
    await admin.patch(path, {"web": {"redirectUris": created["web"]["redirectUris"]}})
    assert sorted((await admin.get(path)).json()["web"]["redirectUris"]) == uris


async def test_a_scope_and_a_role_of_one_value_share_an_id_and_no_others_do(admin: Caller) -> None:
    role = {"id": NOWHERE, "displayName": "R", "description": "R", "value": "Read", "allowedMemberTypes": ["User"]}
    scope = {"id": NOWHERE, "value": "Read", "type": "User", "isEnabled": True}
    created = await admin.create_application(appRoles=[role], api={"oauth2PermissionScopes": [scope]})
    assert created["api"]["oauth2PermissionScopes"][0]["id"] == created["appRoles"][0]["id"] == NOWHERE
    for other in ({**scope, "id": "88888888-8888-4888-8888-888888888888"}, {**scope, "value": "Write"}):
        body = {"displayName": "demo", "appRoles": [role], "api": {"oauth2PermissionScopes": [other]}}
        assert (await admin.post("/applications", body)).status_code == 400


async def test_single_page_applications_take_the_scheme_of_a_broker(admin: Caller) -> None:
    created = await admin.create_application(spa={"redirectUris": ["brk-multihub://a.example"]})
    assert created["spa"]["redirectUris"] == ["brk-multihub://a.example"]


@pytest.mark.parametrize(
    ("platform", "uri"),
    [
        ("spa", "brk-multihub://a.example/path"),
        ("spa", "brk-multihub://"),
        ("web", "brk-multihub://a.example"),
        ("spa", "msauth.com.contoso.app://auth"),
        ("publicClient", "msal{clientId}://auth"),
        ("web", "https://a.example/{clientId}"),
    ],
)
async def test_a_scheme_in_the_wrong_place_and_braces_are_refused(admin: Caller, platform: str, uri: str) -> None:
    answer = await admin.post("/applications", {"displayName": "demo", platform: {"redirectUris": [uri]}})
    assert answer.status_code == 400


async def test_an_enabled_scope_must_be_disabled_before_it_goes(admin: Caller) -> None:
    scope = {"id": NOWHERE, "value": "Read", "type": "User", "isEnabled": True}
    created = await admin.create_application(api={"oauth2PermissionScopes": [scope]})
    path = f"/applications/{created['id']}"
    none: dict[str, Any] = {"api": {"oauth2PermissionScopes": []}}
    assert error(await admin.patch(path, none))[:2] == (400, "CannotDeleteOrUpdateEnabledEntitlement")
    await admin.patch(path, {"api": {"oauth2PermissionScopes": [{**scope, "isEnabled": False}]}})
    assert (await admin.patch(path, none)).status_code == 204
    assert (await admin.get(path)).json()["api"]["oauth2PermissionScopes"] == []


async def test_roles_and_claims_come_back_filled_in(admin: Caller) -> None:
    role = {"id": NOWHERE, "displayName": "R", "description": "R", "value": "r", "allowedMemberTypes": ["User"]}
    created = await admin.create_application(
        appRoles=[role], optionalClaims={"idToken": [{"name": "email"}], "accessToken": [], "saml2Token": []}
    )
    assert created["appRoles"] == [{**role, "isEnabled": True, "origin": "Application"}]
    assert created["optionalClaims"]["idToken"] == [
        {"additionalProperties": [], "essential": False, "name": "email", "source": None}
    ]


async def test_a_deleted_application_takes_its_principal_along_and_can_be_restored(admin: Caller) -> None:
    created = await admin.create_application()
    principal = await admin.create_principal(created["appId"])
    assert (await admin.delete(f"/applications(appId='{created['appId']}')")).status_code == 204
    assert (await admin.get(f"/applications/{created['id']}")).status_code == 404
    assert (await admin.get(f"/servicePrincipals/{principal['id']}")).status_code == 404
    listed = (await admin.get("/directory/deletedItems/microsoft.graph.application")).json()["value"]
    assert [item["id"] for item in listed] == [created["id"]]
    restored = await admin.post(f"/directory/deletedItems/{created['id']}/restore")
    assert restored.status_code == 200
    assert restored.json()["@odata.type"] == "#microsoft.graph.application"
    assert (await admin.get(f"/applications/{created['id']}")).json()["deletedDateTime"] is None
    assert (await admin.get(f"/servicePrincipals/{principal['id']}")).status_code == 404
    assert (await admin.post(f"/directory/deletedItems/{principal['id']}/restore")).status_code == 200
    assert (await admin.get(f"/servicePrincipals/{principal['id']}")).status_code == 200


async def test_thirty_days_after_deletion_nothing_can_be_restored(admin: Caller, world: World) -> None:
    created = await admin.create_application(uniqueName="orders")
    await admin.delete(f"/applications/{created['id']}")
    world.clock.advance(timedelta(days=31))
    assert (await admin.post(f"/directory/deletedItems/{created['id']}/restore")).status_code == 404
    assert (await admin.create_application(uniqueName="orders"))["uniqueName"] == "orders"
