"""Where a request came in is not what it says: on the public queue nobody becomes a ticketing system."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.api.requests import Named, show
from shared.approval.decide import NotAllowedToDecideError
from shared.intake.proven_request import ProvenRequest, UnprovenError
from shared.model.channel import Channel
from shared.model.claim import Claim
from shared.model.operation import State
from shared.ports import PoisonedMessage
from tests.component.approving import GRACE, asking, awaiting_events, binding, codes, policy, say, tell, written
from tests.component.ticketing import Stage, asked
from tests.fakes.clock import START
from tests.fakes.world import World, example

FORGED = example()["application"] | {
    "uniqueName": "attackers",
    "apiPermissions": [{"api": "Microsoft Graph", "application": ["User.Read.All"]}],
}


async def test_a_message_that_says_it_is_a_ticket_claims_nothing_and_the_ticket_is_served() -> None:
    """Seen: sent ahead of the ticket under its next number, it had the ticket's approval given to its own content."""
    world = World(policy())
    await world.send_publicly(asking(application=FORGED))
    assert codes(world.queues.answers[-1]) == ["source_not_proven"]
    assert world.operations.all() == []
    assert world.operations.all_claims() == []
    await world.send(asking())
    await world.settle()
    (operation,) = world.operations.all()
    assert (operation.unique_name, operation.channel) == ("adt-client-prod", Channel.WEBHOOK)
    await tell(world, "approved")
    await world.settle()
    assert set(world.directory.applications) == {"adt-client-prod"}


async def test_a_message_that_names_a_ticket_tells_it_nothing() -> None:
    """Seen: a sender's text stood in somebody else's ticket, and closed it."""
    stage = Stage("awaiting_approval")
    for source in ("servicenow", "ServiceNow", "queue"):
        await stage.world.send_publicly(asked(source=source) | {"ticket": "SYS1"})
        await stage.world.settle()
    assert stage.texts() == []
    assert stage.servicenow.states["SYS1"] == []
    assert stage.world.ticket_updates.all() == []
    (operation,) = stage.world.operations.all()
    assert (operation.request.source, operation.ticket, operation.channel) == ("queue", None, Channel.QUEUE)
    app = await stage.world.applications.read(operation.unique_name)
    assert (app.value.ticket_source, app.value.ticket) == (None, None)


async def test_an_object_id_that_anybody_says_compares_with_nobody() -> None:
    """A made-up one would let the requester's own token approve."""
    world = World(policy())
    world.people.allowed = False
    answer = await world.run(asking(source="queue"))
    assert codes(answer) == ["name_needs_approval", "approval_impossible"]
    assert awaiting_events(world) == []
    assert not written(world)
    entries = [json.loads(text) for text in world.audit.texts()]
    assert all("requestedByObjectId" not in entry["who"] and "ticket" not in entry["what"] for entry in entries)


async def test_a_source_that_no_webhook_proves_is_whoever_it_says() -> None:
    world = World()
    answer = await world.run(example(source="warehouse"))
    assert answer["data"]["status"] == "completed"


async def test_both_channels_have_their_own_request_of_one_id() -> None:
    """Sent when the source was none of ours yet, it is another request than the ticket's."""
    world = World()
    world.services = replace(world.services, webhook_sources=frozenset())
    world._wire()  # pyright: ignore[reportPrivateUsage]
    early = example(source="servicenow", owner="grace@contoso.example")
    first = await world.run(early)
    world.services = replace(world.services, webhook_sources=frozenset({"servicenow"}))
    world._wire()  # pyright: ignore[reportPrivateUsage]
    other = example(source="servicenow", owner="grace@contoso.example", ticket="T1")
    await world.run(other)
    assert {each.channel for each in world.operations.all()} == {Channel.QUEUE, Channel.WEBHOOK}
    await world.send_publicly(early)
    assert world.queues.answers[-1] == first, "what repeats a recorded request has its recorded answer"
    named = Named("servicenow", early["requestId"])
    proven = await show(world.operations, named)
    said = await show(world.operations, replace(named, channel=Channel.QUEUE))
    assert proven is not None
    assert said is not None
    assert (proven["channel"], said["channel"]) == ("webhook", "queue")


async def version_1(request: dict[str, Any], world: World) -> None:
    """Have a request stand there as version 1 left it: claimed and recorded without a channel."""
    await world.send(request)
    (row,) = world.operations.rows.items()
    operation_id, (text, etag) = row
    old = json.loads(text)
    for name in ("channel", "arrived_at", "replaces", "replaced_by"):
        del old[name]
    world.operations.rows[operation_id] = (json.dumps(old), etag)
    (claim,) = world.operations.all_claims()
    world.operations.forget_claims()
    await world.operations.claim(replace(claim, channel=None))


