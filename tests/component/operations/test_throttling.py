"""One attempt that is throttled makes all others wait, whatever app they are about."""

from datetime import timedelta

from shared.core.errors import ThrottledError
from tests.fakes.world import World, example

_THEIRS = ("graph", "vault", "entra")


async def test_nobody_calls_a_service_that_asked_one_for_patience() -> None:
    world = World()
    world.faults.next("graph application", "before", ThrottledError("busy", timedelta(minutes=10)))
    await world.send(example())
    made = len(world.faults.calls)
    another = example(requestId="R2")
    another["application"] |= {"uniqueName": "another-app"}
    await world.send(another)
    assert [call for call in world.faults.calls[made:] if call.startswith(_THEIRS)] == []
    await world.settle()
    assert [answer["data"]["status"] for answer in world.queues.answers] == ["completed", "completed"]
