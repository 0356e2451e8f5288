"""One schedule: a seed decides requests, weather, interleaving, deaths and jumps; the checker looks at the end."""

import logging
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import partial
from random import Random

from tests.fakes.clock import FakeClock
from tests.fakes.invariants import breaches, unusable
from tests.fakes.world import World
from tests.simulation.hosts import Hosts
from tests.simulation.people import People
from tests.simulation.rights import may_be_tagged_otherwise, unauthorised
from tests.simulation.steps import Loop
from tests.simulation.traffic import after_days, requests, set_up
from tests.simulation.weather import Weather

_PATIENCE = timedelta(hours=30)
"""More than a request's deadline: by then nothing may wait any more."""
_SENT_AGAIN = timedelta(hours=8)
"""By then a sweep has sent what is due again, where its message was lost."""
_CALM = timedelta(minutes=15)
"""How long after settling the checker looks (invariant 2)."""

type Spoil = Callable[[World], None]
"""Looks at, or tampers with, a world before anything happens in it."""


@dataclass
class Run:
    """What one seed led to."""

    seed: int
    breaches: list[str] = field(default_factory=list[str])
    trace: list[tuple[datetime, str, str]] = field(default_factory=list[tuple[datetime, str, str]])
    figures: Counter[str] = field(default_factory=Counter[str])

    def report(self) -> str:
        """The breaches and the whole trace, for a person."""
        lines = [f"{moment:%d %H:%M:%S.%f} {task:40} {what}" for moment, task, what in self.trace]
        return "\n".join([*lines, f"seed {self.seed}:", *self.breaches])


