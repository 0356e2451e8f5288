"""The customer's rules: what they post to the registrar, when, how often, and how a test takes that over."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from devstack.config import StackConfig
from devstack.doubles.seed import plant
from devstack.doubles.ticketing.app import build
from devstack.doubles.ticketing.flow import flowing
from devstack.doubles.ticketing.people import person
from devstack.doubles.world import World, open_world
from devstack.project import project
from tests.devstack.doubles.conftest import TENANT
from tests.devstack.doubles.ticketing_systems import Systems

ADA, GRACE = "ada@contoso.onmicrosoft.com", "grace@contoso.onmicrosoft.com"
ITEMS = "/api/now/table/sc_req_item"


@pytest.fixture(autouse=True)
async def settled(systems: Systems) -> AsyncGenerator[None]:
    yield
    await systems.flow.close()


def object_id(world: World, email: str) -> str:
    return world.primary().find("users", "userPrincipalName", email)[0]["id"]


async def decide(systems: Systems, number: str, decision: str, email: str = GRACE) -> None:
    await systems.control("POST", f"/tickets/{number}/decision", {"decision": decision, "by": {"email": email}})


async def test_servicenow_tells_of_a_ticket_and_of_the_decision(systems: Systems) -> None:
    form = {"unique_name": "orders", "lifetime_days": "180"}
    made = await systems.ticket(variables=form)
    await decide(systems, made["number"], "approved")
    await systems.flow.settle()
    names = {"number": made["number"], "sys_id": made["id"]}
    by = {"email": GRACE, "object_id": object_id(systems.world, GRACE)}
    seen = await systems.control("GET", f"/tickets/{made['number']}")
    asker = {"email": ADA, "object_id": object_id(systems.world, ADA)}
    assert systems.registrar.bodies == [
        {"event": "requested", **names, "opened_by": asker, "requested_for": asker, "variables": form},
        {
            "event": "decided",
            **names,
            "opened_by": asker,
            "requested_for": asker,
            "variables": form,
            "approval": "approved",
            "approved_by": by,
            "decision_number": 1,
            "decided_at": seen["decisions"][0]["at"],
        },
    ]
    first = systems.registrar.requests[0]
    assert first.url.path == "/api/webhooks/servicenow"
    assert first.headers["x-registrar-token"] == systems.config.webhook_token
    assert first.headers["content-type"] == "application/json"
    record = (await systems.servicenow.get(f"{ITEMS}/{made['id']}")).json()["result"]
    assert (record["approval"], record["approved_by"]) == ("approved", by)


async def test_jira_tells_of_an_issue_and_of_the_decision(systems: Systems) -> None:
    made = await systems.ticket("jira", variables={"uniqueName": "orders"}, summary="Orders")
    await decide(systems, made["number"], "rejected")
    await systems.flow.settle()
    issue = (await systems.jira.get(f"/rest/api/3/issue/{made['number']}")).json()
    who = issue["fields"]["customfield_10107"]
    asker = {"creator": ADA, "reporter": ADA}
    told = {"key": made["number"], **asker, "displayName": "Orders", "uniqueName": "orders"}
    assert systems.registrar.bodies == [
        {"event": "requested", "issue": told},
        {
            "event": "decided",
            "issue": told | {"status": "Declined"},
            "decision": "rejected",
            "decisionNumber": 1,
            "decidedAt": systems.registrar.bodies[1]["decidedAt"],
            "decidedBy": {
                "accountId": who["accountId"],
                "email": GRACE,
                "objectId": object_id(systems.world, GRACE),
            },
        },
    ]
    assert (who["emailAddress"], who["objectId"]) == (GRACE, object_id(systems.world, GRACE))
    assert issue["fields"]["customfield_10108"] == 1
    assert systems.registrar.requests[0].url.path == "/api/webhooks/jira"
    assert systems.registrar.requests[0].headers["x-registrar-token"] == systems.config.jira_webhook_token


async def test_a_form_that_is_changed_is_told_again_and_a_decision_says_what_it_is_about(systems: Systems) -> None:
    item, issue = await systems.ticket(variables={"a": "1"}), await systems.ticket("jira", variables={"a": "1"})
    for made in (item, issue):
        await systems.control("PUT", f"/tickets/{made['number']}/form", {"variables": {"a": "2"}})
        await decide(systems, made["number"], "approved")
    await systems.flow.settle()
    bodies = systems.registrar.bodies
    told = [(body["event"], body["variables"]["a"]) for body in bodies if "variables" in body]
    assert told == [("requested", "1"), ("requested", "2"), ("decided", "2")]
    told = [(body["event"], body["issue"]["a"]) for body in bodies if "issue" in body]
    assert told == [("requested", "1"), ("requested", "2"), ("decided", "2")]


async def test_decisions_over_the_apis_are_told_as_well(systems: Systems) -> None:
    item, issue = await systems.ticket(), await systems.ticket("jira")
    by = {"email": ADA, "object_id": "1"}
    await systems.servicenow.patch(f"{ITEMS}/{item['id']}", json={"approval": "rejected", "approved_by": by})
    await systems.servicenow.patch(f"{ITEMS}/{item['id']}", json={"approval": "rejected", "work_notes": "x"})
    await systems.servicenow.patch(f"{ITEMS}/{item['id']}", json={"state": "4", "approval": "nonsense"})
    other = await systems.ticket()
    await systems.servicenow.patch(f"{ITEMS}/{other['id']}", json={"approval": "approved", "approved_by": GRACE})
    transitions = f"/rest/api/3/issue/{issue['number']}/transitions"
    for edge in ("11", "31", "41"):
        await systems.jira.post(transitions, json={"transition": {"id": edge}})
    await systems.flow.settle()
    decided = [body for body in systems.registrar.bodies if body["event"] == "decided"]
    told = [(body["number"], body["approval"], body["approved_by"]) for body in decided if "approval" in body]
    grace = {"email": GRACE, "object_id": object_id(systems.world, GRACE)}
    assert told == [(item["number"], "rejected", by), (other["number"], "approved", grace)]
    assert [body["decision"] for body in decided if "decision" in body] == ["approved"]
    me = systems.config.ticketing.jira_user
    assert next(body for body in decided if "decidedBy" in body)["decidedBy"]["email"] == me


async def test_decisions_are_numbered_and_the_same_one_is_no_change(systems: Systems) -> None:
    item, issue = await systems.ticket(), await systems.ticket("jira")
    for decision in ("approved", "approved", "rejected"):
        await decide(systems, item["number"], decision)
    await decide(systems, item["number"], "rejected", ADA)
    await decide(systems, issue["number"], "approved")
    await decide(systems, issue["number"], "rejected")
    assert await systems.refused("POST", f"/tickets/{issue['number']}/decision", _decision("rejected")) == 400
    await systems.flow.settle()
    bodies = [body for body in systems.registrar.bodies if body["event"] == "decided"]
    numbered = [(body["approval"], body["decision_number"]) for body in bodies if "approval" in body]
    assert numbered == [("approved", 1), ("rejected", 2), ("rejected", 3)]
    assert [body["decisionNumber"] for body in bodies if "decision" in body] == [1, 2]
    seen = await systems.control("GET", f"/tickets/{item['number']}")
    assert [(made["number"], made["decision"], made["by"]["email"]) for made in seen["decisions"]] == [
        (1, "approved", GRACE),
        (2, "rejected", GRACE),
        (3, "rejected", ADA),
    ]
    again = await systems.servicenow.patch(f"{ITEMS}/{item['id']}", json={"approval": "requested"})
    assert (again.json()["result"]["approval"], again.json()["result"]["approved_by"]) == ("requested", "")
    await decide(systems, item["number"], "rejected", ADA)
    assert len((await systems.control("GET", f"/tickets/{item['number']}"))["decisions"]) == 4


def _decision(decision: str) -> dict[str, object]:
    return {"decision": decision, "by": {"email": GRACE}}


async def test_what_passes_is_tried_again_in_the_tickets_order(systems: Systems) -> None:
    systems.registrar.script = [0, 503]
    made = await systems.ticket()
    await decide(systems, made["number"], "approved")
    await systems.flow.settle()
    assert [body["event"] for body in systems.registrar.bodies] == ["requested", "requested", "decided"]
    first, second = await systems.control("GET", "/events")
    assert (first["state"], first["statuses"]) == ("delivered", [0, 503, 202])
    assert (second["state"], second["statuses"], second["ticket"]) == ("delivered", [202], made["number"])


@pytest.mark.parametrize(
    ("script", "state", "statuses"),
    [([400], "refused", [400]), ([0, 429, 500], "failed", [0, 429, 500])],
)
async def test_it_gives_up(systems: Systems, script: list[int], state: str, statuses: list[int]) -> None:
    systems.registrar.script = script
    await systems.ticket()
    await systems.flow.settle()
    (event,) = await systems.control("GET", "/events")
    assert (event["state"], event["statuses"]) == (state, statuses)


async def test_a_test_may_deliver_events_itself_in_any_order_and_twice(systems: Systems) -> None:
    assert await systems.control("PUT", "/flow", {"on": False}) == {"on": False}
    made = await systems.ticket()
    await decide(systems, made["number"], "approved")
    await systems.flow.settle()
    assert systems.registrar.bodies == []
    requested, decided = await systems.control("GET", "/events")
    assert (requested["state"], requested["source"]) == ("kept", "servicenow")
    for number in (decided["number"], requested["number"], decided["number"]):
        delivered = await systems.control("POST", f"/events/{number}/delivery")
        assert delivered["state"] == "delivered"
    assert [body["event"] for body in systems.registrar.bodies] == ["decided", "requested", "decided"]
    assert delivered["statuses"] == [202, 202]
    assert await systems.refused("POST", "/events/99/delivery") == 400
    assert await systems.refused("POST", "/events/x/delivery") == 400
    assert await systems.control("PUT", "/flow", {"on": True}) == await systems.control("GET", "/flow") == {"on": True}
    await systems.ticket()
    await systems.flow.settle()
    assert len(systems.registrar.bodies) == 4


async def test_numbers_go_on_after_everything_was_forgotten(systems: Systems) -> None:
    for system in ("servicenow", "jira"):
        await systems.ticket(system)
    await systems.control("DELETE", "")
    assert await systems.control("GET", "") == {"tickets": [], "events": [], "hooks": []}
    assert (await systems.ticket())["number"] == "RITM0010002"
    assert (await systems.ticket("jira"))["number"] == "REG-2"


async def test_what_was_forgotten_is_not_tried_again(planted: World, config: StackConfig) -> None:
    systems = Systems(planted, config, pauses=(3600,))
    systems.registrar.script = [503]
    await systems.ticket()
    while not systems.registrar.bodies:  # noqa: ASYNC110 - the flow offers no event for a try that failed
        await asyncio.sleep(0)
    await systems.control("DELETE", "")
    await asyncio.wait_for(systems.flow.settle(), 20)
    assert await systems.control("GET", "/events") == []


async def test_tickets_may_be_named_once(systems: Systems) -> None:
    assert (await systems.ticket(number="RITM0077777"))["number"] == "RITM0077777"
    assert (await systems.ticket("jira", number="REG-77"))["number"] == "REG-77"
    asker = {"requestedFor": {"email": ADA}}
    assert await systems.refused("POST", "/tickets", {"system": "servicenow", "number": "RITM0077777"} | asker) == 400
    assert await systems.refused("POST", "/tickets", {"system": "jira", "number": "REG-77"} | asker) == 400
    assert await systems.refused("POST", "/tickets", {"system": "mail"} | asker) == 400
    assert await systems.refused("GET", "/tickets/RITM1") == 400
    assert await systems.refused("POST", "/tickets/RITM1/decision", _decision("approved")) == 400


def test_somebody_else_has_no_object_id_or_the_given_one(planted: World) -> None:
    assert person(planted, "eve@elsewhere.example").object_id == ""
    assert person(planted, ADA, "given").object_id == "given"
    assert person(planted, ADA).object_id == object_id(planted, ADA)


async def test_tickets_and_waiting_events_survive_a_restart(
    systems: Systems, config: StackConfig, tmp_path: Path
) -> None:
    file = tmp_path / "doubles.db"
    with closing(open_world(TENANT, systems.world.clock, file).documents) as documents:
        before = replace(systems.world, documents=documents)
        plant(before, config)
        async with flowing(before, config) as flow:
            tickets = build(before, flow, project().ticketing.jira).tickets
            made = tickets.create(person(before, ADA), {})
            tickets.change(made, {"work_notes": "kept"}, "me")
    with closing(open_world(TENANT, systems.world.clock, file).documents) as documents:
        systems.world.documents = documents
        assert [event["state"] for event in systems.flow.events()] == ["waiting"]
        systems.flow.resume()
        await systems.flow.settle()
        assert [body["number"] for body in systems.registrar.bodies] == [made["number"]]
        seen = await systems.control("GET", f"/tickets/{made['number']}")
        assert [note["text"] for note in seen["notes"]] == ["kept"]
        assert (await systems.ticket())["number"] != made["number"]


async def test_the_stacks_own_flow_leads_to_its_first_host(planted: World, config: StackConfig) -> None:
    async with flowing(planted, config) as flow:
        flow.announce("jira", "REG-1", {"event": "requested"})
    # Nobody listens there: what was on its way waits for the next start.
    assert [event["state"] for event in flow.events()] == ["waiting"]


@pytest.mark.parametrize(("system", "opener"), [("servicenow", "opened_by"), ("jira", "creator")])
async def test_who_fills_in_the_form_is_told_apart_from_whom_it_is_for(
    systems: Systems, system: str, opener: str
) -> None:
    await systems.ticket(system, requestedFor={"email": ADA}, openedBy={"email": GRACE})
    await systems.flow.settle()
    (body,) = systems.registrar.bodies
    told = body if system == "servicenow" else body["issue"]
    asked_for = told["requested_for"]["email"] if system == "servicenow" else told["reporter"]
    by = told[opener]["email"] if system == "servicenow" else told[opener]
    assert (by, asked_for) == (GRACE, ADA)
