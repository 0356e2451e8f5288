"""A bad working day: requests come in as others are answered, services lag, throttle, fail and lose answers."""

import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.check import Witness
from tests.chaos.load.memory import Memory
from tests.e2e.driver import Driver, request

WEATHER = {
    "lagSeconds": 4,
    "throttleRate": 0.01,
    "lostAnswerRate": 0.01,
    "errorRate": 0.01,
    "concurrencyViolationRate": 0.01,
}
"""Mild on purpose: at three times these rates most attempts failed. Far worse weather is the weather suite's."""
_AT_ONCE = 80
"""Requests under way: enough to keep the app busy, few enough that none waits long for its turn."""
_REQUESTERS = tuple(f"{name}@contoso.example" for name in ("ada", "grace", "alan", "barbara"))
"""Load is many people's: of one, a worker makes but a few attempts at a time."""
_DUPLICATES = 0.05
_WALL_SECONDS = 0.5
_STRIDE, _LONG_STRIDE = 5.0, 30.0
"""Stack time per half a second of wall time: while there is enough to do, and when the last are waited for."""
_PATIENCE_SECONDS = 3600
_SAMPLE_EVERY = 20


@dataclass
class WorkingDay:
    """So many requests on one stack. Two of three make an app, the third changes one that was made."""

    driver: Driver
    requests: int
    seed: int
    memory: Memory
    witness: Witness
    sent: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """Every message, duplicates included."""
    figures: Counter[str] = field(default_factory=Counter[str])
    _waiting: set[str] = field(default_factory=set[str])
    _read: int = 0
    _made: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        self._draw = random.Random(self.seed)

    def work(self) -> bool:
        """Send everything and wait for every answer; False when some did not come within an hour."""
        self.driver.weather(**WEATHER, seed=self.seed)
        begun, sampled, asked = time.monotonic(), -_SAMPLE_EVERY, 0
        while asked < self.requests or self._waiting:
            self.figures["seconds"] = round(time.monotonic() - begun)
            if self.figures["seconds"] > _PATIENCE_SECONDS:
                return False
            while asked < self.requests and len(self._waiting) < _AT_ONCE:
                asked += 1
                self._send(asked)
            self.driver.advance(_STRIDE if len(self._waiting) > _AT_ONCE // 2 else _LONG_STRIDE)
            time.sleep(_WALL_SECONDS)
            self._read_answers()
            answered = asked - len(self._waiting)
            if answered - sampled >= _SAMPLE_EVERY:
                self.memory.sample(answered)
                sampled = answered
        return True

    def _send(self, number: int) -> None:
        request_id = f"LOAD-{number:05}"
        app = self._draw.choice(self._made) if number % 3 == 0 and self._made else f"load-{number:05}"
        requester = _REQUESTERS[int(app[-5:]) % len(_REQUESTERS)]
        body = request(request_id, app, displayName=f"Change {number}") | {"requestedBy": requester}
        copies = 2 if self._draw.random() < _DUPLICATES else 1
        for _ in range(copies):
            self.driver.send(body)
            self.sent.append(body)
        self.figures["duplicates"] += copies - 1
        self._waiting.add(request_id)

    def _read_answers(self) -> None:
        self.witness.drain()
        answers = self.witness.answers()
        for answer in answers[self._read :]:
            request_id = answer["data"]["requestId"]
            if request_id in self._waiting:
                self._waiting.remove(request_id)
                self.figures[answer["data"]["status"]] += 1
                self._made += [answer["subject"]] if answer["data"]["status"] == "completed" else []
        self._read = len(answers)