@pytest.mark.parametrize("way", ["queue", "webhook"])
async def test_what_version_1_answered_is_answered_by_either_channel(way: str) -> None:
    world = World()
    request = example(source="servicenow", ticket="T1")
    await version_1(request, world)
    await world.settle()
    recorded = world.queues.answers[-1]
    await (world.send_publicly(request) if way == "queue" else world.send(request))
    await world.settle()
    assert world.queues.answers == [recorded, recorded]
    assert len(world.operations.all()) == 1


@pytest.mark.parametrize("way", ["queue", "webhook"])
async def test_what_version_1_settled_stands_for_no_other_request(way: str) -> None:
    world = World()
    await version_1(example(source="servicenow", ticket="T1"), world)
    await world.settle()
    other = example(source="servicenow", ticket="T1", owner="grace@contoso.example")
    await (world.send_publicly(other) if way == "queue" else world.send(other))
    expected = "source_not_proven" if way == "queue" else "request_id_reused"
    assert codes(world.queues.answers[-1]) == [expected]
    assert len(world.operations.all()) == 1


async def test_what_version_1_left_unsettled_gives_way_to_the_proven_request_alone() -> None:
    world = World(policy())
    await version_1(asking(application=FORGED), world)
    await world.send_publicly(asking())
    assert codes(world.queues.answers[-1]) == ["source_not_proven"]
    await world.send(asking())
    await world.settle()
    old, new = world.operations.all()
    assert (old.state, old.reason, new.replaces) == (State.REJECTED, "replaced", old.id)
    assert (new.state, new.channel) == (State.AWAITING_APPROVAL, Channel.WEBHOOK)
    assert [codes(each) for each in world.queues.answers[1:]] == [["replaced"]]
    await tell(world, "approved")
    await world.settle()
    assert set(world.directory.applications) == {"adt-client-prod"}
    await world.send(asking(application=FORGED))
    await world.settle()
    assert codes(world.queues.answers[-1]) == ["replaced"], "the old form has its recorded answer"
    assert set(world.directory.applications) == {"adt-client-prod"}


async def test_no_ticket_decides_about_what_version_1_took_in_until_its_webhook_proves_it() -> None:
    world = World(policy())
    world.people.allowed = False
    await version_1(asking(), world)
    await world.settle()
    await tell(world, "approved")
    await world.settle()
    (operation,) = world.operations.all()
    assert operation.state is State.AWAITING_APPROVAL
    with pytest.raises(NotAllowedToDecideError):
        await say(world, "approve", who=GRACE)
    await world.send(asking())
    await world.settle()
    assert len({each["id"] for each in awaiting_events(world)}) == 2, "whoever decides is asked again"
    await tell(world, "approved", decision_id="approval-2")
    await world.settle()
    assert world.operations.all()[0].state is State.COMPLETED


async def test_what_version_1_claimed_and_never_recorded_keeps_nobody_out() -> None:
    world = World()
    await world.operations.claim(Claim(None, "servicenow", "RITM0010042", "nobody", "hash"))
    answer = await world.run(example(source="servicenow", ticket="T1"))
    assert answer["data"]["status"] == "completed"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        json.dumps(example(source="servicenow")),
        ProvenRequest(source="jira", received_at=START, request=example(source="servicenow")).to_json(),
        json.dumps({"source": "servicenow", "receivedAt": "2026-11-23T12:00:00", "request": {}}),
    ],
)
async def test_what_is_no_message_of_the_webhook_is_kept_and_nothing_comes_of_it(text: str) -> None:
    world = World()
    with pytest.raises(UnprovenError):
        await world.webhook_intake.accept(text.encode(), "m")
    world.queues.given_up.append(PoisonedMessage("webhook-requests-poison", "m", "r", text, world.clock.now()))
    await world.drain_poison_queues()
    assert [each["reason"] for each in world.queues.poison] == ["given_up_by_host"]
    assert (world.operations.all(), world.queues.answers) == ([], [])


async def test_a_proven_request_that_the_host_gave_up_on_is_taken_up() -> None:
    world = World()
    request = example(source="servicenow", ticket="T1")
    message = ProvenRequest(source="servicenow", received_at=world.clock.now(), request=request).to_json()
    world.queues.given_up.append(PoisonedMessage("webhook-requests-poison", "m", "r", message, world.clock.now()))
    await world.drain_poison_queues()
    await world.settle()
    assert world.queues.answers[-1]["data"]["status"] == "completed"
    assert world.queues.poison == []


async def test_a_ticket_decides_about_its_own_request_only() -> None:
    world = World(policy())
    await world.send(asking())
    await world.settle()
    for other in (None, "RITM0099999", "ritm0010042"):
        await tell(world, "approved", ticket=other)
    await world.go_on(timedelta(hours=1))
    assert world.operations.all()[0].state is State.AWAITING_APPROVAL
    assert binding(world)
