"""What the tests of rotations share whose credential is the example's client secret."""

from datetime import timedelta
from typing import Any

from tests.component.rotating import APP, registered_with, rotation_of, signing_in_with
from tests.fakes.world import World, example

CREDENTIAL = "client-secret"
SECRET, PENDING = f"{APP}--{CREDENTIAL}", f"{APP}--{CREDENTIAL}--pending"


def rotation(request_id: str = "ROT1", **changes: Any) -> dict[str, Any]:
    return rotation_of(CREDENTIAL, request_id, **changes)


async def registered() -> World:
    return await registered_with(example())


async def days(world: World, number: int) -> None:
    """Days on which nothing happens but a sweep."""
    for _ in range(number):
        world.clock.advance(timedelta(hours=23, minutes=50))
        await world.go_on(timedelta(minutes=10))


def keys(world: World) -> list[str]:
    return list(world.directory.applications[APP].passwords)


def signing_in(world: World, name: str = SECRET) -> list[bool]:
    return signing_in_with(world, name)
