"""All listeners of one host: made from the functions' triggers, started together, stopped together."""

import asyncio
from collections.abc import Iterable

from devstack.host.functions import HOST_STORAGE, Function, QueueTrigger, TimerTrigger
from devstack.host.hostjson import HostJson
from devstack.host.invoker import Invoker
from devstack.host.queue_listener import QueueListener
from devstack.host.schedule import fires_within_a_minute, parse_schedule
from devstack.host.schedule_monitor import ScheduleMonitor
from devstack.host.service_bus import ServiceBusClients
from devstack.host.service_bus_calls import MessageCalls
from devstack.host.service_bus_listener import ServiceBusListener
from devstack.host.service_bus_sessions import ServiceBusSessionListener
from devstack.host.service_bus_trigger import ServiceBusTrigger
from devstack.host.settings import AppSettings
from devstack.host.stack_time import StackTime
from devstack.host.storage import Storage
from devstack.host.timer_listener import TimerListener

_POISON = "-poison"


type _MessageListener = QueueListener | ServiceBusListener | ServiceBusSessionListener


class Listeners:
    """Queue and timer listeners; HTTP functions are served by the front."""

    def __init__(
        self,
        host: HostJson,
        host_id: str,
        settings: AppSettings,
        storage: Storage,
        buses: ServiceBusClients,
        clock: StackTime,
    ) -> None:
        self._options = host.extensions.queues
        self._bus_options = host.extensions.service_bus
        self._buses = buses
        self._host_id = host_id
        self._longest_wait = self._options.longest_wait(settings).total_seconds()
        self._storage = storage
        self._clock = clock
        self._queues: list[_MessageListener] = []
        self._timers: list[TimerListener] = []

    async def add_queue(self, function: Function, trigger: QueueTrigger, invoker: Invoker) -> None:
        """Listen to a queue for a function. Raises BindingError for an unknown connection."""
        poison = None
        if not trigger.queue.endswith(_POISON):
            poison = await self._storage.queue(trigger.connection, trigger.queue + _POISON)
        queue = await self._storage.queue(trigger.connection, trigger.queue)
        self._queues.append(
            QueueListener(function, trigger, queue, poison, self._options, self._longest_wait, invoker, self._clock)
        )

    async def add_service_bus(self, function: Function, trigger: ServiceBusTrigger, invoker: Invoker) -> None:
        """Listen to a queue or subscription of Service Bus. Raises BindingError for an unknown connection."""
        client = await self._buses.client(trigger.connection)
        calls = MessageCalls(function, trigger, invoker, auto_complete=self._bus_options.auto_complete_messages)
        kind = ServiceBusSessionListener if trigger.has_sessions else ServiceBusListener
        self._queues.append(kind(trigger, client, self._bus_options, calls, self._clock))

    async def add_timer(self, function: Function, trigger: TimerTrigger, invoker: Invoker) -> None:
        """Fire a function by its schedule. Raises BindingError for a bad schedule or a monitor without storage."""
        now = self._clock.now()
        schedule = parse_schedule(trigger.schedule, now)
        monitor = None
        if trigger.use_monitor and not fires_within_a_minute(schedule, now):
            blobs = await self._storage.blobs(HOST_STORAGE)
            monitor = ScheduleMonitor(blobs, self._host_id, function.name)
        self._timers.append(TimerListener(function, trigger, schedule, monitor, invoker, self._clock))

    def wake(self, queue: str) -> None:
        """Let the listener of the queue poll at once."""
        for listener in self._queues:
            if listener.queue_name == queue:
                listener.wake()

    def start(self) -> list[asyncio.Task[None]]:
        """Run every listener in a task; one ends after `stop`, when what it started is finished."""
        running: Iterable[_MessageListener | TimerListener] = [*self._queues, *self._timers]
        return [asyncio.create_task(listener.run()) for listener in running]

    def stop(self) -> None:
        """Let no listener begin anything new."""
        for listener in [*self._queues, *self._timers]:
            listener.stop()

    async def drain(self) -> None:
        """Work off all queues until a round finds every one of them empty. What is delayed is not waited for."""
        while any(await asyncio.gather(*(listener.run_batch() for listener in self._queues))):
            pass