class Simulation:
    """A registrar on two hosts in its weather."""

    def __init__(self, seed: int, spoil: Spoil | None, patience: timedelta) -> None:
        self._patience = patience
        self._draw = Random(seed)
        self.run = Run(seed)
        clock = FakeClock()
        self._loop = Loop(clock)
        self._weather = Weather(self._draw, self._loop, self._trace)
        self._world = World(seed=seed, faults=self._weather, clock=clock)
        self._world.directory.secret_delay = self._weather.secret_delay
        self._weather.before_read = self._serve_late
        self._weather.after_effect = self._watch
        self._promised = set[str]()
        self._answers_read = 0
        set_up(self._world)
        if spoil is not None:
            spoil(self._world)
        self._hosts = Hosts(self._world, self._loop, self._draw, self._trace)
        self._people = People(self._world, self._hosts, self._draw, self._trace)
        self._world.queues.on_work = self._hosts.take_over_work

    def play(self) -> Run:
        """Run the schedule to its end and check what stands then."""
        with _log_kept_in(self._world.log):
            self._announce_everything()
            self._loop.run_until(self._world.clock.now() + self._weather.storm)
            days_pass = self._draw.random() < 0.15
            if days_pass:
                self._let_days_pass()
            self._loop.run_until(self._world.clock.now() + timedelta(hours=1))
            self._weather.fine = self._hosts.fine = True
            if days_pass:
                self._loop.run_until(self._world.clock.now() + _SENT_AGAIN)
            self._people.replay()
            self._loop.run_until(self._world.clock.now() + self._patience, self._is_settled)
            self._loop.run_until(self._world.clock.now() + _CALM)
            # A timer that looks around just now has a minute to find nothing.
            self._loop.run_until(self._world.clock.now() + timedelta(minutes=1), self._is_settled)
        if not self._is_settled():
            self.run.breaches.append(f"5: not settled: {self._world.describe_unsettled()}")
        self.run.breaches += [each for each in breaches(self._world) if not self._is_excused(each)]
        self.run.breaches += unauthorised(self._world.operations.all())
        self._count()
        self._hosts.stop()
        return self.run

    def _announce_everything(self) -> None:
        draw, storm, loop = self._draw, self._weather.storm, self._loop
        burst = timedelta(0)
        for body in requests(draw):
            if draw.random() < 0.4:
                burst = storm * draw.random()
            loop.after(burst + timedelta(seconds=draw.uniform(0, 5)), partial(self._hosts.send_request, body))
        self._announce(draw.choice((0, 0, 1, 4)), self._hosts.die)
        self._announce(draw.choice((0, 1, 3)), self._people.do_something)
        self._announce(draw.choice((0, 0, 1)), self._people.undo_something)
        self._announce(draw.choice((0, 1, 3)), self._people.replay)
        jump = timedelta(seconds=draw.choice((30, 400, 3000)))
        self._announce(draw.choice((0, 0, 0, 2)), partial(self._world.clock.advance, jump))

    def _announce(self, times: int, event: Callable[[], None]) -> None:
        for _ in range(times):
            self._loop.after(self._weather.storm * self._draw.random(), event)

    def _let_days_pass(self) -> None:
        """Whole days go by at once: secrets expire, requests miss their deadline."""
        self._world.clock.advance(timedelta(days=self._draw.choice((2, 40, 91))))
        self._people.let_expire()
        for body in after_days(self._draw):
            self._loop.after(timedelta(minutes=self._draw.uniform(1, 20)), partial(self._hosts.send_request, body))

    def _is_settled(self) -> bool:
        world = self._world
        return not (self._hosts.busy or world.operations.unsettled or world.cleanups.rows or world.queues.given_up)

    def _is_excused(self, breach: str) -> bool:
        """Return whether people broke it, or wanted the old credential gone whatever the new one is like."""
        number, _, rest = breach.partition(": ")
        about = rest.partition(":")[0]
        if number == "tag":
            return may_be_tagged_otherwise(rest.split(": ")[1], self._world.operations.all())
        if number not in ("2", "3", "retired", "refused"):
            return False
        return self._people.excuse(about) or self._people.excuse_all(about) or self._people.have_revoked(about)

    def _count(self) -> None:
        answers = self._world.queues.answers
        self.run.figures.update(asdict(self._hosts.counted))
        self.run.figures.update({"schedules": 1, "answers": len(answers), "faults_met": self._weather.met})
        self.run.figures.update(answer["data"]["status"] for answer in answers)

    def _serve_late(self) -> None:
        """Every read is served by a replica of its own: one may be older than the read before it."""
        self._world.directory.lag = timedelta(seconds=self._draw.uniform(0, self._weather.lag))

    def _watch(self, call: str) -> None:
        """Invariant 3 holds at every moment: look after whatever may break it."""
        queues = self._world.queues
        for answer in queues.answers[self._answers_read :]:
            uris = [credential["keyVaultSecretUri"] for credential in answer["data"]["credentials"]]
            self._promised |= {uri.rpartition("/")[2] for uri in uris}
        self._answers_read = len(queues.answers)
        if call.startswith(("queue answer", "vault store", "vault disable", "graph remove_password")):
            promised = [name for name in sorted(self._promised) if not self._people.excuse(name)]
            for breach in unusable(self._world, promised):
                if breach not in self.run.breaches and not self._is_excused(breach):
                    self.run.breaches.append(breach)

    def _trace(self, what: str) -> None:
        self.run.trace.append((self._loop.clock.time, self._loop.running, what))


def simulate(seed: int, spoil: Spoil | None = None, patience: timedelta = _PATIENCE) -> Run:
    """Play one seed's schedule; `patience` is how long it may take to settle once the weather is fine."""
    return Simulation(seed, spoil, patience).play()


class _Keeper(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(record.getMessage())


@contextmanager
def _log_kept_in(lines: list[str]) -> Generator[None]:
    """Keep the registrar's log in memory, where the checker searches it, and nowhere else."""
    logger, keeper = logging.getLogger("registrar"), _Keeper(lines)
    level, propagate = logger.level, logger.propagate
    logger.addHandler(keeper)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(keeper)
        logger.setLevel(level)
        logger.propagate = propagate
