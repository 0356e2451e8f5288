"""What the services are like during one run: drawn from the seed, and worse than any real day."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from shared.core.errors import (
    BusyError,
    ContendedError,
    Problem,
    RefusedError,
    RegistrarError,
    RejectedError,
    ThrottledError,
    UnavailableError,
)
from tests.fakes.faults import Faults
from tests.simulation.steps import Loop, Pause

SERVICES = ("graph", "vault", "entra", "table", "queue", "lease")
_THEIRS = frozenset(SERVICES[:3])
"""What is not the storage account: slow and lossy far more often."""
_WRITES = frozenset({"graph upsert_application", "graph upsert_service_principal", "graph write_consents"})
_REFUSABLE = _WRITES | {"graph add_password", "vault store"}
_FORBIDDABLE = frozenset({"graph add_password", "graph write_keys", "graph write_consents"})
"""What the tenant's rules forbid late, when other things of the same request are given already."""
_GUARDED = frozenset({"table save", "table save app"})
"""Writes with an ETag: the SDK repeats one whose answer was lost, and is told that somebody else wrote."""
_PATIENCE = timedelta(seconds=30)
"""How long a client waits for an answer; the service may do its work later still."""
_LATE_AT_MOST = {"graph": 120, "vault": 120, "entra": 120}
"""Seconds that a write may take effect after its client gave up or died; 40 in the storage account."""


@dataclass(frozen=True)
class Outage:
    """Some services are away."""

    services: tuple[str, ...]
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
        self.met = 0
        """How many calls did not go as their caller hoped."""
        self.lag = draw.choice((0, 0, 5, 20, 60))
        self.secret_delay = timedelta(seconds=draw.choice((0, 0, 10, 40)))
        self._throttling, self._failing, self._losing, self._contending = (
            draw.choice((0.0, 0.01, 0.03, 0.1)) for _ in range(4)
        )
        self._stalling = draw.choice((0.0, 0.002, 0.01))
        self._refusing = draw.choice((0.0, 0.0, 0.01))
        # By a draw of its own: the other weather of a seed stays as it was before there was this.
        self._rules = Random(hash(draw.getstate()))
        self._forbidding = self._rules.choice((0.0, 0.0, 0.05))
        self._late = draw.choice((0.0, 0.3, 0.9))
        self.storm = timedelta(minutes=draw.choice((5, 20, 90)))
        self._outages = [self._outage() for _ in range(draw.choice((0, 0, 1, 2)))]
        self.before_read: Callable[[], None] = lambda: None
        self.after_effect: Callable[[str], None] = lambda _: None

    async def call[R](self, name: str, effect: Callable[[], R]) -> R:
        """Travel, take effect or not, travel back: other tasks run while this one is on its way."""
        service, _, _ = name.partition(" ")
        sent = self._loop.clock.time
        draw, fine = self._draw.random, self.fine
        stall = None if fine or draw() >= self._stalling else self._draw.choice(("there", "back", "too long"))
        try:
            await Pause(self._stall(service) if stall == "there" else timedelta(0, 0, 5_000 + int(400_000 * draw())))
        except GeneratorExit:  # the client is dead, but what it sent may be on its way all the same
            if draw() < self._late:
                self._take_effect_late(name, effect, sent)
            raise
        failure = None if fine else self._failure(service, name)
        if failure is not None:
            raise self._met(name, failure)
        if stall == "too long":
            self._take_effect_late(name, effect, sent, _PATIENCE)
            await Pause(_PATIENCE)
            raise self._met(name, UnavailableError("timed out"))
        answer = self._serve(name, effect, sent)
        # A quick way back needs no pause of its own: its client does nothing before its next call travels.
        if stall == "back":
            await Pause(self._stall(service))
        if not fine and draw() < self._losing * (1 if service in _THEIRS else 0.2):
            raise self._met(f"{name}: the answer was lost", _lost(name))
        return answer

    def _serve[R](self, name: str, effect: Callable[[], R], sent: datetime) -> R:
        self.sent = sent
        if name.startswith("graph"):
            self.before_read()
        try:
            answer = effect()
        except RegistrarError as error:
            self._trace(f"{name}: refused as {type(error).__name__}")
            raise
        self._trace(name)
        self.after_effect(name)
        return answer

    def _take_effect_late(
        self, name: str, effect: Callable[[], object], sent: datetime, after: timedelta = timedelta(0)
    ) -> None:
        def arrive() -> None:
            self._loop.running = "nobody waits for it"
            with suppress(RegistrarError):
                self._serve(name, effect, sent)

        longest = _LATE_AT_MOST.get(name.partition(" ")[0], 40)
        self._loop.after(after + timedelta(seconds=self._draw.uniform(0, longest)), arrive)

    def _met(self, name: str, failure: RegistrarError) -> RegistrarError:
        self.met += 1
        self._trace(f"{name}: {type(failure).__name__}")
        return failure

    def _failure(self, service: str, name: str) -> RegistrarError | None:
        now, draw = self._loop.clock.time, self._draw
        if self._outages and any(
            service in outage.services and outage.begin <= now < outage.end for outage in self._outages
        ):
            return UnavailableError("away", sent=draw.random() < 0.5)
        chance = draw.random()
        if service not in _THEIRS:
            return UnavailableError("500") if chance < self._failing / 5 else None
        if chance < self._failing:
            return UnavailableError("503", timedelta(seconds=20) if draw.random() < 0.2 else None)
        if chance < self._failing + self._throttling:
            return ThrottledError("429", timedelta(seconds=draw.choice((1, 30, 120))) if draw.random() < 0.7 else None)
        if name in _WRITES and draw.random() < self._contending:
            return ContendedError("Directory_ConcurrencyViolation")
        if name in _FORBIDDABLE and self._rules.random() < self._forbidding:
            return RejectedError(
                [Problem("credentials", "CredentialTypeNotAllowedAsPerAppPolicy", "the tenant forbids it")]
            )
        if name in _REFUSABLE and draw.random() < self._refusing:
            return RefusedError("400", "Request_BadRequest")
        return None

    def _stall(self, service: str) -> timedelta:
        return timedelta(seconds=self._draw.uniform(5, 28 if service in _THEIRS else 100))

    def _outage(self) -> Outage:
        draw = self._draw
        begin = self._loop.clock.time + self.storm * draw.random()
        services = draw.sample(SERVICES, draw.choice((1, 1, 1, 3)))
        return Outage(tuple(services), begin, begin + timedelta(minutes=draw.choice((2, 15, 60))))


def _lost(name: str) -> RegistrarError:
    return BusyError("changed meanwhile") if name in _GUARDED else UnavailableError("connection lost")
