"""What the tests of rotations share, whatever kind of credential is replaced."""

from datetime import timedelta
from typing import Any

from shared.policy.policy_file import Policy
from tests.fakes.world import World

APP = "adt-client-dev"


def rotation_of(credential: str, request_id: str = "ROT1", /, **changes: Any) -> dict[str, Any]:
    """The owner's request for a new one."""
    return {
        "schemaVersion": "1",
        "requestId": request_id,
        "action": "rotate",
        "requestedBy": "ada@contoso.example",
        "application": {"uniqueName": APP},
        "credential": credential,
        "reason": "a colleague has left",
    } | changes


async def registered_with(request: dict[str, Any], policy: Policy | None = None) -> World:
    """A world in which this was registered an hour ago."""
    world = World(policy)
    await world.run(request)
    # Thousands of worlds are made this way: the minutes in the middle, in which nothing is due, are skipped.
    await world.go_on(timedelta(minutes=3))
    world.clock.advance(timedelta(minutes=54))
    await world.go_on(timedelta(minutes=3))
    return world


def signing_in_with(world: World, name: str) -> list[bool]:
    """Which of the enabled versions' values of a vault secret sign in, oldest first."""
    app = world.directory.applications[APP]
    return [world.directory.signs_in(app, each.value) for each in world.vault.secrets[name] if each.entry.enabled]
