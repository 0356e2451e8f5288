"""Each message is sent first and removed then; what cannot be sent stays, and what is left is said."""

from queues.move import Moved, move
from shared.core.naming import INTAKE_QUEUE
from shared.model.kept import kept_message
from tests.unit.queues.memory import GIVEN_UP, KEPT, WAITING, MemoryBroker


async def moved(source: MemoryBroker, target: MemoryBroker) -> list[Moved]:
    return [each async for each in move(source, target)]


async def test_every_place_is_moved_to_the_queue_that_its_messages_are_for() -> None:
    source, target = MemoryBroker(), MemoryBroker()
    for number in range(5):
        source.add(WAITING, f"work {number}")
    source.add(GIVEN_UP, "given up on")
    source.add(KEPT, kept_message("r", "x"))
    source.add(KEPT, "given up on by the host")
    assert await moved(source, target) == [Moved("work", 5, 0), Moved("kept", 2, 0), Moved("work/dead", 1, 0)]
    assert target.texts(WAITING) == [*(f"work {number}" for number in range(5)), "given up on"]
    assert target.texts(KEPT) == [kept_message("r", "x")]
    assert [each.text for each in target.held[INTAKE_QUEUE]] == ["given up on by the host"]


async def test_what_cannot_be_read_is_not_empty_and_keeps_nothing_else() -> None:
    source, target = MemoryBroker(), MemoryBroker()
    source.add(WAITING, "work")
    source.add(KEPT, kept_message("r", "x"))
    source.away = {"work"}
    assert await moved(source, target) == [
        Moved("work", problem="ServiceRequestError: it is away"),
        Moved("kept", 1, 0),
        Moved("work/dead", 0, 0),
    ]


async def test_what_the_other_broker_cannot_carry_stays_and_is_given_back() -> None:
    source, target = MemoryBroker(), MemoryBroker(most_bytes=10)
    for text in ("small", "much too large", "small, too"):
        source.add(WAITING, text)
    source.add(WAITING, "this one is too large, too")
    first = (await moved(source, target))[0]
    assert first == Moved("work", 2, 2, "2 cannot be carried; message m2: it is too large")
    assert source.texts(WAITING) == ["much too large", "this one is too large, too"]
    assert source.taken == {}
    assert target.texts(WAITING) == ["small", "small, too"]


async def test_what_is_for_later_is_left_and_counted() -> None:
    source, target = MemoryBroker(), MemoryBroker()
    source.delayed = {source.add(WAITING, "later")}
    assert (await moved(source, target))[0] == Moved("work", 0, 1)


async def test_what_cannot_be_removed_is_sent_once_a_run_and_ends_it() -> None:
    source, target = MemoryBroker(), MemoryBroker()
    source.clings = {source.add(WAITING, "one"), source.add(WAITING, "two")}
    source.add(WAITING, "three")
    assert (await moved(source, target))[0] == Moved("work", 1, 2)
    assert sorted(target.texts(WAITING)) == ["one", "three", "two"]
