"""A form that becomes no request, and a decision that is none, are told in their ticket: once, and with an end."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.core.errors import RejectedError, UnavailableError
from shared.core.naming import OWN_SOURCE
from shared.intake.faulty import MOST_OF_A_SOURCE, MOST_OF_A_TICKET
from shared.intake.signature import NotProvenError
from shared.intake.sources import Mapping, Source, Ticketing, TokenProof
from shared.model.operation import State
from shared.model.ticket_update import UpdateState
from shared.ports import Target
from tests.component.approving import operation, policy
from tests.component.intake.test_webhooks import GOOD, TICKETING, webhooks
from tests.fakes.faults import Faults, Moment, WorkerDied
from tests.fakes.tickets import FakeTicketSystem
from tests.fakes.world import World, example
from tests.unit.intake.test_decision import servicenow as decided
from tests.unit.intake.test_mapping import servicenow

TICKET = "9f1c7e2b1b2a4410a1b2c3d4e5f60718"
STATUSES = frozenset({"completed", "rejected"})
BAD = servicenow(lifetime_days="soon", unique_name="No Spaces")
SPELLED = {"delegated_permissions": "Read.Write"}


class Stage:
    """A world whose tickets of ServiceNow are told and have states, and its webhooks."""

    def __init__(self, ticketing: Ticketing = TICKETING) -> None:
        faults = Faults()
        self.system = FakeTicketSystem(faults)
        target = Target(self.system, frozenset({"awaiting_approval"}), STATUSES)
        self.world = World(policy(), faults=faults, targets={"servicenow": target, "shop": target})
        self.hooks = webhooks(self.world, ticketing)

    async def refused(self, body: bytes, source: str = "servicenow") -> RejectedError:
        """What the flow is told of a body that is refused."""
        with pytest.raises(RejectedError) as rejected:
            await self.hooks.receive(source, GOOD, body)
        return rejected.value

    def texts(self, ticket: str = TICKET) -> list[str]:
        return [note.text for note in self.system.notes[ticket]]

    def states(self, ticket: str = TICKET) -> list[str]:
        return self.system.states[ticket]


def numbered(number: int, **variables: Any) -> bytes:
    """A form of another ticket of ServiceNow."""
    form = json.loads(servicenow(**variables))
    return json.dumps(form | {"number": f"RITM{number}", "sys_id": f"SYS{number}"}).encode()


async def test_a_fault_of_form_is_told_in_the_ticket_and_to_the_flow() -> None:
    """Seen: the flow got 400, which nobody reads, and the ticket waited for ever without a word."""
    stage = Stage()
    rejected = await stage.refused(BAD)
    await stage.world.settle()
    (text,) = stage.texts()
    for problem in rejected.problems:
        assert problem.label in text
    assert "correct the following in the form and send it again" in text
    assert stage.states() == ["rejected"]
    assert stage.world.operations.all() == []
    assert stage.world.queues.answers == []
    (event,) = (note.event for note in stage.system.notes[TICKET])
    told = json.loads(event)
    assert (told["type"], told["data"]["requestId"]) == ("registrar.registration.malformed.v1", "RITM0010042")


async def test_the_same_bytes_are_one_note_and_others_are_another() -> None:
    stage = Stage()
    for _ in range(3):
        await stage.refused(BAD)
        await stage.world.settle()
    stage.world.clock.advance(timedelta(days=2))
    await stage.refused(BAD)
    await stage.world.settle()
    assert len(stage.texts()) == 1
    await stage.refused(servicenow(lifetime_days="later"))
    await stage.world.settle()
    assert len(stage.texts()) == 2


async def test_a_form_that_is_corrected_is_served() -> None:
    stage = Stage()
    await stage.refused(BAD)
    await stage.world.settle()
    await stage.hooks.receive("servicenow", GOOD, servicenow(**SPELLED))
    await stage.world.settle()
    assert stage.states() == ["rejected", "completed"]


@pytest.mark.parametrize("moment", ["on its way", "settled"])
async def test_a_later_form_that_is_malformed_does_not_close_the_ticket_of_a_request(moment: str) -> None:
    stage = Stage()
    await stage.hooks.receive("servicenow", GOOD, servicenow(**SPELLED))
    if moment == "settled":
        await stage.world.settle()
        assert stage.states() == ["completed"]
    waiting, stage.world.queues.requests = stage.world.queues.requests, []
    await stage.refused(BAD)
    await stage.world.settle()
    assert [text for text in stage.texts() if "could not be read" in text]
    assert "rejected" not in stage.states()
    stage.world.queues.requests = waiting
    await stage.world.settle()
    assert stage.states() == ["completed"]


async def test_another_request_id_of_the_same_ticket_does_not_close_it_either() -> None:
    stage = Stage()
    await stage.hooks.receive("servicenow", GOOD, servicenow(**SPELLED))
    await stage.world.settle()
    other = json.dumps(json.loads(BAD) | {"number": "RITM0099999"}).encode()
    await stage.refused(other)
    await stage.world.settle()
    assert (len(stage.texts()), stage.states()) == (2, ["completed"])


async def test_a_request_from_before_tickets_were_kept_is_found_by_its_id() -> None:
    stage = Stage()
    await stage.hooks.receive("servicenow", GOOD, servicenow(**SPELLED))
    await stage.world.settle()
    stage.world.ticket_updates.asked.clear()
    await stage.refused(BAD)
    unnamed = json.loads(BAD)
    del unnamed["number"]
    await stage.refused(json.dumps(unnamed).encode())
    await stage.world.settle()
    assert (len(stage.texts()), stage.states()) == (3, ["completed"])


@pytest.mark.parametrize(
    "changes", [{"approval": "perhaps"}, {"decision_number": None, "number": ["x"]}, {"approval": None}]
)
async def test_a_malformed_decision_is_told_and_never_sets_a_state(changes: dict[str, Any]) -> None:
    stage = Stage()
    body = json.dumps(decided(**changes)).encode()
    for _ in range(2):
        await stage.refused(body)
        await stage.world.settle()
    (text,) = stage.texts()
    assert "does not count" in text
    assert "decide again" in text
    assert stage.states() == []


async def test_a_request_that_waits_goes_on_waiting_after_a_malformed_decision() -> None:
    stage = Stage()
    form = servicenow(unique_name="a-prod", **SPELLED)
    await stage.hooks.receive("servicenow", GOOD, form)
    await stage.world.settle()
    await stage.refused(json.dumps(json.loads(form) | decided(approval="perhaps")).encode())
    await stage.world.settle()
    assert operation(stage.world).state is State.AWAITING_APPROVAL
    assert stage.states() == []


@pytest.mark.parametrize(
    ("name", "headers"), [("servicenow", {}), ("servicenow", {"x-registrar-token": "guess"}), ("nobody", GOOD)]
)
async def test_what_proves_nothing_leads_to_no_note(name: str, headers: dict[str, str]) -> None:
    stage = Stage()
    with pytest.raises(NotProvenError):
        await stage.hooks.receive(name, headers, BAD)
    assert stage.world.ticket_updates.all() == []


@pytest.mark.parametrize(
    "ticket", ["null", '""', '["x"]', '"../sys_user/1"', '"a b"', '"' + "a" * 65 + '"', '"SYS1", "sys_id": "SYS2"']
)
async def test_a_payload_that_names_no_ticket_without_doubt_writes_into_none(ticket: str) -> None:
    stage = Stage()
    body = BAD.replace(f'"{TICKET}"'.encode(), ticket.encode())
    await stage.refused(body)
    assert stage.world.ticket_updates.all() == []


async def test_a_field_that_is_there_twice_is_told_where_the_ticket_is_sure() -> None:
    stage = Stage()
    await stage.refused(servicenow().replace(b'"api": ', b'"api": "x", "api": '))
    await stage.world.settle()
    (text,) = stage.texts()
    assert "duplicate_field" in text


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b"not json"])
async def test_what_is_no_object_is_told_to_the_flow_alone(body: bytes) -> None:
    stage = Stage()
    await stage.refused(body)
    assert stage.world.ticket_updates.all() == []


async def test_a_whole_request_names_its_ticket_itself() -> None:
    proof = TokenProof(method="token", secrets=("SERVICENOW_WEBHOOK_TOKEN",), header="x-registrar-token")
    shop = Source(name="shop", proof=proof, mapping=Mapping(whole="request"))
    stage = Stage(Ticketing(version="1", sources=(shop,)))
    wrong = example(ticket="T-1", source=OWN_SOURCE, requestedBy="nobody")
    for number, request in enumerate((wrong, json.dumps(wrong), "{", None)):
        await stage.refused(json.dumps({"request": request, "number": number}).encode(), "shop")
    await stage.world.settle()
    assert len(stage.texts("T-1")) == 2
    assert stage.states("T-1") == ["rejected"]


async def test_a_ticket_and_a_source_have_so_many_notes_a_day() -> None:
    stage = Stage()
    stage.hooks = stage.world.registrar.webhooks_for(_patient(TICKETING), {"SERVICENOW_WEBHOOK_TOKEN": "s3cret"}, None)
    for number in range(MOST_OF_A_TICKET + 5):
        await stage.refused(servicenow(lifetime_days=f"soon {number}"))
    assert len(stage.world.ticket_updates.all()) == MOST_OF_A_TICKET
    for number in range(MOST_OF_A_SOURCE):
        await stage.refused(numbered(number, lifetime_days="soon"))
    assert len(stage.world.ticket_updates.all()) == MOST_OF_A_SOURCE
    ((marks, _),) = stage.world.request_counts.rows.values()
    assert len(marks) == MOST_OF_A_SOURCE
    await stage.refused(servicenow(lifetime_days="soon 0"))
    stage.world.clock.advance(timedelta(days=1))
    await stage.refused(servicenow(lifetime_days="another day"))
    assert len(stage.world.ticket_updates.all()) == MOST_OF_A_SOURCE + 1


def _patient(ticketing: Ticketing) -> Ticketing:
    often = {"requests_per_minute": 6000}
    return ticketing.model_copy(update={"sources": tuple(each.model_copy(update=often) for each in ticketing.sources)})


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_worker_that_dies_at_any_call_leaves_one_note_once_the_flow_repeats(moment: Moment) -> None:
    first = Stage()
    await first.refused(BAD)
    await first.world.settle()
    calls = list(first.world.faults.calls)
    assert "table create update" in calls
    for index in range(len(calls)):
        stage = Stage()
        stage.world.faults.at(index, moment, WorkerDied())
        try:
            await stage.refused(BAD)
        except WorkerDied:
            await stage.refused(BAD)
        await stage.world.settle()
        what = f"died {moment} call {index}, {calls[index]}"
        assert (len(stage.texts()), stage.states()) == (1, ["rejected"]), what
        assert [update.state for update in stage.world.ticket_updates.all()] == [UpdateState.DONE], what


async def test_what_another_version_took_for_a_request_is_told_in_the_ticket_too() -> None:
    stage = Stage()
    request = example(source="servicenow", ticket="SYS1", requestedBy="nobody")
    await stage.world.send(request)
    await stage.world.settle()
    (text,) = stage.texts("SYS1")
    assert "requestedBy" in text
    assert stage.world.queues.answers[-1]["data"]["status"] == "rejected"


async def test_a_table_that_is_away_asks_the_flow_to_send_again() -> None:
    stage = Stage()
    stage.world.faults.next("table create update", "before", UnavailableError("away", sent=False))
    with pytest.raises(UnavailableError):
        await stage.hooks.receive("servicenow", GOOD, BAD)
    await stage.refused(BAD)
    await stage.world.settle()
    assert len(stage.texts()) == 1


async def test_where_nobody_is_told_nothing_is_kept() -> None:
    world = World(policy(), targets={})
    with pytest.raises(RejectedError):
        await webhooks(world).receive("servicenow", GOOD, BAD)
    await webhooks(world).receive("servicenow", GOOD, servicenow())
    assert (world.ticket_updates.rows, world.ticket_updates.asked, world.request_counts.rows) == ({}, set(), {})


async def test_a_receiver_that_needs_no_address_is_told_of_what_names_its_request() -> None:
    stage = Stage()
    targets = {"servicenow": replace(stage.world.services.targets["servicenow"], needs_ticket=False)}
    stage.world.retarget(targets)
    stage.hooks = webhooks(stage.world)
    named, unnamed = json.loads(BAD), json.loads(BAD)
    del named["sys_id"], unnamed["sys_id"], unnamed["number"]
    for body in (named, unnamed):
        await stage.refused(json.dumps(body).encode())
    await stage.world.settle()
    assert (len(stage.texts("")), stage.states("")) == (1, [])
