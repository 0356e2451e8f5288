"""A part of an action's points, so that a unit takes one to three minutes; which ones follows from its name alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Self

from tests.chaos.on_the_wire.points import Point


@dataclass(frozen=True)
class Part:
    """Every `of`th point, beginning with the `number`th (from 1); `writes` leaves out what changes nothing."""

    number: int
    of: int
    writes: bool = False

    @classmethod
    def read(cls, name: str) -> Self:
        """The part of this name: `2-of-3`, or `writes-2-of-3`."""
        bounds = name.removeprefix("writes-")
        number, _, of = bounds.partition("-of-")
        return cls(int(number), int(of), writes=bounds != name)

    @classmethod
    def all(cls, of: int) -> list[Self]:
        """The parts that make up the whole."""
        return [cls(number + 1, of) for number in range(of)]

    def __str__(self) -> str:
        return f"{'writes-' if self.writes else ''}{self.number}-of-{self.of}"

    def choose(self, points: Sequence[Point]) -> Sequence[Point]:
        """The points of this part, in their order."""
        chosen = [point for point in points if point.is_write] if self.writes else points
        return chosen[self.number - 1 :: self.of]


def of_the_bus(points: Sequence[Point], seed: str) -> Sequence[Point]:
    """All calls to Service Bus, and one other: what the other calls come to does not depend on the broker.

    Which one follows from `seed`.
    """
    others = [point for point in points if not point.by_bus]
    chosen = {Random(seed).choice(others)} if others else set[Point]()
    return [point for point in points if point.by_bus or point in chosen]
