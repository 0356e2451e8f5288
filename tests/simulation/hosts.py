"""Two hosts on the same queues and timers: redelivery, concurrent deliveries, deaths, and the host's own poisoning."""

import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from shared.naming import POISON_QUEUE, WORK_POISON_QUEUE
from shared.poison import settle_poison
from shared.ports import PoisonedMessage
from shared.services import Services
from shared.upkeep import clean_up_credentials, resume_unsettled
from tests.fakes.world import INVISIBLE, World
from tests.simulation.steps import Loop, Task

_MAX_DEQUEUE_COUNT = 5
_RETRY = timedelta(seconds=10)
"""host.json: maxDequeueCount and visibilityTimeout."""
_TIMERS = {"resume": timedelta(minutes=1), "clean up": timedelta(minutes=5), "poison": timedelta(minutes=5)}


@dataclass
class Message:
    """One message, while it lies on a queue or is being worked on."""

    queue: str
    id: str
    text: bytes
    inserted: datetime
    invoke: Callable[[], Coroutine[Any, Any, None]]
    dequeued: int = 0


class Hosts:
    """Delivers messages and fires timers on one of two hosts, as the draw decides."""

    def __init__(self, world: World, loop: Loop, draw: Random, trace: Callable[[str], None]) -> None:
        self._world = world
        self._loop = loop
        self._draw = draw
        self._trace = trace
        self._waiting = 0
        self._sent = 0
        self._arrival = loop.clock.now()
        self._running: list[dict[Task, Message | None]] = [{}, {}]
        self._timers: dict[str, Task] = {}
        for name, period in _TIMERS.items():
            loop.after(period, partial(self._fire, name))

    @property
    def busy(self) -> bool:
        """Say whether a message waits or anything runs."""
        return self._waiting > 0 or any(self._running)

    def send_request(self, body: bytes) -> None:
        """Put a request on the intake queue; sometimes the queue delivers it twice at once."""
        self._sent += 1
        # No two messages arrive in one second, the precision of an answer's time: it tells the checker whose it is.
        self._arrival = max(self._loop.clock.now(), self._arrival + timedelta(seconds=1))
        message_id, received = f"message-{self._sent}", self._arrival
        for _ in range(2 if self._draw.random() < 0.1 else 1):
            invoke = partial(self._world.intake.accept, body, message_id, received)
            self._queue(Message(POISON_QUEUE, message_id, body, received, invoke), timedelta(0))

    def take_over_work(self) -> None:
        """Have what the registrar put on its internal queue delivered when it is due."""
        work = self._world.queues.work
        while work:
            due, _, operation_id, generation = work.pop()
            text = json.dumps({"operationId": operation_id, "generation": generation}).encode()
            now = self._loop.clock.now()
            invoke = partial(self._world.execution.run, operation_id, generation)
            message = Message(WORK_POISON_QUEUE, f"work-{operation_id}-{due}", text, now, invoke)
            self._queue(message, max(due - now, timedelta(0)))

    def die(self) -> None:
        """One host is killed with all it runs. Its messages come back when their invisibility ends."""
        host = self._draw.randrange(2)
        self._trace(f"host {host} dies")
        for message in self._kill(host):
            self._give_back(message, INVISIBLE)

    def stop(self) -> None:
        """End whatever still runs on both hosts."""
        for host in range(2):
            self._kill(host)

    def _kill(self, host: int) -> list[Message]:
        lost = list(self._running[host].items())
        self._running[host].clear()
        for task, _ in lost:
            task.kill()
        return [message for _, message in lost if message is not None]

    def _queue(self, message: Message, delay: timedelta) -> None:
        self._waiting += 1
        self._loop.after(delay + timedelta(milliseconds=self._draw.randint(0, 2000)), partial(self._deliver, message))

    def _deliver(self, message: Message) -> None:
        self._waiting -= 1
        message.dequeued += 1
        self._start(message.invoke(), message.id, message)

    def _start(self, work: Coroutine[Any, Any, object], name: str, message: Message | None) -> Task:
        host = self._draw.randrange(2)

        def ended(error: Exception | None) -> None:
            self._running[host].pop(task)
            if error is not None:
                self._trace(f"{task.name} raised {type(error).__name__}: {error}")
            if error is not None and message is not None:
                self._give_back(message, _RETRY)

        task = Task(self._loop, work, f"{name}@{host}", ended)
        self._running[host][task] = message
        self._loop.after(timedelta(0), task.go_on)
        return task

    def _give_back(self, message: Message, invisible: timedelta) -> None:
        if message.dequeued < _MAX_DEQUEUE_COUNT:
            self._queue(message, invisible)
            return
        self._trace(f"{message.id} is poisoned by the host")
        text = message.text.decode(errors="replace")
        self._world.queues.given_up.append(PoisonedMessage(message.queue, message.id, "", text, message.inserted))

    def _fire(self, name: str) -> None:
        self._loop.after(_TIMERS[name], partial(self._fire, name))
        last = self._timers.get(name)
        if self._has_nothing_to_do(name) or (last is not None and last.alive):
            return
        self._timers[name] = self._start(self._timer(name, self._world.services), name, None)

    def _has_nothing_to_do(self, name: str) -> bool:
        world = self._world
        lists = {"resume": world.operations.unsettled, "clean up": world.cleanups.rows, "poison": world.queues.given_up}
        return not lists[name]

    def _timer(self, name: str, services: Services) -> Coroutine[Any, Any, int]:
        match name:
            case "resume":
                return resume_unsettled(services)
            case "clean up":
                return clean_up_credentials(services)
            case _:
                return settle_poison(services, self._world.intake)
