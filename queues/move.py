"""Moves what one broker still holds to the other: each message is sent first and removed then.

Whatever is interrupted in between has been sent twice, which does no harm: a message is a hint to look at a record, a
request is known by its source and id, an event by its own.
"""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from azure.core.exceptions import AzureError

from queues.broker import Broker, Kind, Message, NotCarriedError, Place, told
from queues.kept import is_kept
from shared.core.naming import INTAKE_QUEUE


@dataclass(frozen=True)
class Moved:
    """What became of one place. `left` counts what is still there; None if that could not be found out.

    `problem` says why something is left, as far as that is not that it is for later or with somebody else.
    """

    place: str
    moved: int = 0
    left: int | None = None
    problem: str | None = None

    def as_json(self) -> dict[str, object]:
        """The line of the list, for machines."""
        return {"place": self.place, "moved": self.moved, "left": self.left, "problem": self.problem}


async def move(source: Broker, target: Broker) -> AsyncGenerator[Moved]:
    """Move place by place what can be taken now. A place that fails does not keep the others."""
    counts = await asyncio.gather(*(source.count(place) for place in source.places), return_exceptions=True)
    for place, count in zip(source.places, counts, strict=True):
        match count:
            case AzureError():
                yield Moved(place.name, problem=told(count))
            case BaseException():
                raise count
            case 0:
                yield Moved(place.name, left=0)
            case _:
                yield await _move_place(source, target, place)


async def _move_place(source: Broker, target: Broker, place: Place) -> Moved:
    run = _Run(source, target, place)
    try:
        await run.run()
        left = await source.count(place)
    except AzureError as error:
        return Moved(place.name, run.moved, problem=told(error))
    return Moved(place.name, run.moved, left, run.problem)


class _Run:
    """One place on its way."""

    def __init__(self, source: Broker, target: Broker, place: Place) -> None:
        self._source = source
        self._target = target
        self._place = place
        self._sent = set[str]()
        self._refused = dict[str, str]()
        self.moved = 0

    @property
    def problem(self) -> str | None:
        """Why messages were not sent; the first of them says it for all."""
        if not self._refused:
            return None
        first, why = next(iter(self._refused.items()))
        return f"{len(self._refused)} cannot be carried; message {first}: {why}"

    async def run(self) -> None:
        """Take, send and remove until nothing is taken that was not taken before."""
        held: list[Message] = []
        try:
            while batch := await self._source.take(self._place):
                is_new = False
                for at, message in enumerate(batch):
                    is_new |= message.id not in self._sent | self._refused.keys()
                    try:
                        if not await self._is_sent(message):
                            held.append(message)
                        elif await self._source.remove(message):
                            self.moved += 1
                    except BaseException:
                        held += batch[at:]
                        raise
                if not is_new:
                    return
        finally:
            await self._source.give_back(held)

    async def _is_sent(self, message: Message) -> bool:
        """Send a message unless this run has; return whether the other broker has it."""
        if message.id in self._sent:
            return True
        try:
            await self._target.put(_destination(self._place, message), message.body, message.due)
        except NotCarriedError as why:
            self._refused[message.id] = str(why)
            return False
        self._sent.add(message.id)
        return True


def _destination(place: Place, message: Message) -> str:
    """Return the queue that a message belongs on; what was given up on gets a new round of tries.

    On storage the host puts requests that it gave up on among what the app keeps.
    """
    if place.kind is Kind.KEPT and not is_kept(message.body):
        return INTAKE_QUEUE
    return place.queue
