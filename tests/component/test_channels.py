"""By which way a request came in is kept with it, and is a part of what it is known by."""

import json
from dataclasses import replace

from shared.api.requests import Named, show
from shared.model.channel import Channel
from shared.model.claim import Claim
from shared.model.operation import Operation
from shared.operations.claims import find
from tests.fakes.world import World, example


async def test_the_way_in_stands_in_the_record_the_status_and_the_audit_entries() -> None:
    world = World()
    await world.run(example())
    (operation,) = world.operations.all()
    assert operation.channel is Channel.QUEUE
    told = await show(world.operations, Named("queue", example()["requestId"]))
    assert told is not None
    assert told["channel"] == "queue"
    entries = [json.loads(text) for text in world.audit.texts()]
    assert [each["what"]["channel"] for each in entries] == ["queue", "queue"]


async def test_what_was_proven_is_found_first_and_any_other_by_its_channel() -> None:
    world = World()
    claims = {each: Claim(each, "portal", "r-1", f"by {each}", "hash") for each in (Channel.QUEUE, Channel.WEBHOOK)}
    for claim in claims.values():
        await world.operations.claim(claim)
    assert await find(world.operations, "portal", "r-1") == "by webhook"
    assert await find(world.operations, "portal", "r-1", Channel.QUEUE) == "by queue"
    assert await find(world.operations, "portal", "r-1", Channel.OWN) is None
    await world.operations.claim(replace(claims[Channel.QUEUE], channel=None, operation_id="of version 1"))
    assert await find(world.operations, "portal", "r-1", Channel.OWN) == "of version 1"


async def test_a_record_and_a_claim_of_version_1_have_no_channel_and_are_read() -> None:
    world = World()
    await world.run(example())
    (record,) = world.operations.all()
    old = json.loads(record.model_dump_json())
    del old["channel"]
    assert Operation.model_validate(old).came_by is None
