"""A broker in memory, with one place of each kind."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from azure.core.exceptions import ServiceRequestError

from queues.broker import BrokerName, Kind, Look, Message, NotCarriedError, Place

WAITING = Place("work", "work", Kind.WAITING)
KEPT = Place("kept", "kept", Kind.KEPT)
GIVEN_UP = Place("work/dead", "work", Kind.GIVEN_UP)


class MemoryBroker:
    """Implements `Broker`. `away` names places that cannot be read; `delayed` ids are not to be had yet."""

    name = BrokerName.STORAGE
    places: Sequence[Place] = (WAITING, KEPT, GIVEN_UP)

    def __init__(self, most_bytes: int = 100_000) -> None:
        self.held: dict[str, list[Message]] = {place.name: [] for place in self.places}
        self.taken: dict[str, tuple[str, Message]] = {}
        self.away = set[str]()
        self.delayed = set[str]()
        self.clings = set[str]()
        """Ids that come again instead of being removed: their locks had lapsed."""
        self.more: str | None = None
        self._most_bytes = most_bytes
        self._count = 0

    def add(self, place: Place, body: str, reason: str | None = None) -> str:
        """Have a message in a place; its id."""
        self._count += 1
        self.held[place.name].append(Message(f"m{self._count}", body.encode(), reason=reason))
        return f"m{self._count}"

    def texts(self, place: Place) -> list[str]:
        """What lies there."""
        return [each.text for each in self.held[place.name]]

    async def look(self, place: Place, *, everything: bool = False) -> Look:
        self._check(place)
        return Look(tuple(self.held[place.name]), None if everything else self.more)

    async def count(self, place: Place) -> int:
        self._check(place)
        return len(self.held[place.name])

    async def take(self, place: Place) -> Sequence[Message]:
        self._check(place)
        free = [each for each in self.held[place.name] if each.id not in self.taken and each.id not in self.delayed]
        for each in free[:2]:
            self.taken[each.id] = (place.name, each)
        return [replace(each, receipt=place.name) for each in free[:2]]

    async def remove(self, message: Message) -> bool:
        place, found = self.taken.pop(message.id)
        self.held[place].remove(found)
        if message.id in self.clings:
            self.held[place].append(found)
            return False
        return True

    async def give_back(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self.taken.pop(message.id, None)

    async def remove_kept(self, message_id: str) -> bool:
        found = [each for each in self.held[KEPT.name] if each.id == message_id]
        for each in found:
            self.held[KEPT.name].remove(each)
        return bool(found)

    async def put(self, queue: str, body: bytes, due: datetime | None = None) -> None:
        if len(body) > self._most_bytes:
            raise NotCarriedError("it is too large")
        self._count += 1
        self.held.setdefault(queue, []).append(Message(f"m{self._count}", body, due=due))

    def _check(self, place: Place) -> None:
        if place.name in self.away:
            raise ServiceRequestError("it is away\nand more")
