"""Jira's REST API v3 over ASGI: issues, comments, the workflow and errors."""

from typing import Any

import pytest

from devstack.doubles.faults import Fault, FaultKind
from devstack.doubles.ticketing.jira.rules import is_document, plain_text
from tests.devstack.doubles.ticketing_systems import Systems

ISSUE = "/rest/api/3/issue"
NO_ISSUE = ["Issue does not exist or you do not have permission to see it."]


def text(words: str, *marks: dict[str, Any]) -> dict[str, Any]:
    return {"type": "text", "text": words} | ({"marks": list(marks)} if marks else {})


def node(kind: str, *content: Any, **attributes: Any) -> dict[str, Any]:
    return {"type": kind, "content": list(content)} | ({"attrs": attributes} if attributes else {})


def document(*content: Any) -> dict[str, Any]:
    return {"type": "doc", "version": 1, "content": list(content)}


def note(words: str) -> dict[str, Any]:
    return document(node("paragraph", text(words)))


async def test_an_issue_reads_with_its_fields(systems: Systems) -> None:
    form = {"uniqueName": "orders", "lifetimeDays": "180"}
    made = await systems.ticket("jira", variables=form, summary="Orders")
    answer = await systems.jira.get(f"{ISSUE}/{made['number']}")
    issue = answer.json()
    assert answer.status_code == 200
    assert issue["key"] == made["number"] == "REG-1"
    fields = issue["fields"]
    assert fields["summary"] == "Orders"
    assert (fields["status"]["name"], fields["status"]["statusCategory"]["key"]) == ("Waiting for approval", "new")
    assert fields["reporter"]["emailAddress"] == "ada@contoso.onmicrosoft.com"
    assert (fields["customfield_10101"], fields["customfield_10106"]) == ("orders", "180")
    assert (await systems.jira.get(f"{ISSUE}/{issue['id']}")).json() == issue
    some = await systems.jira.get(f"{ISSUE}/{made['number']}", params={"fields": "status"})
    assert some.json()["fields"].keys() == {"status"}


async def test_an_issue_is_made(systems: Systems) -> None:
    fields = {"project": {"key": "REG"}, "issuetype": {"name": "Service Request"}, "summary": "Orders"}
    answer = await systems.jira.post(ISSUE, json={"fields": fields | {"customfield_10101": "orders"}})
    assert answer.status_code == 201
    assert answer.json().keys() == {"id", "key", "self"}
    assert (await systems.control("GET", f"/tickets/{answer.json()['key']}"))["variables"] == {"uniqueName": "orders"}
    refused = await systems.jira.post(ISSUE, json={"fields": {"project": {"key": "NO"}}})
    assert refused.status_code == 400
    assert refused.json()["errors"].keys() == {"project", "summary", "issuetype"}


async def test_comments_are_paged_and_give_their_properties_back(systems: Systems) -> None:
    made = await systems.ticket("jira")
    url = f"{ISSUE}/{made['number']}/comment"
    for number in range(3):
        properties = [{"key": "registrar", "value": {"part": number}}]
        answer = await systems.jira.post(url, json={"body": note(f"part {number}"), "properties": properties})
        assert answer.status_code == 201
        assert answer.json()["body"] == note(f"part {number}")
        assert "properties" not in answer.json()
    newest = {"orderBy": "-created", "maxResults": "2", "startAt": "1", "expand": "properties"}
    page = (await systems.jira.get(url, params=newest)).json()
    assert (page["startAt"], page["maxResults"], page["total"]) == (1, 2, 3)
    assert [one["properties"] for one in page["comments"]] == [
        [{"key": "registrar", "value": {"part": 1}}],
        [{"key": "registrar", "value": {"part": 0}}],
    ]
    plain = (await systems.jira.get(url)).json()
    assert [plain_text(one["body"]) for one in plain["comments"]] == ["part 0\n", "part 1\n", "part 2\n"]
    assert all("properties" not in one and one["author"]["accountId"] for one in plain["comments"])
    assert (await systems.jira.get(url, params={"orderBy": "author"})).status_code == 400


