"""Plays a schedule on a real stack, and has the witness judge what is left when all has come to rest."""

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from functools import singledispatchmethod

from azure.core.exceptions import ClientAuthenticationError, ResourceNotFoundError

from devstack.doubles.faults import FaultKind
from tests.chaos.check import Witness
from tests.chaos.suite import Result
from tests.chaos.weather.people import Administrator, calm
from tests.chaos.weather.schedule import (
    AddApplication,
    AddRedirectUri,
    AddSecret,
    Jump,
    KillHost,
    KillWorker,
    Pass,
    Schedule,
    Send,
    ServiceAway,
    Step,
    StorageAway,
    StorageFaults,
)
from tests.chaos.weather.traffic import FOREIGN_SECRET, Message
from tests.e2e.driver import Driver

_STRIDE = timedelta(seconds=10)
_STRIDE_WALL_SECONDS = 0.25
_LONG_STRIDES = 12
_BEYOND_LAG = timedelta(minutes=5, seconds=1)
"""A little more than the app's lag window: what others add within it can be overtaken by a write of any client."""
_SETTLING = timedelta(minutes=15)
_FEWEST_COMPLETED = 1 / 3
_FOR_EVER = 1_000_000


class Day:
    """One schedule on one stack; `play` once."""

    def __init__(self, driver: Driver, schedule: Schedule) -> None:
        self._driver = driver
        self._schedule = schedule
        self._administrator = Administrator(driver)
        self._witness = Witness(driver)
        self._sent: list[Message] = []
        self._figures = Counter[str]()
        self._breaches: list[str] = []

    def play(self) -> Result:
        """Set up the tenant, do every step in bad weather, let it clear up, and judge."""
        self._set_up()
        self._driver.weather(**self._schedule.weather)
        for step in self._schedule.steps:
            self._do(step)
        self._clear_up()
        self._judge()
        return Result(breaches=self._breaches, figures=dict(self._figures))

    def _set_up(self) -> None:
        """What was there before: somebody's secret under a name that a request will want, and the seed's own apps."""
        apps = {message["application"]["uniqueName"] for message in self._messages()}
        for app in sorted(apps):
            self._administrator.store_secret(f"{app}--{FOREIGN_SECRET}")
        self._witness.remember_foreign()

    def _messages(self) -> Iterator[Message]:
        for step in self._schedule.steps:
            if isinstance(step, Send):
                yield from step.messages

    @singledispatchmethod
    def _do(self, step: Step) -> None:
        raise TypeError(f"no step of a schedule: {step}")

    @_do.register
    def _(self, step: Send) -> None:
        self._prove_what_was_answered()
        for message in step.messages:
            self._driver.send(message)
        self._sent += step.messages

    @_do.register
    def _(self, step: Pass) -> None:
        self._pass(step.time, round(step.time / _STRIDE))

    @_do.register
    def _(self, step: Jump) -> None:
        self._driver.advance(step.time.total_seconds())
        self._figures["clock_jumps"] += 1

    @_do.register
    def _(self, step: KillWorker) -> None:
        time.sleep(step.after)
        # There is none for a moment after the last one died.
        if worker := self._driver.worker_process_id(step.host):
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
            self._figures["worker_kills"] += 1

    @_do.register
    def _(self, step: KillHost) -> None:
        time.sleep(step.after)
        self._driver.stack.kill(step.host)
        self._figures["host_kills"] += 1
        self._driver.advance(step.away.total_seconds())
        self._driver.stack.restart(step.host)

    @_do.register
    def _(self, step: ServiceAway) -> None:
        self._driver.fault(service=step.service, kind=step.how, times=_FOR_EVER)
        self._pass(step.time, _LONG_STRIDES)
        self._driver.control("DELETE", "/faults")
        self._figures["outages"] += 1

    @_do.register
    def _(self, step: StorageAway) -> None:
        self._driver.stack.halt("azurite")
        self._pass(step.time, _LONG_STRIDES)
        self._driver.stack.restart("azurite")
        self._figures["outages"] += 1

    @_do.register
    def _(self, step: StorageFaults) -> None:
        self._driver.control("POST", "/faults", list(step.faults))

    @_do.register
    def _(self, step: AddApplication) -> None:
        self._administrator.add_application(step.unique_name)
        self._remember()
        # A name that somebody takes within the lag cannot be seen to be taken.
        self._driver.advance(_BEYOND_LAG.total_seconds())

    @_do.register
    def _(self, step: AddSecret) -> None:
        apps = self._administrator.applications()
        ours = [app for app in self._apps() if app in apps]
        if ours:
            self._administrator.add_secret(apps[ours[0]])
            self._remember()

    @_do.register
    def _(self, step: AddRedirectUri) -> None:
        apps = self._administrator.applications()
        quiet = [app for app in self._apps() if app in apps and self._is_quiet(app)]
        if quiet:
            object_id, uri = apps[quiet[0]], f"https://by-hand.contoso.example/{len(self._sent)}"
            self._administrator.add_redirect_uri(object_id, uri)
            self._witness.remember_redirect_uri(object_id, uri)
            self._figures["foreign_changes"] += 1
            self._driver.advance(_BEYOND_LAG.total_seconds())

    def _remember(self) -> None:
        with calm(self._driver):
            self._witness.remember_foreign()
        self._figures["foreign_changes"] += 1

    def _apps(self) -> list[str]:
        return sorted({message["application"]["uniqueName"] for message in self._sent})

    def _is_quiet(self, app: str) -> bool:
        """Whether every request about the app has its operation's answer."""
        self._witness.drain()
        answered = {answer["data"]["requestId"] for answer in self._witness.answers() if answer["data"]["operationId"]}
        return all(
            message["requestId"] in answered for message in self._sent if message["application"]["uniqueName"] == app
        )

    def _prove_what_was_answered(self) -> None:
        """Invariant 3, in the middle of it all: what was answered completed signs in now."""
        self._witness.drain()
        with calm(self._driver):
            for app, client_id, credential in sorted(self._completed_credentials()):
                try:
                    self._driver.sign_in(client_id, self._driver.stored(app, credential))
                except (ClientAuthenticationError, ResourceNotFoundError) as error:
                    self._breaches.append(f"3: {app}: the stored {credential} does not sign in: {error}")

    def _completed_credentials(self) -> set[tuple[str, str, str]]:
        return {
            (answer["subject"], answer["data"]["clientId"], credential["name"])
            for answer in self._witness.answers()
            if answer["data"]["status"] == "completed"
            for credential in answer["data"]["credentials"]
        }

    def _pass(self, duration: timedelta, strides: int) -> None:
        for _ in range(strides):
            self._driver.advance(duration.total_seconds() / strides)
            time.sleep(_STRIDE_WALL_SECONDS)

    def _clear_up(self) -> None:
        """Fine weather until nothing waits, and the quarter of an hour in which clean-up must have ended."""
        self._driver.weather()
        self._driver.control("DELETE", "/faults")
        waiting = [self._witness.settle()]
        self._driver.advance(_SETTLING.total_seconds())
        waiting.append(self._witness.settle())
        self._breaches += [f"5: {what}" for what in waiting if what]

    def _judge(self) -> None:
        self._breaches += self._witness.breaches(self._sent)
        self._figures += Counter({name: int(count) for name, count in self._witness.examined.items()})
        asked = {message["requestId"] for message in self._sent}
        done = {a["data"]["requestId"] for a in self._witness.answers() if a["data"]["status"] == "completed"}
        self._figures += Counter(schedules=1, messages=len(self._sent), requests=len(asked), completed=len(done))
        if len(done) < _FEWEST_COMPLETED * len(asked):
            self._breaches.append(f"only {len(done)} of {len(asked)} requests were completed, which proves too little")
        suffered: dict[str, dict[str, int]] = self._driver.control("GET", "/faults/suffered")
        for kinds in suffered.values():
            for kind, count in kinds.items():
                self._figures["faults_met"] += count
                self._figures[f"faults_met_{FaultKind(kind).name.lower()}"] += count
