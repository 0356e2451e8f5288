"""Applications behave like this in Microsoft Graph (Microsoft Learn, application-*, unless a test says otherwise)."""

from uuid import UUID, uuid4

from tests.contract.graph_http import MICROSOFT_GRAPH, ROOT, USER_READ, GraphHttp
from tests.contract.subject import Subject


def test_a_bare_application_has_its_ids_and_nothing_else(graph: GraphHttp) -> None:
    made = graph.create_application(displayName="bare")
    assert UUID(made["id"]) != UUID(made["appId"])
    assert (made["displayName"], made["signInAudience"], made["uniqueName"]) == ("bare", "AzureADMyOrg", None)
    for collection in ("tags", "identifierUris", "requiredResourceAccess", "passwordCredentials", "keyCredentials"):
        assert made[collection] == []


def test_an_upsert_creates_what_is_missing_and_shows_it(graph: GraphHttp, subject: Subject) -> None:
    name = subject.unique()
    made = graph.upsert_application(name, 201, displayName="first").json()
    assert (made["uniqueName"], made["displayName"]) == (name, "first")
    assert graph.get(f"/applications/{made['id']}")["appId"] == made["appId"]


def test_an_upsert_updates_what_is_there_and_shows_nothing(graph: GraphHttp, subject: Subject) -> None:
    name = subject.unique()
    made = graph.upsert_application(name, 201, displayName="first").json()
    again = graph.upsert_application(name, 204, displayName="second")
    assert (again.content, "content-type" in again.headers) == (b"", False)

    def renamed() -> None:
        assert graph.get(f"/applications/{made['id']}")["displayName"] == "second"

    subject.eventually(renamed)


def test_a_patch_without_the_preference_never_creates(graph: GraphHttp, subject: Subject) -> None:
    path = f"/applications(uniqueName='{subject.unique()}')"
    assert graph.error(404, "PATCH", path, {"displayName": "x"})[0] == "Request_ResourceNotFound"


def test_an_upsert_needs_a_display_name(graph: GraphHttp, subject: Subject) -> None:
    path = f"/applications(uniqueName='{subject.unique()}')"
    code, _ = graph.error(400, "PATCH", path, {"tags": ["x"]}, Prefer="create-if-missing")
    assert code == "Request_BadRequest"


def test_a_unique_name_stays_reserved_while_its_application_is_soft_deleted(graph: GraphHttp, subject: Subject) -> None:
    name = subject.unique()
    made = graph.upsert_application(name, 201).json()
    graph.delete(f"/applications/{made['id']}")
    refused = graph.upsert_application(name, 400).json()["error"]
    assert refused["code"] == "Request_BadRequest"
    assert refused["message"] == "Another object with the same value for property uniqueName already exists."
    graph.delete(f"/directory/deletedItems/{made['id']}")
    assert graph.upsert_application(name, 201).json()["appId"] != made["appId"]


def test_a_unique_name_is_taken_for_a_post_too(graph: GraphHttp, subject: Subject) -> None:
    name = subject.unique()
    graph.upsert_application(name, 201)
    code, message = graph.error(400, "POST", "/applications", {"displayName": "x", "uniqueName": name})
    assert (code, "uniqueName already exists" in message) == ("Request_BadRequest", True)


def test_a_unique_name_never_changes(graph: GraphHttp, subject: Subject) -> None:
    made = graph.upsert_application(subject.unique(), 201).json()
    code, _ = graph.error(400, "PATCH", f"/applications/{made['id']}", {"uniqueName": subject.unique()})
    assert code == "Request_BadRequest"


def test_two_applications_may_share_a_display_name(graph: GraphHttp) -> None:
    first, second = (graph.create_application(displayName="twins") for _ in range(2))
    assert first["appId"] != second["appId"]


def test_every_key_leads_to_the_same_application(graph: GraphHttp, subject: Subject) -> None:
    name = subject.unique()
    made = graph.upsert_application(name, 201).json()
    keys = (f"/{made['id']}", f"(appId='{made['appId']}')", f"(uniqueName='{name}')")
    assert {graph.get(f"/applications{key}?$select=id")["id"] for key in keys} == {made["id"]}


def test_an_unknown_application_is_not_found(graph: GraphHttp) -> None:
    nobody = str(uuid4())
    code, message = graph.error(404, "GET", f"/applications/{nobody}")
    assert code == "Request_ResourceNotFound"
    assert message.startswith(f"Resource '{nobody}' does not exist or one of its queried reference-property")


