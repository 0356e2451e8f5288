"""A changed form of a ticket takes the place of what waits: once, in order, and whatever dies in between."""

import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from shared.contract.request import RegistrationRequest
from shared.intake.proven_request import ProvenRequest
from shared.model.channel import Channel
from shared.model.operation import Operation, State
from tests.component.approving import asking, codes, policy, tell
from tests.fakes.auditing import unrecorded
from tests.fakes.faults import WorkerDied
from tests.fakes.world import World

TICKET = "RITM0010042"
STEP = timedelta(minutes=1)


def form(number: int, **changes: Any) -> dict[str, Any]:
    """The ticket's form as it is after so many changes."""
    application = asking()["application"] | {"displayName": f"Form {number}"}
    return asking(application=application, **changes)


def hash_of(request: dict[str, Any]) -> str:
    return RegistrationRequest.model_validate(request).body_hash()


def standing(world: World) -> Operation:
    """The one operation that nothing took the place of."""
    (found,) = [each for each in world.operations.all() if each.replaced_by is None]
    return found


async def later(world: World, request: dict[str, Any]) -> None:
    """Send a form a while after whatever came before."""
    world.clock.advance(STEP)
    await world.send(request)
    await world.settle()


async def waiting() -> World:
    world = World(policy())
    await later(world, form(1))
    assert standing(world).state is State.AWAITING_APPROVAL
    return world


async def test_the_old_one_is_rejected_and_the_new_one_waits_and_is_what_gets_approved() -> None:
    world = await waiting()
    await later(world, form(2))
    old, new = world.operations.all()
    assert old.replaced_by is not None
    assert (old.state, old.reason, old.replaced_by.operation_id) == (State.REJECTED, "replaced", new.id)
    assert (new.state, new.replaces, new.channel) == (State.AWAITING_APPROVAL, old.id, Channel.WEBHOOK)
    assert new.sequence > old.sequence
    (answer,) = world.queues.answers
    assert codes(answer) == ["replaced"]
    assert new.id in answer["data"]["errors"][0]["message"]
    first, second = [note.text for note in world.servicenow.notes[TICKET]]
    assert "This form replaces an earlier form" in second
    assert "replaces an earlier form" not in first
    assert world.servicenow.states[TICKET] == [], "the ticket goes on"
    await tell(world, "approved", content=old.body_hash)
    await world.settle()
    assert standing(world).state is State.AWAITING_APPROVAL
    await tell(world, "approved", decision_id="2")
    await world.settle()
    assert standing(world).state is State.COMPLETED
    assert made(world) == "Form 2"
    assert [each["data"]["operationId"] for each in world.queues.answers] == [old.id, new.id]
    entries = [json.loads(text) for text in world.audit.texts()]
    told = {each["kind"]: each["what"] for each in entries if each["what"]["operationId"] == old.id}
    assert told["settled"]["replacedBy"] == new.id
    assert unrecorded(world) == []


async def test_a_form_that_the_ticket_had_before_has_its_recorded_answer() -> None:
    world = await waiting()
    await later(world, form(2))
    await later(world, form(1))
    assert standing(world).request == RegistrationRequest.model_validate(form(2))
    assert [codes(each) for each in world.queues.answers] == [["replaced"], ["replaced"]]
    assert len(world.operations.all()) == 2


async def test_ten_changes_are_taken_and_no_more() -> None:
    world = await waiting()
    for number in range(2, 14):
        await later(world, form(number))
    assert len(world.operations.all()) == 11
    assert standing(world).request == RegistrationRequest.model_validate(form(11))
    assert [codes(each) for each in world.queues.answers[-2:]] == [["request_id_reused"]] * 2
    await later(world, form(5))
    assert codes(world.queues.answers[-1]) == ["replaced"]


async def test_what_arrived_earlier_takes_nobodys_place() -> None:
    """Forms come in the order of a queue, which is none."""
    world = World(policy())
    early = ProvenRequest(source="servicenow", received_at=world.clock.now(), request=form(1)).to_json()
    await later(world, form(2))
    await world.send_proven(early)
    await world.settle()
    assert standing(world).request == RegistrationRequest.model_validate(form(2))
    assert codes(world.queues.answers[-1]) == ["request_id_reused"]


@pytest.mark.parametrize("changes", [{"ticket": "RITM0099999"}, {"ticket": None}])
async def test_another_ticket_takes_nobodys_place(changes: dict[str, Any]) -> None:
    world = await waiting()
    other = {name: value for name, value in (form(2) | changes).items() if value is not None}
    await later(world, other)
    assert standing(world).request == RegistrationRequest.model_validate(form(1))
    assert codes(world.queues.answers[-1]) == ["request_id_reused"]


async def test_what_is_decided_is_not_replaced() -> None:
    world = await waiting()
    await tell(world, "approved")
    world.directory.secret_delay = timedelta(hours=1)
    await world.go_on(STEP)
    await later(world, form(2))
    assert standing(world).request == RegistrationRequest.model_validate(form(1))
    assert "request_id_reused" in [code for each in world.queues.answers for code in codes(each)]
    assert standing(world).state is State.COMPLETED


