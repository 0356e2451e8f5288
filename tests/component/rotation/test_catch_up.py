"""Two months switched off: everything overdue is caught up in order of expiry, within the quotas, and once.

The host is imitated as far as it sets the pace: so many messages of a queue at once, each as long as its calls take,
none before it becomes visible; and the timers.
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from heapq import heappop, heappush, heapreplace
from pathlib import Path
from typing import Any

import pytest

from shared.core.errors import RegistrarError, ThrottledError, UnavailableError
from shared.core.naming import pending_secret_name, vault_secret_name
from shared.model.vault import VaultEntry
from shared.rotation.messages import SweepOn
from shared.rotation.sweep import MOST
from tests.fakes.faults import WorkerDied
from tests.fakes.invariants import breaches
from tests.fakes.world import INVISIBLE, World, example

CREDENTIAL = "client-secret"
WAVES, APPS = 12, 50
"""So many apps are registered every other day."""
LEADS = (20, 40)
"""So many days before its end a credential is due: in that order, half of them would come before what has expired."""
OFF = timedelta(days=60)

QUEUES = json.loads((Path(__file__).parents[3] / "host.json").read_text())["extensions"]["queues"]
AT_ONCE = QUEUES["batchSize"] + QUEUES["newBatchThreshold"]
CALL = timedelta(seconds=2) / 55
"""What one call to a service takes at least: the assumption of tests/unit/project/test_infra.py, too."""
SPREAD = timedelta(seconds=60)
"""The messages of one run of a sweep become visible within less than this."""

GRAPH = (3000, timedelta(seconds=150))
"""Writes (Microsoft Learn, "Microsoft Graph service-specific throttling limits", identity and access)."""
GRAPH_BURST = (200, timedelta(seconds=10))
"""The same rate in shorter intervals: so few credentials could not reach the quota itself."""
VAULT = (300, timedelta(seconds=10))
"""Secrets created in one vault (Microsoft Learn, "Azure Key Vault service limits")."""


type Message = tuple[datetime, int, str, int] | tuple[datetime, int, str]
"""Of either queue, as the fake keeps it."""


def secret(name: str) -> str:
    return vault_secret_name(name, CREDENTIAL)


def request(name: str, rotate_before_days: int) -> dict[str, object]:
    """A registration whose secret is replaced so many days before its end."""
    (credential,) = example()["credentials"]
    return example(
        requestId=name,
        application=example()["application"] | {"uniqueName": name},
        credentials=[credential | {"name": CREDENTIAL, "rotateBeforeDays": rotate_before_days}],
    )


async def switched_off() -> tuple[World, list[str]]:
    """A world in which nothing ran for 60 days: some credentials have expired, all are due."""
    world, names = World(), list[str]()
    for wave in range(WAVES):
        for number in range(APPS):
            name = f"app-{number}-{wave}"
            await world.send(request(name, LEADS[number % 2]))
            names.append(name)
        world.clock.advance(timedelta(days=2))
    first = min(entry.at for entry in world.due.rows.values())
    world.clock.advance(first - world.clock.now() - timedelta(hours=1))
    assert await world.sweep() == 0
    world.clock.advance(OFF)
    assert all(entry.at <= world.clock.now() for entry in world.due.rows.values())
    return world, names


class Host:
    """One instance of the Functions host, on the world's clock."""

    def __init__(self, world: World, sweep_every: timedelta) -> None:
        now = world.clock.now()
        self._world = world
        self._slots = {"work": [now] * AT_ONCE, "rotations": [now] * AT_ONCE}
        """When each slot of a queue is free again."""
        self._timers = {
            self._world.sweep: (now, sweep_every),
            self._world.resume_unsettled: (now, timedelta(minutes=1)),
            self._world.clean_up: (now, timedelta(minutes=5)),
        }
        self.messages = 0
        self.deaths = 0

    async def run(self, until: datetime, weather: Callable[[int], None]) -> None:
        """Deliver messages and fire timers; `weather` is told the number of each message before it is delivered."""
        clock = self._world.clock
        while True:
            at, step = min(self._next_timer(), self._next_message(), key=lambda each: each[0])
            if at > until:
                return
            clock.advance(max(at - clock.now(), timedelta(0)))
            if step == "timer":
                await self._fire()
            else:
                weather(self.messages)
                await self._deliver(step)

    def _next_timer(self) -> tuple[datetime, str]:
        return min(at for at, _ in self._timers.values()), "timer"

    def _next_message(self) -> tuple[datetime, str]:
        queues = self._world.queues
        visible = {
            name: queue[0][0] for name, queue in (("work", queues.work), ("rotations", queues.rotations)) if queue
        }
        starts = [(max(at, self._slots[name][0]), name) for name, at in visible.items()]
        return min(starts, default=(datetime.max.replace(tzinfo=self._world.clock.now().tzinfo), ""))

    async def _fire(self) -> None:
        timer, (at, period) = min(self._timers.items(), key=lambda each: each[1][0])
        self._timers[timer] = (at + period, period)
        await timer()

    async def _deliver(self, queue: str) -> None:
        world, calls = self._world, len(self._world.faults.calls)
        messages: list[Any] = world.queues.work if queue == "work" else world.queues.rotations
        message: Message = heappop(messages)
        self.messages += 1
        try:
            await self._invoke(message)
        except WorkerDied:
            self.deaths += 1
            heappush(messages, (world.clock.now() + INVISIBLE, *message[1:]))
        heapreplace(self._slots[queue], world.clock.now() + CALL * (len(world.faults.calls) - calls))

    async def _invoke(self, message: Message) -> None:
        match message:
            case _, _, operation_id, generation:
                await self._world.execution.run(operation_id, generation)
            case _, _, text:
                await self._world.rotations.receive(text.encode())


