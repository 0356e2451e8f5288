"""Two hosts on the same queues and timers: redelivery, concurrent deliveries, deaths, and the host's own poisoning."""

import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from shared.audit.writing import extend_chain
from shared.core.naming import POISON_QUEUE, ROTATIONS_POISON_QUEUE, WORK_POISON_QUEUE
from shared.intake.poison import drain_poison_queues
from shared.operations.resume import resume_unsettled
from shared.ports import PoisonedMessage
from shared.registration.cleanup import clean_up
from shared.rotation.sweep import sweep
from shared.wiring import Registrar
from tests.fakes.world import INVISIBLE, World
from tests.simulation.steps import Loop, Task

_MAX_DEQUEUE_COUNT = 5
_RETRY = timedelta(seconds=10)
"""host.json: maxDequeueCount and visibilityTimeout."""
_FUNCTION_TIMEOUTS = (timedelta(minutes=5), timedelta(minutes=5), timedelta(seconds=45))
"""host.json has the first; the last makes an invocation's end in the middle of things frequent."""
_TIMERS = {
    "resume": timedelta(minutes=1),
    "clean up": timedelta(minutes=5),
    "poison": timedelta(minutes=5),
    "sweep": timedelta(hours=1),
    "audit": timedelta(minutes=1),
}
_SKEWS = (0.0, 0.0, 0.7, -3.0, 4.0)
"""Seconds by which a host's clock is wrong."""


@dataclass
class Message:
    """One message, while it lies on a queue or is being worked on."""

    queue: str
    id: str
    text: bytes
    inserted: datetime
    invoke: Callable[["Host"], Coroutine[Any, Any, None]]
    dequeued: int = 0


class Host(Registrar):
    """One instance of the registrar, with its own idea of the time."""

    def __init__(self, world: World, skew: timedelta) -> None:
        runtime = replace(world.services.runtime, now=lambda: world.clock.time + skew)
        super().__init__(replace(world.services, runtime=runtime))
        self.running: dict[Task, Message | None] = {}


@dataclass
class Counted:
    """What happened to the hosts of one run."""

    messages: int = 0
    deaths: int = 0
    poisoned: int = 0


