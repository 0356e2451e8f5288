"""Client secrets behave like this in Microsoft Graph (Microsoft Learn, application-addpassword, -removepassword)."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID, uuid4

import pytest

from tests.contract.graph_http import GraphHttp, Json
from tests.contract.subject import Subject


@pytest.fixture
def application(graph: GraphHttp) -> Json:
    return graph.create_application()


@pytest.fixture
def passwords(graph: GraphHttp, application: Json) -> Callable[[], list[Json]]:
    """Reads the application's passwordCredentials."""
    return lambda: graph.get(f"/applications/{application['id']}?$select=passwordCredentials")["passwordCredentials"]


def add(graph: GraphHttp, application: Json, **fields: str) -> Json:
    return graph.post(f"/applications/{application['id']}/addPassword", {"passwordCredential": fields}, expected=200)


def test_a_new_secret_is_shown_with_its_key_and_hint(graph: GraphHttp, application: Json) -> None:
    added = add(graph, application, displayName="reg:1 text", endDateTime="2027-07-01T00:00:00Z")
    assert (added["displayName"], added["endDateTime"]) == ("reg:1 text", "2027-07-01T00:00:00Z")
    assert UUID(added["keyId"])
    assert 16 <= len(added["secretText"]) <= 64
    assert added["hint"] == added["secretText"][:3]


def test_a_secret_is_shown_once_only(
    graph: GraphHttp, application: Json, passwords: Callable[[], list[Json]], subject: Subject
) -> None:
    added = add(graph, application, displayName="once")

    def masked() -> None:
        listed = passwords()
        assert len(listed) == 1
        seen = listed[0]
        assert (seen["keyId"], seen["displayName"], seen["hint"]) == (added["keyId"], "once", added["hint"])
        assert seen["secretText"] is None

    subject.eventually(masked)


def test_a_secret_lives_two_years_unless_told_otherwise(graph: GraphHttp, application: Json) -> None:
    added = add(graph, application)
    start, end = (datetime.fromisoformat(added[name]) for name in ("startDateTime", "endDateTime"))
    assert (end.year - start.year, end.month) == (2, start.month)


def test_secrets_add_up(
    graph: GraphHttp, application: Json, passwords: Callable[[], list[Json]], subject: Subject
) -> None:
    keys = {add(graph, application, displayName="same name")["keyId"] for _ in range(2)}

    def both() -> None:
        assert {seen["keyId"] for seen in passwords()} == keys

    subject.eventually(both)


def test_a_secret_is_added_by_app_id_too(graph: GraphHttp, application: Json) -> None:
    path = f"/applications(appId='{application['appId']}')/addPassword"
    assert graph.post(path, {"passwordCredential": {"displayName": "x"}}, expected=200)["secretText"]


def test_a_removed_secret_is_gone(
    graph: GraphHttp, application: Json, passwords: Callable[[], list[Json]], subject: Subject
) -> None:
    kept, removed = add(graph, application), add(graph, application)
    answer = graph.call(204, "POST", f"/applications/{application['id']}/removePassword", {"keyId": removed["keyId"]})
    assert answer.content == b""

    def gone() -> None:
        assert [seen["keyId"] for seen in passwords()] == [kept["keyId"]]

    subject.eventually(gone)


def test_an_unknown_key_cannot_be_removed(graph: GraphHttp, application: Json) -> None:
    """The message is in maintained clients; that its status is 400 was reported by users."""
    path = f"/applications/{application['id']}/removePassword"
    code, message = graph.error(400, "POST", path, {"keyId": str(uuid4())})
    assert code == "Request_BadRequest"
    assert message.startswith("No password credential found with keyId")


def test_no_secret_is_made_by_a_patch(graph: GraphHttp, application: Json, passwords: Callable[[], list[Json]]) -> None:
    path = f"/applications/{application['id']}"
    code, _ = graph.error(400, "PATCH", path, {"passwordCredentials": [{"displayName": "x"}]})
    assert code == "Request_BadRequest"
    assert passwords() == []


def test_a_secret_of_nobody_is_not_added(graph: GraphHttp) -> None:
    path = f"/applications/{uuid4()}/addPassword"
    code, _ = graph.error(404, "POST", path, {"passwordCredential": {"displayName": "x"}})
    assert code == "Request_ResourceNotFound"
