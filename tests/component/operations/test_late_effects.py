"""A call whose client gave up takes effect all the same, later: nobody has gone on as if it never would."""

from collections.abc import Callable
from datetime import timedelta

from shared.core.errors import UnavailableError
from tests.fakes.faults import Faults
from tests.fakes.invariants import breaches
from tests.fakes.world import World, example


class _Late(Faults):
    """The first call of this name is not answered in time; `arrive` lets it take effect."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self._effect: Callable[[], object] | None = None

    async def call[R](self, name: str, effect: Callable[[], R]) -> R:
        if name == self._name and self._effect is None:
            self._effect = effect
            raise UnavailableError("timed out")
        return await super().call(name, effect)

    def arrive(self) -> None:
        assert self._effect is not None
        self._effect()


async def test_no_other_secret_is_stored_while_one_may_be_on_its_way() -> None:
    late = _Late("vault store")
    world = World(faults=late)
    await world.send(example())
    await world.go_on(timedelta(minutes=2))
    assert world.directory.passwords_ever_issued == 1
    late.arrive()
    await world.settle()
    assert [answer["data"]["status"] for answer in world.queues.answers] == ["completed"]
    assert world.directory.passwords_ever_issued == 1
    assert breaches(world) == []


async def test_a_value_that_never_arrives_is_replaced() -> None:
    world = World(faults=_Late("vault store"))
    await world.send(example())
    await world.settle()
    assert [answer["data"]["status"] for answer in world.queues.answers] == ["completed"]
    (app,) = world.directory.applications.values()
    assert len(app.passwords) == 1
    assert breaches(world) == []


async def test_a_change_waits_for_the_creation_that_may_be_on_its_way() -> None:
    late = _Late("graph upsert_application")
    world = World(faults=late)
    await world.send(example())
    changed = example(requestId="R2")
    changed["application"] |= {"displayName": "Changed"}
    await world.send(changed)
    assert world.directory.applications == {}
    late.arrive()
    await world.settle()
    (app,) = world.directory.applications.values()
    assert app.state.display_name == "Changed"
    assert breaches(world) == []


async def test_a_change_waits_for_a_write_that_had_to_be_repeated() -> None:
    late = _Late("graph upsert_application")
    world = World(faults=late)
    await world.send(example())
    await world.go_on(timedelta(minutes=1))
    assert [answer["data"]["status"] for answer in world.queues.answers] == ["completed"]
    changed = example(requestId="R2")
    changed["application"] |= {"displayName": "Changed"}
    await world.send(changed)
    await world.go_on(timedelta(minutes=1))
    late.arrive()
    await world.settle()
    (app,) = world.directory.applications.values()
    assert app.state.display_name == "Changed"
    assert breaches(world) == []


async def test_a_read_from_before_two_writes_is_not_taken_for_the_second() -> None:
    """The newer change writes, the older one over it, the newer one again in vain; a read shows its first write."""
    world = World()
    await world.run(example())
    for number, fault in ((2, "graph application"), (3, "graph consents")):
        request = example(requestId=f"R{number}")
        request["application"] |= {"displayName": f"Change {number}"}
        world.faults.next(fault, "before", UnavailableError("away"))
        await world.send(request)
    _, older, newer = world.operations.all()
    for operation, fault in ((older, "graph consents"), (newer, "graph upsert_application")):
        world.clock.advance(timedelta(seconds=25))
        world.faults.next(fault, "before", UnavailableError("away"))
        await world.execution.run(operation.id, 1)
    world.clock.advance(timedelta(seconds=25))
    world.directory.lag = timedelta(seconds=60)
    await world.execution.run(newer.id, 1)
    world.directory.lag = timedelta(0)
    await world.settle()
    assert world.directory.applications["adt-client-dev"].state.display_name == "Change 3"
    assert breaches(world) == []