async def test_of_a_decision_and_a_change_at_once_one_comes_first() -> None:
    """The change reads the record, the decision is written, and the change is written over nothing."""
    world = await waiting()
    save = world.operations.save
    decided = False

    async def decide_first(operation: Operation, etag: str) -> str:
        nonlocal decided
        if operation.reason == "replaced" and not decided:
            decided = True
            await tell(world, "approved")
            text = world.queues.decisions.pop()[2]
            await world.decisions.receive(text.encode())
        return await save(operation, etag)

    world.operations.save = decide_first
    await later(world, form(2))
    assert decided
    assert standing(world).state is State.COMPLETED
    assert standing(world).request == RegistrationRequest.model_validate(form(1))


async def change(world: World) -> None:
    await world.send(form(2))


async def change_and_decide(world: World) -> None:
    """Somebody approves what the ticket showed before, as its form changes."""
    try:
        await tell(world, "approved", decision_id="of the first", content=hash_of(form(1)))
    except WorkerDied:  # the ticketing system sends again what nobody answered
        world.deaths += 1
        await tell(world, "approved", decision_id="of the first", content=hash_of(form(1)))
    await world.send(form(2))


async def decide_and_change(world: World) -> None:
    """The decision comes first, by a hair: what is decided stands."""
    for _ in range(2):
        with suppress(WorkerDied):
            await tell(world, "approved", decision_id="of the first", content=hash_of(form(1)))
            await world.decisions.receive(world.queues.decisions[0][2].encode())
            break
        world.deaths += 1
    await world.send(form(2))


async def change_twice(world: World) -> None:
    """The form is changed, the same event comes again, and then another change."""
    await world.send(form(2))
    world.clock.advance(STEP)
    await world.send(form(3))
    await world.send(form(2))


async def change_and_repeat(world: World) -> None:
    await world.send(form(1))
    await world.send(form(2))
    await world.send(form(1))


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("act", [change, change_and_decide, decide_and_change, change_twice, change_and_repeat])
async def test_whatever_dies_at_any_call_one_form_stands_and_has_one_answer(
    act: Callable[[World], Awaitable[None]], when: Any
) -> None:
    """Decision, replacement and redelivery, with a death at each call; nothing is sent again but by the queue."""
    for call in range(400):
        world = await waiting()
        world.clock.advance(STEP)
        world.faults.at(len(world.faults.calls) + call, when, WorkerDied())
        with suppress(WorkerDied):
            await act(world)
        await world.settle()
        if world.deaths == 0:
            assert call > 20
            return
        await decide_again(world)
        judge(world, f"{act.__name__}, died {when} call {call}")
    raise AssertionError("the change makes more calls than this test looks at")


async def test_a_record_that_was_replaced_is_carried_on_though_its_message_never_comes_again() -> None:
    """By the list of unsettled ones: the form is in the old record."""
    for call in range(12):
        world = await waiting()
        world.clock.advance(STEP)
        message = ProvenRequest(source="servicenow", received_at=world.clock.now(), request=form(2)).to_json()
        world.faults.at(len(world.faults.calls) + call, "after", WorkerDied())
        with suppress(WorkerDied):
            await world.webhook_intake.accept(message.encode(), "m")
        await world.settle()
        old = world.operations.all()[0]
        if old.replaced_by is not None:
            assert standing(world).id == old.replaced_by.operation_id, call
            assert standing(world).state is State.AWAITING_APPROVAL, call
            assert len(world.queues.answers) == 1, call


def made(world: World) -> str:
    """The name of the one app that there is."""
    (app,) = world.directory.applications.values()
    return app.state.display_name


async def decide_again(world: World) -> None:
    if standing(world).state is State.AWAITING_APPROVAL:
        world.clock.advance(STEP)
        await tell(world, "approved", decision_id="in the end", content=standing(world).body_hash)
        await world.settle()


def judge(world: World, what: str) -> None:
    """One form stands, what was made is what it asks for, and each operation has one answer."""
    done = standing(world)
    assert done.state is State.COMPLETED, what
    (claim,) = world.operations.all_claims()
    assert (claim.operation_id, claim.body_hash) == (done.id, done.body_hash), what
    assert isinstance(done.request, RegistrationRequest)
    assert made(world) == done.request.application.display_name, what
    ids = {each["data"]["operationId"]: each["id"] for each in world.queues.answers}
    assert len({each["id"] for each in world.queues.answers}) == len(ids), what
    assert set(ids) >= {each.id for each in world.operations.all()}, what
    assert done.approval is not None
    assert done.approval.decision is not None
    seen = done.approval.note_seen_at
    assert seen is not None, what
    assert done.approval.decision.at > seen, what
    assert unrecorded(world) == [], what
