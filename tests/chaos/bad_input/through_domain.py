"""A unit that gives its messages to the domain itself, over in-memory ports: ten times as many for the same time."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta

from tests.chaos.bad_input.messages import Message, message
from tests.chaos.bad_input.sent import Sent
from tests.chaos.suite import Result
from tests.fakes.invariants import breaches
from tests.fakes.world import World


def run_through_domain(unit: str, count: int) -> Result:
    """Have `count` messages accepted, let what has to wait go on, and judge."""
    sent, world = Sent([message(unit, index) for index in range(count)]), World()
    existed = set(world.directory.applications)
    found, index_of = asyncio.run(_accept_all(world, sent.messages))
    wanted = {request["application"]["uniqueName"] for request in sent.valid.values()}
    made = set(world.directory.applications) - existed
    found += [f"application {name!r} that nobody asked for" for name in made - wanted]
    found += [
        f"vault secret {name!r} of no application" for name in world.vault.secrets if name.split("--")[0] not in made
    ]
    found += breaches(world)
    found += sent.faults(world.queues.answers, index_of)
    live = sum(len(app.passwords) for name, app in world.directory.applications.items() if name in made)
    orphans = sum(breach.startswith("2") for breach in found)
    return sent.result(found, {"applications": len(made), "live_credentials": live, "orphans": orphans})


async def _accept_all(world: World, messages: Iterable[Message]) -> tuple[list[str], dict[str, int]]:
    """Have every message accepted, a second after the one before: what was raised, and which arrival is whose."""
    found, index_of, first = list[str](), dict[str, int](), world.clock.now()
    for one in messages:
        received = first + timedelta(seconds=one.index)
        index_of[received.strftime("%Y-%m-%dT%H:%M:%SZ")] = one.index
        try:
            await world.intake.accept(one.body, f"message-{one.index}", received)
        except Exception as error:
            found.append(f"{one.name}: raised {type(error).__name__}")
    await world.settle()
    return found, index_of