LINK = {"type": "link", "attrs": {"href": "https://portal.azure.com"}}
CODE = {"type": "code"}


@pytest.mark.parametrize(
    "body",
    [
        document(),
        note("<script>alert(1)</script> [a|javascript:x]"),
        document(node("heading", text("Done"), level=2), {"type": "rule"}),
        document(node("bulletList", node("listItem", node("paragraph", text("a", {"type": "strong"}))))),
        document(node("panel", node("paragraph", text("b", LINK), {"type": "hardBreak"}), panelType="success")),
        document(
            {"type": "blockquote", "content": [node("paragraph", {"type": "emoji", "attrs": {"shortName": ":x:"}})]}
        ),
        document(node("codeBlock", text("x = 1"), language="python")),
        document(node("paragraph", text("id", CODE, LINK))),
        document(node("table", node("tableRow", node("tableCell", node("paragraph"))))),
    ],
)
async def test_documents_are_taken_as_they_are(systems: Systems, body: dict[str, Any]) -> None:
    made = await systems.ticket("jira")
    answer = await systems.jira.post(f"{ISSUE}/{made['number']}/comment", json={"body": body})
    assert (answer.status_code, answer.json()["body"]) == (201, body)


NO_DOCUMENTS: list[dict[str, Any]] = [
    {},
    {"type": "doc", "version": 1},
    {"type": "doc", "version": 2, "content": []},
    {"type": "doc", "version": True, "content": []},
    {"type": "paragraph", "content": []},
    note("") | {"attrs": {}, "extra": 1},
    document(text("bare")),
    document("bare"),
    document(node("paragraph", text(""))),
    document(node("paragraph", node("paragraph"))),
    document(node("paragraph", {"type": "text", "text": 5})),
    document(node("paragraph", text("a", {"type": "blink"}))),
    document(node("paragraph", text("a", CODE, {"type": "strong"}))),
    document(node("paragraph", text("a", {"type": "link"}))),
    document(node("paragraph", text("a", CODE, CODE))),
    document(node("paragraph", text("a"), onclick="x")),
    document(node("heading", text("a"), level=7)),
    document(node("heading", text("a"))),
    document(node("panel", node("paragraph"), panelType="loud")),
    document(node("codeBlock", text("a", {"type": "strong"}))),
    document(node("bulletList")),
    document(node("script", text("a"))),
    document({"type": "rule", "content": []}),
    document({"type": "paragraph", "content": None}),
    document({"content": []}),
]
"""Objects that break a rule of the format each."""


@pytest.mark.parametrize("body", NO_DOCUMENTS)
async def test_what_is_no_document_is_refused(systems: Systems, body: dict[str, Any]) -> None:
    made = await systems.ticket("jira")
    answer = await systems.jira.post(f"{ISSUE}/{made['number']}/comment", json={"body": body})
    assert (answer.status_code, answer.json()["errorMessages"]) == (400, ["INVALID_INPUT"])
    assert not is_document(body)
    assert (await systems.control("GET", f"/tickets/{made['number']}"))["notes"] == []


async def test_other_bodies_of_comments(systems: Systems) -> None:
    made = await systems.ticket("jira")
    url = f"{ISSUE}/{made['number']}/comment"
    bodies: list[object] = ["words", None, []]
    for body in bodies:
        answer = await systems.jira.post(url, json={"body": body})
        assert answer.status_code == 400
        assert answer.json() == {"errorMessages": [], "errors": {"comment": "Comment body is not valid!"}}
    long = await systems.jira.post(url, json={"body": note("x" * 32_768)})
    assert (long.status_code, long.json()["errorMessages"]) == (400, ["CONTENT_LIMIT_EXCEEDED"])
    wrong: list[object] = ["x", [{}], [{"key": "", "value": 1}], [{"key": "a"}]]
    for properties in wrong:
        assert (await systems.jira.post(url, json={"body": note("a"), "properties": properties})).status_code == 400
    assert (await systems.jira.post(url, content="{")).status_code == 415
    bad = await systems.jira.post(url, content="{", headers={"Content-Type": "application/json"})
    assert bad.status_code == 400
    assert bad.json().keys() == {"errorMessages", "errors"}


