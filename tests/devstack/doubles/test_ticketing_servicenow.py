"""ServiceNow's Table API over ASGI: records, journals, queries and errors."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from devstack.doubles.faults import Fault, FaultKind
from devstack.doubles.ticketing.servicenow.journal import shown_as_html
from devstack.doubles.world import Weather
from tests.devstack.doubles.ticketing_systems import Systems

ITEMS, JOURNAL = "/api/now/table/sc_req_item", "/api/now/table/sys_journal_field"
NOT_AUTHENTICATED = {"message": "User Not Authenticated", "detail": "Required to provide Auth information"}
NO_RECORD = {"message": "No Record found", "detail": "Record doesn't exist or ACL restricts the record retrieval"}


async def result(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()["result"]


async def notes(systems: Systems, query: str, **asked: str) -> list[str]:
    found = await result(await systems.servicenow.get(JOURNAL, params={"sysparm_query": query} | asked))
    return [row["value"] for row in found]


async def test_a_ticket_reads_as_a_record_of_strings(systems: Systems) -> None:
    made = await systems.ticket(variables={"unique_name": "orders"}, summary="An app")
    record = await result(await systems.servicenow.get(f"{ITEMS}/{made['id']}"))
    assert record["number"] == made["number"] == "RITM0010001"
    assert (record["state"], record["approval"], record["active"]) == ("1", "requested", "true")
    assert len(record["sys_id"]) == 32
    assert record["requested_for"]["link"].startswith("https://localhost/api/now/table/sys_user/")
    assert (record["work_notes"], record["comments"], record["approved_by"]) == ("", "", "")
    assert not any(name.startswith("_") for name in record)


async def test_what_is_shown_can_be_chosen(systems: Systems) -> None:
    made = await systems.ticket(variables={"unique_name": "orders"})
    url = f"{ITEMS}/{made['id']}"
    some = {"sysparm_fields": "number,state,requested_for.email,variables.unique_name,nonsense"}
    asker = "ada@contoso.onmicrosoft.com"
    plain = {"number": made["number"], "state": "1", "requested_for.email": asker, "variables.unique_name": "orders"}
    assert await result(await systems.servicenow.get(url, params=some)) == plain
    display = await result(await systems.servicenow.get(url, params=some | {"sysparm_display_value": "true"}))
    assert display == plain | {"state": "Open"}
    both = {"sysparm_fields": "state", "sysparm_display_value": "all"}
    assert await result(await systems.servicenow.get(url, params=both)) == {
        "state": {"value": "1", "display_value": "Open"}
    }
    bare = {"sysparm_fields": "requested_for", "sysparm_exclude_reference_link": "true"}
    assert len((await result(await systems.servicenow.get(url, params=bare)))["requested_for"]) == 32


async def test_a_ticket_is_made_and_found_by_its_number(systems: Systems) -> None:
    body = {"short_description": "An app", "requested_for": "ada@contoso.onmicrosoft.com", "variables": {"api": "x"}}
    answer = await systems.servicenow.post(ITEMS, json=body)
    made = await result(answer, 201)
    assert answer.headers["location"].endswith(f"{ITEMS}/{made['sys_id']}")
    await systems.ticket()
    found = await systems.servicenow.get(ITEMS, params={"sysparm_query": f"number={made['number']}"})
    assert [record["sys_id"] for record in await result(found)] == [made["sys_id"]]
    assert found.headers["x-total-count"] == "1"
    assert await result(await systems.servicenow.get(ITEMS, params={"sysparm_query": "number=RITM1"})) == []


async def test_journal_fields_are_appended_to_and_have_no_value(systems: Systems) -> None:
    made = await systems.ticket()
    url = f"{ITEMS}/{made['id']}"
    for text in ("first", "second", ""):
        changed = await result(await systems.servicenow.patch(url, json={"work_notes": text}))
        assert changed["work_notes"] == ""
        systems.world.clock.advance(timedelta(seconds=1))
    await systems.servicenow.patch(url, json={"comments": "for everybody", "work_notes": None})
    mine = f"element_id={made['id']}^element=work_notes"
    assert await notes(systems, f"{mine}^ORDERBYsys_created_on") == ["first", "second"]
    assert await notes(systems, f"{mine}^ORDERBYDESCsys_created_on", sysparm_limit="1") == ["second"]
    assert await notes(systems, f"element_id={made['id']}^element=comments") == ["for everybody"]
    shown = {"sysparm_fields": "work_notes", "sysparm_display_value": "true"}
    text = (await result(await systems.servicenow.get(url, params=shown)))["work_notes"]
    assert text.index("second") < text.index("first")
    assert "registrar.integration (Work notes)\nsecond" in text


async def test_rows_of_the_journal_are_whole_and_cannot_be_written(systems: Systems) -> None:
    made = await systems.ticket()
    await systems.servicenow.patch(f"{ITEMS}/{made['id']}", json={"work_notes": "it is done"})
    row = (await result(await systems.servicenow.get(JOURNAL)))[0]
    assert row.keys() == {
        *("sys_id", "name", "element", "element_id", "value"),
        *("sys_created_on", "sys_created_by", "sys_tags"),
    }
    assert (row["name"], row["element"], row["element_id"]) == ("sc_req_item", "work_notes", made["id"])
    for refused in (
        await systems.servicenow.post(JOURNAL, json={"element_id": made["id"], "value": "forged"}),
        await systems.servicenow.patch(f"{JOURNAL}/{row['sys_id']}", json={"value": "forged"}),
    ):
        assert refused.status_code == 403
        assert refused.json()["error"]["message"] == "Operation Failed"
    assert await result(await systems.servicenow.get(f"{JOURNAL}/{row['sys_id']}")) == row


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("valueLIKEpart 2", {"Part 2 of 3"}),
        ("valueSTARTSWITHpart", {"Part 1 of 3", "Part 2 of 3"}),
        ("value!=other^valueNOTAFIELD", {"Part 1 of 3", "Part 2 of 3"}),
        ("elementINcomments,work_notes^valueLIKEOTHER", {"other"}),
        ("valueISEMPTY", set[str]()),
        ("valueISNOTEMPTY^EQ^value=never read", {"Part 1 of 3", "Part 2 of 3", "other"}),
        ("no_such_field=x", {"Part 1 of 3", "Part 2 of 3", "other"}),
    ],
)
async def test_queries(systems: Systems, query: str, expected: set[str]) -> None:
    made = await systems.ticket()
    for text in ("Part 1 of 3", "Part 2 of 3", "other"):
        await systems.servicenow.patch(f"{ITEMS}/{made['id']}", json={"work_notes": text})
    if "NOTAFIELD" in query:
        answer = await systems.servicenow.get(JOURNAL, params={"sysparm_query": query})
        assert (answer.status_code, answer.json()["error"]["message"]) == (400, "Not in the local stack")
    else:
        assert set(await notes(systems, query)) == expected


async def test_states_are_numbers_or_labels_where_those_are_announced(systems: Systems) -> None:
    made = await systems.ticket()
    url = f"{ITEMS}/{made['id']}"
    label = {"state": "Closed Complete"}
    assert (await result(await systems.servicenow.patch(url, json={"state": "2"})))["state"] == "2"
    closed = await result(
        await systems.servicenow.patch(url, json=label, params={"sysparm_input_display_value": "true"})
    )
    assert (closed["state"], closed["active"], closed["sys_mod_count"]) == ("3", "false", "2")
    assert closed["closed_at"]
    pending = await result(await systems.servicenow.patch(url, json={"state": -5, "no_such_field": "x"}))
    assert (pending["state"], pending["active"], pending["closed_at"]) == ("-5", "true", "")
    assert "no_such_field" not in pending


async def test_who_is_not_known_gets_nothing(systems: Systems) -> None:
    made = await systems.ticket()
    for nobody in (systems.client(), systems.client((systems.config.ticketing.servicenow_user, "guess"))):
        refused = await nobody.get(f"{ITEMS}/{made['id']}")
        assert (refused.status_code, refused.json()) == (401, {"error": NOT_AUTHENTICATED, "status": "failure"})
        assert refused.headers["www-authenticate"] == 'BASIC realm="Service-now"'
    odd = await systems.client().get(ITEMS, headers={"Authorization": "Basic !"})
    assert odd.status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "content", "kind", "status", "message"),
    [
        ("GET", f"{ITEMS}/0", "", "", 404, "No Record found"),
        ("PATCH", f"{ITEMS}/0", "{}", "application/json", 404, "No Record found"),
        ("GET", "/api/now/table/incident", "", "", 400, "Invalid table incident"),
        ("POST", ITEMS, "{", "application/json", 400, "Exception while reading request"),
        ("POST", ITEMS, "[]", "application/json", 400, "Exception while reading request"),
        ("POST", ITEMS, "a=b", "text/plain", 415, "Unsupported media type"),
        ("DELETE", ITEMS, "", "", 400, "Requested URI does not represent any resource"),
        ("GET", "/api/now/stats", "", "", 400, "Requested URI does not represent any resource"),
    ],
)
async def test_errors(
    systems: Systems, method: str, path: str, content: str, kind: str, status: int, message: str
) -> None:
    headers = {"Content-Type": kind} if kind else {}
    answer = await systems.servicenow.request(method, path, content=content, headers=headers)
    assert (answer.status_code, answer.json()["error"]["message"]) == (status, message)
    assert answer.json()["status"] == "failure"
    if status == 404:
        assert answer.json()["error"] == NO_RECORD


async def test_a_locked_ticket_can_be_read_and_not_written(systems: Systems) -> None:
    made = await systems.ticket(isLocked=True)
    assert (await systems.servicenow.get(f"{ITEMS}/{made['id']}")).status_code == 200
    refused = await systems.servicenow.patch(f"{ITEMS}/{made['id']}", json={"work_notes": "x"})
    assert refused.status_code == 403
    assert refused.json()["error"]["detail"] == "ACL Exception Update Failed due to security constraints"
    assert (await systems.control("GET", f"/tickets/{made['number']}"))["notes"] == []


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("<b>bold</b> & more", "&lt;b&gt;bold&lt;/b&gt; &amp; more"),
        (
            "[code]<a href='https://evil.example'>click</a>[/code] <i>",
            "<a href='https://evil.example'>click</a> &lt;i&gt;",
        ),
        ("[CODE]<b>\n</b>[/Code]", "<b>\n</b>"),
        ("[code] without an end <b>", "[code] without an end &lt;b&gt;"),
    ],
)
async def test_what_stands_in_code_tags_becomes_markup(systems: Systems, text: str, html: str) -> None:
    made = await systems.ticket()
    await systems.servicenow.patch(f"{ITEMS}/{made['id']}", json={"work_notes": text})
    note = (await systems.control("GET", f"/tickets/{made['number']}"))["notes"][0]
    assert (note["text"], note["html"]) == (text, html)
    assert shown_as_html(text) == html


async def test_calls_are_labelled_with_their_table(systems: Systems) -> None:
    made = await systems.ticket()
    await systems.servicenow.patch(f"{ITEMS}/{made['id']}", json={})
    await systems.servicenow.get(JOURNAL)
    await systems.servicenow.get("/api/now/table/incident")
    assert [(call.service, call.label, call.status) for call in systems.world.journal.since(0)] == [
        ("servicenow", "PATCH /api/now/table/sc_req_item/{sys_id}", 200),
        ("servicenow", "GET /api/now/table/sys_journal_field", 200),
        ("servicenow", "GET /api/now/table/{table}", 400),
    ]


async def test_faults_and_weather_reach_it(systems: Systems) -> None:
    made = await systems.ticket()
    url, note = f"{ITEMS}/{made['id']}", {"work_notes": "told once"}
    systems.world.faults.add(Fault(service="servicenow", kind=FaultKind.LOST_ANSWER, path=f"{ITEMS}/*"))
    with pytest.raises(ConnectionResetError):
        await systems.servicenow.patch(url, json=note)
    assert await notes(systems, "element=work_notes") == ["told once"]
    systems.world.faults.add(Fault(service="servicenow", kind=FaultKind.THROTTLE, retry_after=7))
    throttled = await systems.servicenow.patch(url, json=note)
    assert (throttled.status_code, throttled.headers["retry-after"]) == (429, "7")
    assert int(throttled.headers["x-ratelimit-reset"]) >= systems.world.clock.time() - 1
    systems.world.change_weather(Weather(error_rate=1))
    away = await systems.servicenow.patch(url, json=note)
    assert away.status_code >= 500
    assert away.headers["content-type"].startswith("text/html")
    systems.world.change_weather(Weather())
    assert await notes(systems, "element=work_notes") == ["told once"]
