"""What the host gave up on, and on Service Bus what readers gave up on: looked at, and left where it is."""

from dataclasses import dataclass

from queues.broker import Broker, Kind, Message, Place
from queues.kept import is_kept


@dataclass(frozen=True)
class GivenUp:
    """A message that nobody could use, with the broker's reason if it has one."""

    place: Place
    message: Message

    def as_json(self) -> dict[str, object]:
        """The line of the list, for machines."""
        since = self.message.since
        return {
            "place": self.place.name,
            "id": self.message.id,
            "since": since.isoformat() if since else None,
            "reason": self.message.reason,
            "isWorkedOff": self.place.kind is not Kind.STUCK,
            "body": self.message.text,
        }


async def given_up_on(broker: Broker) -> tuple[list[GivenUp], list[str]]:
    """Look at all places where such messages lie; also returns what a look does not show."""
    found, more = list[GivenUp](), list[str]()
    for place in broker.places:
        if place.kind is Kind.WAITING:
            continue
        seen = await broker.look(place)
        others = (each for each in seen.messages if place.kind is not Kind.KEPT or not is_kept(each.body))
        found += [GivenUp(place, each) for each in others]
        more += [seen.more] if seen.more else []
    return found, more