async def test_the_workflow_knows_its_ways(systems: Systems) -> None:
    made = await systems.ticket("jira")
    url = f"{ISSUE}/{made['number']}/transitions"
    listed = (await systems.jira.get(url)).json()["transitions"]
    assert {edge["name"]: edge["to"]["name"] for edge in listed} == {
        "Approve": "Approved",
        "Decline": "Declined",
        "Fail": "Failed",
    }
    refused = await systems.jira.post(url, json={"transition": {"id": "41"}})
    assert refused.status_code == 400
    assert "(Done) that is not valid for the current state" in refused.json()["errorMessages"][0]
    assert (await systems.jira.post(url, json={"transition": {"id": "999"}})).status_code == 400
    assert (await systems.jira.post(url, json={})).status_code == 400
    for edge in ("11", "31", "41"):
        moved = await systems.jira.post(url, json={"transition": {"id": edge}})
        assert (moved.status_code, moved.content) == (204, b"")
    assert (await systems.jira.get(url)).json()["transitions"] == []
    assert (await systems.control("GET", f"/tickets/{made['number']}"))["state"] == "Done"


async def test_who_is_not_known_sees_nothing(systems: Systems) -> None:
    made = await systems.ticket("jira")
    url = f"{ISSUE}/{made['number']}"
    anonymous = await systems.client().get(url)
    assert (anonymous.status_code, anonymous.json()["errorMessages"]) == (404, NO_ISSUE)
    wrong = await systems.client((systems.config.ticketing.jira_user, "guess")).get(url)
    assert (wrong.status_code, wrong.headers["x-seraph-loginreason"]) == (401, "AUTHENTICATED_FAILED")


def test_the_text_of_a_document() -> None:
    body = document(node("paragraph", text("a"), {"type": "hardBreak"}, text("b", CODE)), node("codeBlock", text("c")))
    assert plain_text(body) == "a\nb\nc\n"


async def test_what_is_not_there(systems: Systems) -> None:
    for method, path in (("GET", f"{ISSUE}/REG-9"), ("POST", f"{ISSUE}/REG-9/comment")):
        gone = await systems.jira.request(method, path, json={"body": note("a")})
        assert (gone.status_code, gone.json()) == (404, {"errorMessages": NO_ISSUE, "errors": {}})
    assert (await systems.jira.get("/rest/api/3/project")).status_code == 404
    assert (await systems.jira.delete(f"{ISSUE}/REG-9")).status_code == 405


async def test_jira_can_be_away_while_servicenow_is_there(systems: Systems) -> None:
    made, item = await systems.ticket("jira"), await systems.ticket()
    systems.world.faults.add(Fault(service="jira", kind=FaultKind.ERROR, status=503))
    systems.world.faults.add(Fault(service="jira", kind=FaultKind.THROTTLE, retry_after=3))
    url = f"{ISSUE}/{made['number']}/comment"
    away = await systems.jira.post(url, json={"body": note("a")})
    assert (await systems.servicenow.get(f"/api/now/table/sc_req_item/{item['id']}")).status_code == 200
    throttled = await systems.jira.post(url, json={"body": note("a")})
    assert (away.status_code, throttled.status_code, throttled.headers["retry-after"]) == (503, 429, "3")
    assert (await systems.jira.get(url)).json()["total"] == 0
    labels = [call.label for call in systems.world.journal.since(0) if call.service == "jira"]
    assert labels == ["POST /rest/api/3/issue/{key}/comment"] * 2 + ["GET /rest/api/3/issue/{key}/comment"]
