"""Who is refused by Microsoft Graph, and what its refusals look like."""

from collections.abc import Generator
from datetime import datetime
from uuid import uuid4

import httpx
import pytest

from tests.contract.entra_http import Entra
from tests.contract.graph_http import ROOT, GraphHttp
from tests.contract.subject import Subject


@pytest.fixture
def nobody(graph: GraphHttp, entra: Entra, subject: Subject) -> Generator[GraphHttp]:
    """An application that signs in and has no permission at all."""
    application = graph.create_application()
    graph.create_principal(application["appId"])
    added = graph.post(f"/applications/{application['id']}/addPassword", {}, expected=200)
    nobody = GraphHttp(subject, entra, application["appId"], added["secretText"])
    with nobody.http:
        yield nobody


def test_an_error_names_the_request(graph: GraphHttp) -> None:
    mine = str(uuid4())
    answer = graph.call(404, "GET", f"/applications/{uuid4()}", headers={"client-request-id": mine})
    inner = answer.json()["error"]["innerError"]
    assert inner["client-request-id"] == mine
    assert inner["request-id"] == answer.headers["request-id"]
    assert datetime.fromisoformat(inner["date"]).tzinfo is None
    assert answer.headers["content-type"].startswith("application/json")


def test_without_a_token_nobody_is_served(subject: Subject) -> None:
    answer = subject.expect(401, lambda: httpx.get(f"{ROOT}/applications"))
    assert answer.json()["error"]["code"] == "InvalidAuthenticationToken"
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_token_for_somebody_else_is_refused(subject: Subject, entra: Entra) -> None:
    token = entra.token(subject.client_id, subject.client_secret, "https://vault.azure.net/.default")
    headers = {"Authorization": f"Bearer {token}"}
    answer = subject.expect(401, lambda: httpx.get(f"{ROOT}/applications", headers=headers))
    assert answer.json()["error"]["code"] == "InvalidAuthenticationToken"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/applications", None),
        ("POST", "/applications", {"displayName": "x"}),
        ("GET", "/oauth2PermissionGrants", None),
    ],
)
def test_without_the_permission_the_call_is_denied(nobody: GraphHttp, method: str, path: str, body: object) -> None:
    code, message = nobody.error(403, method, path, body)
    assert (code, message) == ("Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def test_a_body_that_is_not_json_is_a_bad_request(graph: GraphHttp, subject: Subject) -> None:
    headers = {"content-type": "application/json"}
    answer = subject.expect(400, lambda: graph.http.post(f"{ROOT}/applications", content="{", headers=headers))
    assert answer.json()["error"]["code"] == "BadRequest"


def test_an_unknown_property_is_a_bad_request(graph: GraphHttp) -> None:
    code, _ = graph.error(400, "POST", "/applications", {"displayName": "x", "displayNaem": "y"})
    assert code in ("BadRequest", "Request_BadRequest")