def most_within(moments: list[datetime], interval: timedelta) -> int:
    """The most that happened in any interval so long."""
    moments, first, most = sorted(moments), 0, 0
    for last, at in enumerate(moments):
        while at - moments[first] >= interval:
            first += 1
        most = max(most, last - first + 1)
    return most


def out_of_order(made: dict[str, datetime], expiry: dict[str, datetime], within: timedelta) -> list[str]:
    """Whose credential was made while one that expires earlier was not, and not soon after either."""
    names = sorted(made, key=lambda name: made[name])
    found, last, number = list[str](), names[0], 0
    for name in names:
        while made[name] - made[names[number]] > within:
            last = max(last, names[number], key=lambda each: expiry[each])
            number += 1
        if number > 0 and expiry[last] > expiry[name]:
            found.append(f"{name}, {expiry[name]}, at {made[name]}, after {last}, {expiry[last]}, at {made[last]}")
    return found


def assert_caught_up(world: World, names: list[str], since: datetime, *, order_within: timedelta) -> None:
    versions = {name: [each.entry for each in world.vault.secrets[secret(name)]] for name in names}
    assert {len(each) for each in versions.values()} == {2}
    for name, (old, new) in versions.items():
        assert new.tags["previousKeyId"] == old.tags["keyId"]
        assert new.tags["keyId"] in world.directory.applications[name].passwords
    assert_in_order(world, {name: old for name, (old, _) in versions.items()}, order_within)
    created = [
        kept.entry.created
        for each in world.vault.secrets.values()
        for kept in each
        if kept.entry.created is not None and kept.entry.created >= since
    ]
    written = [at for at, _, _ in world.directory.changes if at >= since]
    assert len(created) >= 2 * len(names)
    assert len(written) >= len(names)
    assert most_within(created, VAULT[1]) <= VAULT[0]
    for quota, interval in (GRAPH, GRAPH_BURST):
        assert most_within(written, interval) <= quota
    rotated = [event for event in world.queues.events if event["type"] == "registrar.credential.rotated.v1"]
    assert sorted(event["subject"] for event in rotated) == sorted(names)
    assert breaches(world) == []


def assert_in_order(world: World, old: dict[str, VaultEntry], within: timedelta) -> None:
    """The credential that expired earlier was replaced earlier, but for those that bad weather met itself."""
    unlucky = {operation.unique_name for operation in world.operations.all() if operation.attempts > 1}
    assert len(unlucky) < 10
    expiry, made = dict[str, datetime](), dict[str, datetime]()
    for name in set(old) - unlucky:
        at, expires = world.vault.secrets[pending_secret_name(name, CREDENTIAL)][-1].entry.created, old[name].expires
        assert at is not None
        assert expires is not None
        made[name], expiry[name] = at, expires
    assert len(set(expiry.values())) >= WAVES
    assert out_of_order(made, expiry, within) == []


async def test_what_is_overdue_is_caught_up_in_order_of_expiry_within_the_quotas() -> None:
    world, names = await switched_off()
    since = world.clock.now()
    expiries = [world.vault.secrets[secret(name)][-1].entry.expires or since for name in names]
    assert MOST < sum(expires <= since for expires in expiries) < len(names)
    await Host(world, timedelta(hours=1)).run(since + timedelta(minutes=30), lambda _: None)
    assert world.directory.passwords_ever_issued == 2 * len(names)
    assert_caught_up(world, names, since, order_within=SPREAD)


async def test_it_is_caught_up_once_in_bad_weather_and_while_the_timer_fires_again() -> None:
    world, names = await switched_off()
    since, host = world.clock.now(), Host(world, timedelta(minutes=2))
    pause = timedelta(seconds=40)
    weather: dict[int, tuple[str, RegistrarError | WorkerDied]] = {
        50: ("graph add_password", ThrottledError("busy", pause)),
        150: ("vault store", ThrottledError("busy", pause)),
        250: ("graph application", ThrottledError("busy", pause)),
        350: ("vault versions", UnavailableError("connection lost")),
        400: ("graph add_password", WorkerDied()),
        450: ("entra token", ThrottledError("busy", pause)),
    }

    def happen(message: int) -> None:
        if message in weather:
            call, error = weather[message]
            world.faults.next(call, "before", error)

    await host.run(since + timedelta(hours=1), happen)
    assert host.deaths == 1
    assert_caught_up(world, names, since, order_within=SPREAD + pause)


async def test_what_nothing_comes_of_does_not_hold_up_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.rotation.sweep.MOST", 5)
    world, names = World(), [f"app-{number}" for number in range(8)]
    for name in names:
        await world.send(request(name, 30))
        world.clock.advance(timedelta(days=1))
    for name in names[:5]:
        pending = pending_secret_name(name, CREDENTIAL)
        world.vault.put(pending, "theirs", world.clock.now() + timedelta(days=900), {"team": "theirs"})
    world.clock.advance(timedelta(days=170))
    now = world.clock.now()
    await Host(world, timedelta(hours=1)).run(now + timedelta(minutes=20), lambda _: None)
    assert [len(world.vault.secrets[secret(name)]) for name in names] == [1] * 5 + [2] * 3


async def test_a_timer_that_fires_again_begins_no_second_sweep_beside_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shared.rotation.sweep.MOST", 5)
    world = World()
    for number in range(8):
        await world.send(request(f"app-{number}", 30))
    world.clock.advance(timedelta(days=170))
    for expected in (5, 0, 0):
        assert await world.sweep() == expected
    assert [message for _, _, message in world.queues.rotations].count(SweepOn().to_json()) == 1