def test_required_resource_access_is_replaced_whole(graph: GraphHttp, subject: Subject) -> None:
    def asks(*ids: str) -> list[dict[str, object]]:
        return [{"resourceAppId": MICROSOFT_GRAPH, "resourceAccess": [{"id": i, "type": "Scope"} for i in ids]}]

    made = graph.create_application(requiredResourceAccess=asks(USER_READ))
    path = f"/applications/{made['id']}"
    openid = "37f7f235-527c-4136-accd-4a02d197296e"
    for wanted in (asks(openid), []):
        graph.patch(path, {"requiredResourceAccess": wanted})

        def replaced(wanted: list[dict[str, object]] = wanted) -> None:
            assert graph.get(path)["requiredResourceAccess"] == wanted

        subject.eventually(replaced)


def test_complex_properties_merge_one_level_deep(graph: GraphHttp, subject: Subject) -> None:
    made = graph.create_application(
        web={"redirectUris": ["https://a.example/cb"], "implicitGrantSettings": {"enableIdTokenIssuance": True}},
        spa={"redirectUris": ["https://spa.example/"]},
    )
    path = f"/applications/{made['id']}"
    graph.patch(path, {"web": {"redirectUris": ["https://b.example/cb"]}})

    def merged() -> None:
        read = graph.get(path)
        assert read["web"]["redirectUris"] == ["https://b.example/cb"]
        assert read["web"]["implicitGrantSettings"]["enableIdTokenIssuance"] is True
        assert read["spa"]["redirectUris"] == ["https://spa.example/"]

    subject.eventually(merged)


def test_an_update_leaves_alone_what_it_does_not_name(graph: GraphHttp, subject: Subject) -> None:
    made = graph.create_application(
        tags=["one"], isFallbackPublicClient=True, publicClient={"redirectUris": ["http://localhost"]}
    )
    path = f"/applications/{made['id']}"
    graph.patch(path, {"displayName": "renamed"})

    def kept() -> None:
        read = graph.get(path)
        assert (read["displayName"], read["tags"], read["isFallbackPublicClient"]) == ("renamed", ["one"], True)
        assert read["publicClient"]["redirectUris"] == ["http://localhost"]

    subject.eventually(kept)


def test_tags_are_replaced_whole_and_found(graph: GraphHttp, subject: Subject) -> None:
    old, new = subject.unique("old"), subject.unique("new")
    made = graph.create_application(tags=[old])
    graph.patch(f"/applications/{made['id']}", {"tags": [new]})

    def found() -> None:
        assert graph.get(f"/applications/{made['id']}")["tags"] == [new]
        page = graph.get(f"/applications?$filter=tags/any(t:t eq '{new}')&$select=id")
        assert [app["id"] for app in page["value"]] == [made["id"]]

    subject.eventually(found)


def test_select_answers_with_these_properties_only(graph: GraphHttp) -> None:
    made = graph.create_application()
    read = graph.get(f"/applications/{made['id']}?$select=id,displayName")
    assert {name for name in read if not name.startswith("@")} == {"id", "displayName"}


def test_a_filter_by_display_name_takes_quotes_doubled(graph: GraphHttp, subject: Subject) -> None:
    name = f"O'Neil {subject.unique()}"
    made = graph.create_application(displayName=name)
    quoted = name.replace("'", "''")

    def found() -> None:
        page = graph.get(f"/applications?$filter=displayName eq '{quoted}'")
        assert [app["id"] for app in page["value"]] == [made["id"]]

    subject.eventually(found)


def test_a_filter_without_a_match_is_an_empty_list(graph: GraphHttp, subject: Subject) -> None:
    assert graph.get(f"/applications?$filter=displayName eq '{subject.unique()}'")["value"] == []


def test_lists_come_in_pages_whose_links_are_followed(graph: GraphHttp, subject: Subject) -> None:
    prefix = subject.unique()
    made = {graph.create_application(displayName=f"{prefix} {number}")["id"] for number in range(3)}

    def paged() -> None:
        first = graph.get(f"/applications?$filter=startswith(displayName,'{prefix}')&$top=2&$select=id")
        assert len(first["value"]) == 2
        assert "@odata.nextLink" in first
        link = first["@odata.nextLink"]
        assert link.startswith(ROOT)
        second = graph.http.get(link).raise_for_status().json()
        assert "@odata.nextLink" not in second
        assert {app["id"] for app in (*first["value"], *second["value"])} == made

    subject.eventually(paged)


def test_a_deleted_application_lies_among_the_deleted_items_and_comes_back(graph: GraphHttp, subject: Subject) -> None:
    made = graph.upsert_application(subject.unique(), 201).json()
    graph.delete(f"/applications/{made['id']}")
    graph.get(f"/applications/{made['id']}", expected=404)
    listed = graph.get("/directory/deletedItems/microsoft.graph.application?$select=id,uniqueName&$top=999")
    assert (made["id"], made["uniqueName"]) in {(app["id"], app["uniqueName"]) for app in listed["value"]}
    graph.post(f"/directory/deletedItems/{made['id']}/restore", expected=200)
    assert graph.get(f"/applications/{made['id']}")["uniqueName"] == made["uniqueName"]
