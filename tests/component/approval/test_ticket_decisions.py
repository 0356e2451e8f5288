"""A ticket's approval is for what the ticket showed: for this content, seen there, and decided after that."""

import json
from datetime import timedelta
from typing import Any

import pytest

from shared.approval.messages import DecisionMessage
from shared.core.errors import UnavailableError
from shared.model.operation import State
from shared.ports import Note, Target
from tests.component.approving import ADA, GRACE, asking, operation, permissions, policy, say, tell, waiting, written
from tests.component.intake.test_webhooks import GOOD, webhooks
from tests.fakes.faults import WorkerDied
from tests.fakes.world import World
from tests.unit.intake.test_decision import servicenow as decided
from tests.unit.intake.test_mapping import servicenow

TICKET = "RITM0010042"


def notes(world: World, ticket: str = TICKET) -> list[str]:
    return [note.text for note in world.servicenow.notes[ticket]]


def void(world: World) -> list[str]:
    """Why decisions did not count, as the audit record has it."""
    entries = map(json.loads, world.audit.texts())
    return [each["what"]["code"] for each in entries if each["kind"] == "decision_refused"]


async def test_a_form_that_was_edited_down_has_its_own_content_approved_and_nothing_else() -> None:
    """Seen: the first form asked for much, the second was refused as reused, and what was approved was the first."""
    world = World(policy())
    hooks = webhooks(world)
    graph = {"unique_name": "a-prod", "api": "Microsoft Graph"}
    much = servicenow(**graph, delegated_permissions="Mail.Send", application_permissions="User.Read.All")
    await hooks.receive("servicenow", GOOD, much)
    await world.settle()
    world.clock.advance(timedelta(minutes=1))
    less = servicenow(**graph, delegated_permissions="User.Read")
    await hooks.receive("servicenow", GOOD, less)
    await world.settle()
    told = json.loads(less) | decided(decided_at=world.clock.now().isoformat())
    await hooks.receive("servicenow", GOOD, json.dumps(told).encode())
    await world.settle()
    assert set(world.directory.applications) == {"a-prod"}
    done = next(each for each in world.operations.all() if each.state is State.COMPLETED)
    assert done.answer is not None
    granted = [each.name for api in done.answer.data.api_permissions for each in api.permissions]
    assert granted == ["User.Read"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"decided_at": None}, "undated"),
        ({"content": None}, "other_content"),
        ({"content": "0" * 64}, "other_content"),
        ({"binding": "0" * 64}, "other_content"),
        ({"content": None, "binding": "0" * 64}, "other_content"),
        ({"ticket": None}, "other_ticket"),
        ({"ticket": "RITM0099999"}, "other_ticket"),
        ({"decided_by_object_id": ADA}, "own_request"),
    ],
)
async def test_a_decision_that_is_not_about_what_waits_is_used_up(changes: dict[str, Any], why: str) -> None:
    world = await waiting()
    before = len(notes(world))
    for _ in range(2):
        await tell(world, "approved", **changes)
        await world.settle()
    assert operation(world).state is State.AWAITING_APPROVAL
    assert not written(world)
    assert void(world) == [why]
    (again,) = notes(world)[before:]
    assert "decide again" in again
    assert f"({why})" in again
    await tell(world, "approved")
    await world.settle()
    assert operation(world).state is State.AWAITING_APPROVAL, "an id stands for one decision"
    await tell(world, "approved", decision_id="approval-2")
    await world.settle()
    assert operation(world).state is State.COMPLETED


@pytest.mark.parametrize(
    ("minutes", "why"), [(-24 * 60, "before_the_note"), (-1, "before_the_note"), (0, "before_the_note"), (6, "not_yet")]
)
async def test_a_decision_from_before_the_note_or_from_the_future_counts_for_nothing(minutes: int, why: str) -> None:
    world = await waiting()
    approval = operation(world).approval
    assert approval is not None
    assert approval.note_seen_at is not None
    since = approval.note_seen_at if minutes <= 0 else world.clock.now()
    await tell(world, "approved", decided_at=since + timedelta(minutes=minutes))
    await world.settle()
    assert (operation(world).state, void(world)) == (State.AWAITING_APPROVAL, [why])
    assert not written(world)


async def test_the_binding_of_the_note_says_as_well_what_a_decision_is_about() -> None:
    world = await waiting()
    approval = operation(world).approval
    assert approval is not None
    assert approval.binding in notes(world)[0]
    await tell(world, "approved", content=None, binding=approval.binding)
    await world.settle()
    assert operation(world).state is State.COMPLETED


async def test_no_note_was_seen_and_no_decision_counts_until_one_is() -> None:
    world = World(policy())
    world.servicenow.failing = UnavailableError("away")
    await world.send(asking())
    await world.go_on(timedelta(minutes=5))
    await tell(world, "approved")
    await world.go_on(timedelta(hours=1))
    assert (operation(world).state, void(world)) == (State.AWAITING_APPROVAL, ["not_shown"])
    world.servicenow.failing = None
    await world.settle()
    assert operation(world).state is State.AWAITING_APPROVAL
    assert ["waits for an approval" in each for each in notes(world)] == [True, False] or len(notes(world)) == 2
    await tell(world, "approved", decision_id="approval-2")
    await world.settle()
    assert operation(world).state is State.COMPLETED


