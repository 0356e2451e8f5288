"""What the services are like during one run: drawn from the seed, and worse than any real day."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from shared.errors import Busy, Contended, RegistrarError, Throttled, Unavailable
from tests.fakes.faults import Faults
from tests.simulation.steps import Loop, Pause

SERVICES = ("graph", "vault", "entra", "table", "queue", "lease")
_WRITES = frozenset({"graph upsert_application", "graph upsert_service_principal", "graph write_consents"})
_GUARDED = frozenset({"table save", "table save app"})
"""Writes with an ETag: the SDK repeats one whose answer was lost, and is told that somebody else wrote."""


@dataclass(frozen=True)
class Outage:
    """One service is away."""

    service: str
    begin: datetime
    end: datetime


class Weather(Faults):
    """Makes every outgoing call take time, and some fail before or after their effect, until `fine` is set."""

    def __init__(self, draw: Random, loop: Loop, trace: Callable[[str], None]) -> None:
        super().__init__()
        self._draw = draw
        self._loop = loop
        self._trace = trace
        self.fine = False
        self.lag = draw.choice((0, 0, 5, 20, 60))
        self.secret_delay = timedelta(seconds=draw.choice((0, 0, 10, 40)))
        self._throttling, self._failing, self._losing, self._contending = (
            draw.choice((0.0, 0.01, 0.03, 0.1)) for _ in range(4)
        )
        self._stalling = draw.choice((0.0, 0.002, 0.01))
        self.storm = timedelta(minutes=draw.choice((5, 20, 90)))
        self._outages = [self._outage() for _ in range(draw.choice((0, 0, 1, 2)))]
        self.before_effect: Callable[[], None] = lambda: None
        self.after_effect: Callable[[str], None] = lambda _: None

    @asynccontextmanager
    async def call(self, name: str) -> AsyncGenerator[None]:
        """Travel, take effect or not, travel back: other tasks run while this one is on its way."""
        await Pause(self._travel())
        service, _, _ = name.partition(" ")
        failure = None if self.fine else self._failure(service, name)
        if failure is not None:
            self._trace(f"{name}: {type(failure).__name__}")
            raise failure
        self.before_effect()
        yield
        self._trace(name)
        self.after_effect(name)
        await Pause(self._travel())
        if not self.fine and self._draw.random() < self._losing * (1 if service in SERVICES[:3] else 0.2):
            self._trace(f"{name}: the answer was lost")
            raise Busy("changed meanwhile") if name in _GUARDED else Unavailable("connection lost")

    def _failure(self, service: str, name: str) -> RegistrarError | None:
        now, draw = self._loop.clock.time, self._draw
        if any(outage.service == service and outage.begin <= now < outage.end for outage in self._outages):
            return Unavailable("away", sent=draw.random() < 0.5)
        chance = draw.random()
        if service in SERVICES[3:]:
            return Unavailable("500") if chance < self._failing / 5 else None
        if chance < self._failing:
            return Unavailable("503", timedelta(seconds=20) if draw.random() < 0.2 else None)
        if chance < self._failing + self._throttling:
            return Throttled("429", timedelta(seconds=draw.choice((1, 30, 120))) if draw.random() < 0.7 else None)
        if name in _WRITES and draw.random() < self._contending:
            return Contended("Directory_ConcurrencyViolation")
        return None

    def _travel(self) -> timedelta:
        if not self.fine and self._draw.random() < self._stalling:
            return timedelta(seconds=self._draw.uniform(5, 100))
        return timedelta(seconds=0.005 + 0.4 * self._draw.random())

    def _outage(self) -> Outage:
        begin = self._loop.clock.time + self.storm * self._draw.random()
        return Outage(self._draw.choice(SERVICES), begin, begin + timedelta(minutes=self._draw.choice((2, 15, 60))))
