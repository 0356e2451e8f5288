"""Units of the proof: some rotations each, under weather and kills, with five clients per app looking on."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import jwt

from tests.brokers import split
from tests.chaos.on_the_wire.action import ask, request_id
from tests.chaos.on_the_wire.recorded_stack import RecordedStack, judged, recorded_stack
from tests.chaos.on_the_wire.rotation_actions import CERTIFICATE
from tests.chaos.outage.clients import CARELESS, RULES, Client, Kept, Services, clients, services
from tests.chaos.suite import Result, Size
from tests.chaos.weather.people import calm
from tests.e2e.driver import request, rotation

_FULL, _SMALL = (*(f"50-{number}" for number in range(1, 5)), "20-1@servicebus"), ("2-1",)
OVERLAP = timedelta(days=1)
_SETTLED_SECONDS = 600
_WEATHER = {
    "throttleRate": 0.03,
    "errorRate": 0.03,
    "lostAnswerRate": 0.03,
    "refusedRate": 0.02,
    "lagSeconds": 20,
    "secretActivationSeconds": 240,
}
_STEPS, _MOST_STEPS = 5, 150
_GROWTH, _LONGEST_STEP_SECONDS = 1.05, 900
"""A message whose worker was killed comes back after ten minutes: waiting for it, steps grow."""
_KILLS, _HOST_KILLS = 0.5, 0.3
"""In how many steps somebody dies, and how many of the dead are hosts."""
_CERTIFICATE_EVERY = 4
"""Of so many apps, one signs in with a certificate."""
BEFORE, PENDING, OVERLAPPING, AFTER = "before", "issued beside", "overlap", "after"
PHASES = (BEFORE, PENDING, OVERLAPPING, AFTER)


class Outage:
    """The suite; `name` stands in the reports."""

    name = "outage"

    def units(self, size: Size) -> Sequence[str]:
        """Two hundred rotations, or two; on Service Bus a tenth of them."""
        return _SMALL if size is Size.SMALL else _FULL

    def run(self, unit: str, folder: Path) -> Result:
        """Rotate on a fresh stack while clients sign in, and have the end judged."""
        bare, broker = split(unit)
        rotations, seed = bare.split("-")
        with recorded_stack(folder, broker) as one, services(one.driver) as reached:
            return Course(one, reached, int(rotations), Random(bare), seed=int(seed)).run()


SUITE = Outage()


class Course:
    """One unit at work on its stack."""

    def __init__(self, one: RecordedStack, reached: Services, rotations: int, draw: Random, *, seed: int) -> None:
        self._stage = one
        self._services = reached
        self._draw = draw
        self._phases: dict[str, str] = {}
        self._weather = _WEATHER | {"seed": seed}
        self._clients: dict[str, list[Client]] = {f"kept-{n}": clients(OVERLAP) for n in range(rotations)}
        certificate, secret = CERTIFICATE["name"], "client-secret"
        self._credential = {
            f"kept-{n}": certificate if n % _CERTIFICATE_EVERY == 1 else secret for n in range(rotations)
        }
        self._ids: dict[str, str] = {}
        self._first: dict[str, str] = {}
        self._signed_in = Counter[tuple[str, str, str]]()
        self._accepted = Counter[str]()
        self._refused = Counter[tuple[str, str]]()
        self._breaches: list[str] = []
        self._kills = Counter[str]()

    def run(self) -> Result:
        """Register, rotate, let the overlap pass, and see the old ones go; look on at every step."""
        one, apps = self._stage, list(self._clients)
        self._register(apps)
        self._look()
        one.driver.weather(**self._weather)
        for app in apps:
            one.send(rotation(request_id(app, "rotate"), app, credential=self._credential[app]))
        self._go_on(lambda: all(one.answers(request_id(app, "rotate")) for app in apps), 20, "the rotations")
        for _ in range(_STEPS):
            self._step(OVERLAP.total_seconds() / _STEPS)
        self._go_on(lambda: all(phase == AFTER for phase in self._phases.values()), 600, "the old ones to go")
        one.driver.weather()
        self._look()
        self._judge()
        return self._result()

    def _register(self, apps: Sequence[str]) -> None:
        bodies = [request(request_id(app), app) for app in apps]
        for body, app in zip(bodies, apps, strict=True):
            body["credentials"][0] |= {"overlapDays": OVERLAP.days, **self._wanted(app)}
        ask(self._stage, *bodies)
        for app in apps:
            (answer,) = self._stage.answers(request_id(app))
            self._ids[app] = answer["data"]["clientId"]
            self._first[app] = answer["data"]["credentials"][0]["keyId"]
        self._stage.advance(_SETTLED_SECONDS)

    def _wanted(self, app: str) -> dict[str, Any]:
        return CERTIFICATE if self._credential[app] == CERTIFICATE["name"] else {}

    def _go_on(self, done: Callable[[], bool], seconds: float, what: str) -> None:
        for _ in range(_MOST_STEPS):
            if done():
                return
            self._step(seconds)
            seconds = min(seconds * _GROWTH, _LONGEST_STEP_SECONDS)
        self._breaches.append(f"gave up waiting for {what}")

    def _step(self, seconds: float) -> None:
        """Let stack time pass, kill the worker now and then, or the whole host, and have everybody sign in."""
        one = self._stage
        if self._draw.random() < _KILLS:
            killed = "host" if self._draw.random() < _HOST_KILLS else "worker"
            if killed == "host":
                one.kill_host()
                one.restart_host()
            else:
                one.kill_worker()
            one.wait_for_worker()
            self._kills[killed] += 1
        one.advance(seconds)
        one.journal(one.last_call(), within=0.5, calm=0.1)
        self._look()

    def _look(self) -> None:
        """Have every client of every app sign in once."""
        one = self._stage
        # No fault meets a client; a secret that is issued just then takes its time all the same.
        with calm(one.driver, "secretActivationSeconds"):
            self._services.begin_look()
            one.witness.drain()
            now, there = one.now(), self._directory()
            self._phases = {app: self._phase(app, there[app]) for app in self._clients}
            for app, each in self._clients.items():
                events = sum(event["subject"] == app for event in one.witness.rotated())
                for client in each:
                    kept = client.secret(now, events, lambda app=app: self._newest(app))
                    self._count(app, client, self._services.signs_in(self._ids[app], kept))

    def _directory(self) -> dict[str, list[str]]:
        """The keyIds of every app's credentials, as the directory has them now."""
        found = self._stage.driver.graph(
            "/applications?$top=999&$select=uniqueName,passwordCredentials,keyCredentials"
        )["value"]
        return {
            app["uniqueName"]: [each["keyId"] for each in (*app["passwordCredentials"], *app["keyCredentials"])]
            for app in found
        }

    def _newest(self, app: str) -> Kept:
        return self._services.newest(app, self._credential[app])

    def _phase(self, app: str, keys: list[str]) -> str:
        is_promoted = self._newest(app).key_id != self._first[app]
        is_old_there = self._first[app] in keys
        if is_promoted:
            return OVERLAPPING if is_old_there else AFTER
        return PENDING if len(keys) > 1 else BEFORE

    def _count(self, app: str, client: Client, accepted: bool) -> None:
        phase = self._phases[app]
        self._signed_in[(app, client.kind, phase)] += 1
        if accepted:
            self._accepted[app] += 1
            return
        self._refused[(app, client.kind)] += 1
        if client.kind in RULES:
            self._breaches.append(f"{app}: the client that {client.kind} was refused ({phase})")

    def _judge(self) -> None:
        """Everybody was there in every phase, the double saw it, and who keeps no rule was refused."""
        for app in self._clients:
            for kind in (*RULES, CARELESS):
                missing = [phase for phase in PHASES if not self._signed_in[(app, kind, phase)]]
                if missing:
                    self._breaches.append(f"{app}: the client that {kind} never signed in {', '.join(missing)}")
            if not self._refused[(app, CARELESS)]:
                self._breaches.append(f"{app}: who {CARELESS} was never refused, so this check cannot fail")
        tokens: list[str] = self._stage.driver.control("GET", "/issued")["tokens"]
        claims = (jwt.decode(token, options={"verify_signature": False}) for token in tokens)
        issued = Counter(each.get("appid", each.get("azp")) for each in claims)
        for app, count in self._accepted.items():
            if issued[self._ids[app]] < count:
                self._breaches.append(
                    f"{app}: {count} sign-ins, and the token endpoint issued {issued[self._ids[app]]}"
                )
        self._breaches += judged(self._stage)

    def _result(self) -> Result:
        by_rule = Counter[str]()
        for (_, kind, _), count in self._signed_in.items():
            by_rule[kind] += count
        failed = sum(count for (_, kind), count in self._refused.items() if kind in RULES)
        careless = sum(count for (_, kind), count in self._refused.items() if kind == CARELESS)
        figures: dict[str, float] = {
            "rotations": len(self._clients),
            "rotations_of_certificates": sum(name == CERTIFICATE["name"] for name in self._credential.values()),
            "sign_ins": sum(by_rule[kind] for kind in RULES),
            "failed_sign_ins": failed,
            "worker_kills": self._kills["worker"],
            "host_kills": self._kills["host"],
            "refused_sign_ins_of_clients_that_keep_a_value_for_ever": careless,
        }
        return Result(breaches=self._breaches, figures=figures | self._stage.witness.examined)