async def test_a_note_that_was_taken_and_does_not_show_lets_nobody_decide() -> None:
    world = World(policy())

    async def pass_over(ticket: str, note: Note) -> None:
        """ServiceNow and Jira take what they may not show without a word."""

    world.servicenow.add_note = pass_over
    await world.send(asking())
    await world.go_on(timedelta(minutes=30))
    await tell(world, "approved")
    await world.go_on(timedelta(hours=1))
    assert operation(world).state is State.AWAITING_APPROVAL
    assert not written(world)


async def test_what_a_system_without_eyes_took_counts_as_shown() -> None:
    world = World(policy())
    hook = world.servicenow

    async def cannot_say(ticket: str, note: Note) -> bool:
        return False

    hook.has_note = cannot_say
    target = Target(hook, frozenset({"awaiting_approval"}), needs_ticket=False, shows_notes=False)
    world.retarget({"servicenow": target})
    await world.send(asking())
    await world.settle()
    await tell(world, "approved")
    await world.settle()
    assert operation(world).state is State.COMPLETED


@pytest.mark.parametrize("when", ["before", "after"])
async def test_whoever_dies_over_the_note_sees_it_again_and_only_then_a_decision_counts(when: Any) -> None:
    """At each call between writing the note and the record of having seen it."""
    first = await waiting()
    calls = [*first.faults.calls]
    begin = calls.index("ticket look")
    for index in range(begin, len(calls)):
        world = World(policy())
        world.faults.at(index, when, WorkerDied())
        await world.send(asking())
        await world.settle()
        approval = operation(world).approval
        what = f"died {when} call {index}, {calls[index]}"
        assert approval is not None, what
        assert approval.note_seen_at is not None, what
        assert len(notes(world)) == 1, what
        await tell(world, "approved", decided_at=approval.note_seen_at)
        await world.settle()
        assert operation(world).state is State.AWAITING_APPROVAL, what
        await tell(world, "approved", decision_id="approval-2")
        await world.settle()
        assert operation(world).state is State.COMPLETED, what


async def test_a_decision_on_its_way_while_the_note_is_recorded_counts() -> None:
    """It waits until a worker has said that the ticket shows the note, and is compared with that moment."""
    world = World(policy())
    await world.send(asking())
    world.queues.ticket_updates.clear()
    seen_by = world.clock.now() + timedelta(seconds=30)
    await tell(world, "approved", decided_at=seen_by + timedelta(hours=1), received_at=seen_by + timedelta(hours=1))
    await world.settle()
    assert operation(world).state is State.COMPLETED


async def test_another_content_has_another_note_and_the_first_notes_sight_opens_nothing() -> None:
    world = await waiting()
    await world.go_on(timedelta(minutes=5))
    old = operation(world)
    await tell(world, "approved", decision_id="about the first")
    changed = policy().model_copy(update={"approval": policy().approval.model_copy(update={"lifetime_days": 90})})
    world.deploy(changed)
    await world.settle()
    approval = operation(world).approval
    assert approval is not None
    assert old.approval is not None
    assert approval.binding != old.approval.binding
    assert approval.note_seen_at is not None
    assert approval.note_seen_at > (old.approval.note_seen_at or approval.note_seen_at)
    await tell(world, "approved", decision_id="2", decided_at=old.approval.note_seen_at)
    await world.settle()
    assert operation(world).state is State.AWAITING_APPROVAL


async def test_the_sight_of_an_old_note_opens_nothing_for_what_waits_now() -> None:
    world = World(policy())
    world.servicenow.failing = UnavailableError("away")
    await world.send(asking())
    notes = world.registrar.approval_notes
    await notes.record_seen(operation(world).id, "the note of another content", world.clock.now())
    approval = operation(world).approval
    assert approval is not None
    assert approval.note_seen_at is None


async def test_a_message_of_the_old_shape_counts_for_nothing_and_says_so() -> None:
    world = await waiting()
    old = DecisionMessage(
        source="servicenow",
        request_id=TICKET,
        decision_id="old",
        outcome="approved",
        ticket=TICKET,
        decided_by_object_id=GRACE,
        received_at=world.clock.now(),
    )
    await world.queues.send_decision(old.to_json())
    await world.settle()
    assert (operation(world).state, void(world)) == (State.AWAITING_APPROVAL, ["undated"])
    assert "decided_at" in notes(world)[-1]
    assert world.decisions.undated == {"servicenow"}


async def test_a_flow_of_the_old_shape_is_known_as_such_where_its_decision_arrives() -> None:
    world = World(policy())
    hooks = webhooks(world)
    await hooks.receive("servicenow", GOOD, json.dumps(decided()).encode())
    assert hooks.undated == set()
    await hooks.receive("servicenow", GOOD, json.dumps(decided(decided_at="")).encode())
    assert hooks.undated == {"servicenow"}


async def test_what_a_decision_used_up_keeps_its_record_small() -> None:
    world = await waiting()
    for number in range(130):
        await tell(world, "approved", decision_id=f"{number:03}", decided_at=None)
    await world.settle()
    approval = operation(world).approval
    assert approval is not None
    assert len(approval.spent) == 100
    assert void(world) == ["undated"], "one entry for whoever tries all day"


async def test_a_token_still_decides_by_what_it_saw() -> None:
    world = await waiting(asking(**permissions(delegated=("Mail.Send",))))
    await tell(world, "approved", decided_at=None)
    await say(world, "approve")
    await world.settle()
    assert operation(world).state is State.COMPLETED
