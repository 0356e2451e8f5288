"""A schedule: what is sent, and what goes wrong around it. A seed gives the same one again, but no interleaving."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any, Literal

from devstack.services import HOSTS, HostName
from tests.brokers import Broker
from tests.chaos.weather.traffic import Message, Traffic

type Away = Literal["graph", "entra", "keyvault", "servicebus"]
type Outage = Literal["refuse", "error"]


@dataclass(frozen=True)
class Send:
    """Put messages on the intake queue, one right after the other."""

    messages: tuple[Message, ...]


@dataclass(frozen=True)
class Pass:
    """Let stack time pass while the app works."""

    time: timedelta


@dataclass(frozen=True)
class Jump:
    """Move the stack clock at once, as a machine does that was asleep."""

    time: timedelta


@dataclass(frozen=True)
class KillWorker:
    """SIGKILL for a host's worker child, `after` seconds of wall time."""

    host: HostName
    after: float


@dataclass(frozen=True)
class KillHost:
    """SIGKILL for a host and its worker child, `after` seconds of wall time; a new one starts after `away`."""

    host: HostName
    after: float
    away: timedelta


@dataclass(frozen=True)
class ServiceAway:
    """Every call to a service fails: connections die, or it answers 503."""

    service: Away
    how: Outage
    time: timedelta


@dataclass(frozen=True)
class StorageAway:
    """Azurite stops, and comes back with what it had acknowledged."""

    time: timedelta


@dataclass(frozen=True)
class StorageFaults:
    """Single calls of the app or its host to storage fail: lost answers, refusals, 5xx."""

    faults: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class AddApplication:
    """The administrator makes an application of this uniqueName by hand."""

    unique_name: str


@dataclass(frozen=True)
class AddSecret:
    """The administrator adds a client secret to an app of ours."""


@dataclass(frozen=True)
class AddRedirectUri:
    """The administrator adds a redirect URI to an app of ours at which nobody works; then the lag window passes."""


type Step = (
    Send
    | Pass
    | Jump
    | KillWorker
    | KillHost
    | ServiceAway
    | StorageAway
    | StorageFaults
    | AddApplication
    | AddSecret
    | AddRedirectUri
)


@dataclass(frozen=True)
class Schedule:
    """One seed's day. With `recording`, storage has faults of its own."""

    seed: int
    hosts: int
    recording: bool
    weather: Mapping[str, Any]
    steps: tuple[Step, ...]


def draw_schedule(seed: int, broker: Broker = Broker.STORAGE) -> Schedule:
    """Draw the schedule of a seed; with Service Bus that, too, is away, or fails where queues of storage would."""
    draw = Random(seed)
    hosts, recording = draw.choice((1, 2, 2)), draw.random() < 0.3
    traffic = Traffic(draw, seed)
    steps: list[Step] = [Send(tuple(traffic.first())), *_happenings(draw, hosts, recording, broker)]
    steps.append(AddApplication(traffic.foreign_app))
    for _ in range(draw.choice((1, 2, 2))):
        steps += [Send(tuple(traffic.later())), *_happenings(draw, hosts, recording, broker)]
    return Schedule(seed, hosts, recording, _weather(draw, seed), tuple(steps))


def _weather(draw: Random, seed: int) -> dict[str, Any]:
    """Draw weather for the control plane, worse than any real day."""
    return {
        "lagSeconds": draw.choice((0, 5, 20, 60)),
        "secretActivationSeconds": draw.choice((0, 0, 10, 40)),
        "vaultLagSeconds": draw.choice((0, 0, 2)),
        "throttleRate": draw.choice((0, 0.02, 0.05)),
        "retryAfterSeconds": draw.choice((1, 5, 30)),
        "concurrencyViolationRate": draw.choice((0, 0.05, 0.15)),
        "errorRate": draw.choice((0, 0.03, 0.08)),
        "lostAnswerRate": draw.choice((0, 0.04, 0.1)),
        "refusedRate": draw.choice((0, 0.03, 0.06)),
        "seed": seed,
    }


def _happenings(draw: Random, hosts: int, recording: bool, broker: Broker) -> list[Step]:
    """Draw what happens after a burst: something while it is worked on, and time that passes."""
    found: list[Step] = [_storage_faults(draw, broker)] if recording else []
    found += [_blow(draw, HOSTS[draw.randrange(hosts)], broker), Pass(timedelta(minutes=draw.choice((1, 2, 5))))]
    if draw.random() < 0.5:
        found.append(draw.choice((AddSecret(), AddRedirectUri())))
    return found


def _blow(draw: Random, host: HostName, broker: Broker) -> Step:
    away: tuple[Away, ...] = ("graph", "entra", "keyvault")
    if broker is Broker.SERVICE_BUS:
        away = (*away, "servicebus")
    after = draw.uniform(0.05, 1.5)
    hour = timedelta(hours=1)
    return draw.choice(
        (
            KillWorker(host, after),
            KillWorker(host, after),
            KillHost(host, after, draw.choice((timedelta(0), timedelta(minutes=12)))),
            KillHost(host, after, timedelta(0)),
            ServiceAway(draw.choice(away), draw.choice(("refuse", "error")), hour),
            StorageAway(timedelta(minutes=draw.choice((1, 15, 60)))),
            Jump(timedelta(minutes=draw.choice((4, 11, 30, 180)))),
        )
    )


def _storage_faults(draw: Random, broker: Broker) -> StorageFaults:
    queues = "servicebus" if broker is Broker.SERVICE_BUS else "queue"
    return StorageFaults(
        tuple(
            {
                "service": draw.choice(("table", queues, "blob")),
                "kind": draw.choice(("lostAnswer", "lostAnswer", "error", "refuse")),
                "after": draw.randrange(40),
            }
            for _ in range(draw.randint(2, 6))
        )
    )