class Hosts:
    """Delivers messages and fires timers on one of two hosts, as the draw decides."""

    def __init__(self, world: World, loop: Loop, draw: Random, trace: Callable[[str], None]) -> None:
        self._world = world
        self._loop = loop
        self._draw = draw
        self._trace = trace
        self._waiting = 0
        self._arrival = loop.clock.now()
        self._limit = draw.choice(_FUNCTION_TIMEOUTS)
        self._losing = draw.choice((0.0, 0.0, 0.05))
        self.fine = False
        self.counted = Counted()
        self._hosts = [Host(world, timedelta(seconds=draw.choice(_SKEWS))) for _ in range(2)]
        self._timers: dict[str, Task] = {}
        for name, period in _TIMERS.items():
            loop.after(period, partial(self._fire, name))

    @property
    def busy(self) -> bool:
        """Return whether a message waits or anything runs."""
        return self._waiting > 0 or any(host.running for host in self._hosts)

    def send_request(self, body: bytes) -> None:
        """Put a request on the intake queue; sometimes the queue delivers it twice at once."""
        self.counted.messages += 1
        # No two messages arrive in one second, the precision of an answer's time: it tells the checker whose it is.
        self._arrival = max(self._loop.clock.now(), self._arrival + timedelta(seconds=1))
        message_id, received = f"message-{self.counted.messages}", self._arrival
        for _ in range(2 if self._draw.random() < 0.1 else 1):
            self._queue(
                Message(
                    POISON_QUEUE,
                    message_id,
                    body,
                    received,
                    lambda host: host.intake.accept(body, message_id, received),
                ),
                timedelta(0),
            )

    def take_over_work(self) -> None:
        """Have what the registrar put on its internal queues delivered when it is due: rarely never, or twice."""
        queues = self._world.queues
        while queues.work:
            due, _, operation_id, generation = queues.work.pop()
            self._take_over(partial(self._work, operation_id, generation, due), due)
        while queues.rotations:
            due, number, text = queues.rotations.pop()
            self._take_over(partial(self._rotation, number, text), due)

    def _take_over(self, message: Callable[[], Message], due: datetime) -> None:
        if not self.fine and self._draw.random() < self._losing:
            self._trace(f"the message {message().id} is lost")
            return
        now = self._loop.clock.now()
        for _ in range(2 if self._draw.random() < 0.02 else 1):
            self._queue(message(), max(due - now, timedelta(0)))

    def run(self, name: str, work: Callable[[Host], Coroutine[Any, Any, object]]) -> None:
        """Run something on one of the hosts that no message and no timer asked for."""
        host = self._draw.choice(self._hosts)
        self._start(host, work(host), name, None)

    def die(self) -> None:
        """One host is killed with all it runs. Its messages come back when their invisibility ends."""
        number = self._draw.randrange(2)
        self.counted.deaths += 1
        self._trace(f"host {number} dies")
        self._end(self._hosts[number], INVISIBLE)

    def stop(self) -> None:
        """End whatever still runs on both hosts."""
        for host in self._hosts:
            for task in host.running:
                task.kill()
            host.running.clear()

    def _end(self, host: Host, invisible: timedelta) -> None:
        lost = list(host.running.items())
        host.running.clear()
        for task, message in lost:
            task.kill()
            if message is not None:
                self._give_back(message, invisible)

    def _work(self, operation_id: str, generation: int, due: datetime) -> Message:
        text = json.dumps({"operationId": operation_id, "generation": generation}).encode()
        name = f"work-{operation_id[-4:]}-{generation}-{due:%H:%M:%S}"
        return Message(
            WORK_POISON_QUEUE,
            name,
            text,
            self._loop.clock.now(),
            lambda host: host.execution.run(operation_id, generation),
        )

    def _rotation(self, number: int, text: str) -> Message:
        body = text.encode()
        return Message(
            ROTATIONS_POISON_QUEUE,
            f"rotation-{number}",
            body,
            self._loop.clock.now(),
            lambda host: host.rotations.receive(body),
        )

    def _queue(self, message: Message, delay: timedelta) -> None:
        self._waiting += 1
        self._loop.after(delay + timedelta(milliseconds=self._draw.randint(0, 2000)), partial(self._deliver, message))

    def _deliver(self, message: Message) -> None:
        self._waiting -= 1
        message.dequeued += 1
        host = self._draw.choice(self._hosts)
        self._start(host, message.invoke(host), message.id, message)

    def _start(self, host: Host, work: Coroutine[Any, Any, object], name: str, message: Message | None) -> Task:
        def ended(error: Exception | None) -> None:
            host.running.pop(task)
            if error is not None:
                self._trace(f"{task.name} raised {type(error).__name__}: {error}")
            if error is not None and message is not None:
                self._give_back(message, _RETRY)

        task = Task(self._loop, work, f"{name}@{self._hosts.index(host)}", ended)
        host.running[task] = message
        self._loop.after(timedelta(0), task.go_on)
        self._loop.after(self._limit, partial(self._time_out, host, task))
        return task

    def _time_out(self, host: Host, task: Task) -> None:
        """An invocation that takes too long ends the worker, and with it whatever else that runs."""
        if task in host.running:
            self._trace(f"{task.name} is cancelled by its host")
            self._end(host, _RETRY)

    def _give_back(self, message: Message, invisible: timedelta) -> None:
        if message.dequeued < _MAX_DEQUEUE_COUNT:
            self._queue(message, invisible)
            return
        self.counted.poisoned += 1
        self._trace(f"{message.id} is poisoned by the host")
        text = message.text.decode(errors="replace")
        self._world.queues.given_up.append(PoisonedMessage(message.queue, message.id, "", text, message.inserted))

    def _fire(self, name: str) -> None:
        self._loop.after(_TIMERS[name], partial(self._fire, name))
        last = self._timers.get(name)
        if self._has_nothing_to_do(name) or (last is not None and last.alive):
            return
        host = self._draw.choice(self._hosts)
        self._timers[name] = self._start(host, self._timer(name, host), name, None)

    def _has_nothing_to_do(self, name: str) -> bool:
        world = self._world
        lists = {
            "resume": world.operations.unsettled,
            "clean up": world.cleanups.rows,
            "poison": world.queues.given_up,
            "sweep": world.due.rows,
            "audit": world.audit.outbox,
        }
        return not lists[name]

    def _timer(self, name: str, host: Host) -> Coroutine[Any, Any, int]:
        services = host.services
        match name:
            case "resume":
                return resume_unsettled(services.operations, services.queues, services.runtime)
            case "clean up":
                return clean_up(host.ports)
            case "sweep":
                return sweep(services.due, services.queues, services.runtime)
            case "audit":
                return extend_chain(services.audit)
            case _:
                return drain_poison_queues(
                    services.queues, services.operations, services.ticket_updates, host.intake, host.webhook_intake
                )
