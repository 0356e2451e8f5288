"""The queues in memory, with their delays, and what lies on them."""

import heapq
import json
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from shared.ports import PoisonedMessage
from tests.fakes.clock import FakeClock
from tests.fakes.faults import Faults, outgoing


class FakeQueues:
    """Messages with their due moments; `answers`, `events` and `poison` as parsed JSON."""

    def __init__(self, clock: FakeClock, faults: Faults) -> None:
        self.clock = clock
        self.faults = faults
        self.work: list[tuple[datetime, int, str, int]] = []
        self.rotations: list[tuple[datetime, int, str]] = []
        self.decisions: list[tuple[datetime, int, str]] = []
        self.ticket_updates: list[tuple[datetime, int, str]] = []
        self.requests: list[str] = []
        """Those that a webhook has proven."""
        self.answers: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.poison: list[dict[str, Any]] = []
        self.given_up: list[PoisonedMessage] = []
        self.on_work: Callable[[], None] = lambda: None
        """Told whenever there is new work."""
        self._order = count()

    @outgoing("queue work")
    def send_work(self, operation_id: str, generation: int, delay: timedelta = timedelta(0)) -> None:
        heapq.heappush(self.work, (self.clock.now() + delay, next(self._order), operation_id, generation))
        self.on_work()

    @outgoing("queue rotation")
    def send_rotation(self, message: str, delay: timedelta = timedelta(0)) -> None:
        heapq.heappush(self.rotations, (self.clock.now() + delay, next(self._order), message))
        self.on_work()

    @outgoing("queue decision")
    def send_decision(self, message: str, delay: timedelta = timedelta(0)) -> None:
        heapq.heappush(self.decisions, (self.clock.now() + delay, next(self._order), message))

    @outgoing("queue ticket update")
    def send_ticket_update(self, update_id: str, delay: timedelta = timedelta(0)) -> None:
        heapq.heappush(self.ticket_updates, (self.clock.now() + delay, next(self._order), update_id))
        self.on_work()

    def send_rotation_now(self, message: str) -> None:
        """Put a message on `credential-rotations`, as somebody with the right to."""
        heapq.heappush(self.rotations, (self.clock.now(), next(self._order), message))

    @outgoing("queue peek work")
    def is_work_piling_up(self) -> bool:
        return sum(due <= self.clock.now() for due, *_ in self.work) >= 32

    @outgoing("queue request")
    def send_proven(self, request: str) -> None:
        self.requests.append(request)

    @outgoing("queue answer")
    def send_answer(self, answer: str) -> None:
        self.answers.append(json.loads(answer))

    @outgoing("queue event")
    def send_event(self, event: str) -> None:
        self.events.append(json.loads(event))

    @outgoing("queue poison")
    def send_poison(self, message: str) -> None:
        self.poison.append(json.loads(message))

    @outgoing("queue remove kept")
    def remove_kept(self, operation_id: str, before: int) -> None:
        others = [k for k in self.poison if k["operationId"] != operation_id or k["generation"] >= before]
        self.poison = others

    async def host_poisoned(self) -> AsyncIterator[PoisonedMessage]:
        for message in await self._host_poisoned():
            yield message

    @outgoing("queue poisoned")
    def _host_poisoned(self) -> list[PoisonedMessage]:
        return list(self.given_up)

    @outgoing("queue remove poisoned")
    def remove_poisoned(self, message: PoisonedMessage) -> None:
        if message in self.given_up:
            self.given_up.remove(message)
