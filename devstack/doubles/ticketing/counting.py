"""Running numbers of tickets, comments and events, which go on after tickets were removed, as in a real system."""

from devstack.doubles.world import World

_COLLECTION = "ticketCounters"


def count(world: World, name: str, first: int = 1) -> int:
    """The next number of that name."""
    kept = world.primary().get(_COLLECTION, name)
    number = first if kept is None else kept["last"] + 1
    world.documents.put(_COLLECTION, name, {"last": number})
    return number
