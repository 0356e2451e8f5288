"""Several changes of one app at a time that take back what the others give: the newest works, the rest stand back."""

from datetime import timedelta
from typing import Any

from shared.contract.answer import Status
from shared.core.errors import Problem
from shared.model.labels import AnswerContext
from shared.model.operation import Operation, State
from shared.operations.answers import stopped
from tests.fakes.world import TENANT, World, example

APP = "adt-client-dev"
TWINS = {"api": "Azure Digital Twins", "delegated": ["Read.Write"]}
USERS = {"api": "Microsoft Graph", "delegated": ["User.Read"]}


def change(request_id: str, *apis: dict[str, Any], uris: tuple[str, ...] = ()) -> dict[str, Any]:
    asked = example()["application"] | {"apiPermissions": list(apis)}
    asked["publicClient"] = {"redirectUris": list(uris), "allowPublicClientFlows": False}
    return example(requestId=request_id, application=asked)


def of(world: World, request_id: str) -> Operation:
    (found,) = [each for each in world.operations.all() if each.request.request_id == request_id]
    return found


async def contradicting(lag: timedelta) -> World:
    """Two changes that arrive together, each of which drops what the other asks for."""
    world = World()
    await world.run(change("R1", TWINS, uris=("http://localhost",)))
    world.clock.advance(timedelta(hours=1))
    world.directory.lag = lag
    await world.send(change("R2", TWINS, uris=("http://localhost:8400",)))
    await world.send(change("R3", USERS, uris=("http://localhost:8401",)))
    return world


async def test_the_newest_is_completed_soon_and_the_older_one_is_superseded() -> None:
    world = await contradicting(timedelta(seconds=40))
    begun = world.clock.now()
    await world.settle()
    assert (of(world, "R3").state, of(world, "R2").state) == (State.COMPLETED, State.REJECTED)
    assert of(world, "R2").reason == "superseded"
    assert world.clock.now() - begun < timedelta(hours=1)
    assert world.directory.applications[APP].state.public_client_redirect_uris == {"http://localhost:8401"}
    assert of(world, "R2").attempts + of(world, "R3").attempts < 40


async def test_an_older_change_goes_on_once_the_newer_one_has_failed() -> None:
    world = await contradicting(timedelta(seconds=40))
    newer = of(world, "R3")
    stored = await world.operations.read(newer.id)
    assert stored is not None
    record = await world.applications.read(APP)
    await world.applications.save(
        record.value.model_copy(update={"begun_sequence": newer.sequence, "begun_by": newer.id}), record.etag
    )
    problem = Problem("", "service_unavailable", "Not in time.")
    answers = AnswerContext(TENANT, {})
    answer = stopped(answers, newer, record.value, Status.FAILED, (problem,), world.clock.now())
    ended = {"state": State.FAILED, "answer": answer, "answered_at": world.clock.now()}
    await world.operations.save(stored.value.model_copy(update=ended), stored.etag)
    await world.execution.run(of(world, "R2").id, 1)
    await world.settle()
    assert of(world, "R2").state is State.COMPLETED
    assert world.directory.applications[APP].state.public_client_redirect_uris == {"http://localhost:8400"}
