"""What a stack is put through before it is searched: everything that makes software print what it should not."""

import os
import signal
from collections.abc import Callable
from itertools import count
from random import Random
from typing import Any

import httpx

from demo.requester import has_bus
from tests.chaos.check import Witness
from tests.chaos.leaks.app import QUOTING
from tests.e2e.driver import Driver, eventually, request

_ADD_PASSWORD = ("graph", "/applications/{id}/addPassword")
_STORE = ("keyvault", "/secrets/{name}")
_SIGN_IN = ("entra", "/*/oauth2/v2.0/token")
_STATUSES = (500, 502, 503, 504)
_DAY = 24 * 3600
_LOOKS, _FIRST_STEP_SECONDS, _GROWTH, _LONGEST_STEP_SECONDS = 4, 20, 1.1, 900
_LOOKS_ON_BUS = 15
"""A jump of the clock ends connections as idle, and host and worker take a second to open theirs again."""
"""Stack time moves on by a step every few looks, each longer than the one before, as an operation's pauses are. The day
in which every request is answered takes some 130 of them."""
_PATIENCE_SECONDS = 600
"""Of wall time, until something hangs."""


class Trouble:
    """One round of it. Names hold the unit's number; what goes wrong when follows from it."""

    def __init__(self, driver: Driver, number: int) -> None:
        self._driver = driver
        self._number = number
        self._draw = Random(number)
        self.requests: list[dict[str, Any]] = []

    def run(self, witness: Witness, *, briefly: bool) -> list[str]:
        """Go through all of it, or `briefly` the worst, one thing after the other; says what never came to rest."""
        worst = (self._lose_answers, self._give_up_and_replay)
        others = (self._fail_with_bodies, self._end_the_worker, self._weather_a_storm, self._reject)
        for trouble in worst if briefly else (*worst, *others):
            trouble()
            self._driver.weather()
            self._driver.control("DELETE", "/faults")
        waiting = witness.settle()
        return [waiting] if waiting else []

    def _send(self, name: str, **changes: Any) -> str:
        made = request(f"LEAK-{self._number}-{name}", f"{name}-{self._number}") | changes
        self.requests.append(made)
        self._driver.send(made)
        return made["requestId"]

    def _ask(self, name: str) -> dict[str, Any]:
        return self._answer(self._send(name))

    def _answer(self, request_id: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            environment, inbox = self._driver.environment, self._driver.inbox
            inbox.drain(environment)
            return inbox.next_to(request_id)

        return self._eventually(look, f"the answer to {request_id}")

    def _eventually[T](self, look: Callable[[], T | None], what: str) -> T:
        """Look until there is something while stack time passes, faster than a driver lets it: pauses grow."""
        looks = count(1)

        def move_on() -> T | None:
            step, rest = divmod(next(looks), _LOOKS_ON_BUS if has_bus(self._driver.environment) else _LOOKS)
            if rest == 0:
                self._driver.advance(min(_FIRST_STEP_SECONDS * _GROWTH**step, _LONGEST_STEP_SECONDS))
            return look()

        return eventually(move_on, what, _PATIENCE_SECONDS)

    def _lose_answers(self) -> None:
        for service, path in (_ADD_PASSWORD, _STORE, _SIGN_IN):
            self._driver.fault(service=service, path=path, kind="lostAnswer", times=2, after=self._draw.randrange(2))
        self._ask("lost")

    def _fail_with_bodies(self) -> None:
        for service, path in (_ADD_PASSWORD, _STORE, _SIGN_IN):
            status = self._draw.choice(_STATUSES)
            self._driver.fault(service=service, path=path, kind="error", status=status, times=2)
        self._driver.weather(secretActivationSeconds=60)  # the first sign-ins are refused
        self._ask("failing")
        self._driver.weather()

    def _end_the_worker(self) -> None:
        service, path = self._draw.choice((_STORE, _ADD_PASSWORD))
        before = _calls(self._driver, service, path)
        self._driver.fault(service=service, path=path, kind="delay", seconds=2, times=1)
        request_id = self._send("killed")
        eventually(lambda: _calls(self._driver, service, path) > before or None, f"{path} to be called")
        os.kill(self._driver.worker_process_id(), signal.SIGKILL)
        self._answer(request_id)

    def _weather_a_storm(self) -> None:
        self._driver.weather(
            seed=self._number, throttleRate=0.1, errorRate=0.1, lostAnswerRate=0.1, refusedRate=0.05, lagSeconds=20
        )
        for request_id in [self._send(f"storm{n}") for n in range(3)]:
            self._answer(request_id)
        self._driver.weather()

    def _give_up_and_replay(self) -> None:
        """One secret is not known to Entra for days, one cannot be stored by an error that quotes it."""
        driver = self._driver
        driver.weather(secretActivationSeconds=2 * _DAY)
        slow, quoting = self._send("slow"), self._send(QUOTING)
        self._eventually(lambda: driver.stored_or_none(f"slow-{self._number}"), "the secret to be stored")
        log = driver.stack.logs / "host.log"
        self._eventually(
            lambda: "error.unexpected" in log.read_text(errors="replace") or None, "the error that quotes to be logged"
        )
        driver.advance(_DAY + 3600)
        failed = self._answer(slow)
        self._answer(quoting)
        driver.advance(_DAY)
        driver.weather()
        url = f"{driver.environment['DEVSTACK_FUNCTIONS_URL']}/api/operations/{failed['data']['operationId']}/replay"
        self._eventually(lambda: httpx.post(url, trust_env=False).status_code == 202 or None, "the replay to be taken")
        self._answer(slow)

    def _reject(self) -> None:
        self._answer(self._send("rejected", extra="field"))


def _calls(driver: Driver, service: str, path: str) -> int:
    return sum(count for label, count in driver.calls().get(service, {}).items() if label.endswith(path))
