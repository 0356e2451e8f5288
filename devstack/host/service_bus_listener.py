"""The Service Bus trigger without sessions: push, and so many messages at once as host.json says.

Source of the rules: azure-sdk-for-net, Azure.Messaging.ServiceBus, ServiceBusProcessor.
"""

import asyncio
import logging
from typing import TYPE_CHECKING

from azure.core.exceptions import AzureError

from devstack.host.hostjson import ServiceBusOptions
from devstack.host.service_bus_calls import MessageCalls
from devstack.host.service_bus_locks import renewing
from devstack.host.service_bus_trigger import ServiceBusTrigger
from devstack.host.stack_time import StackTime

if TYPE_CHECKING:
    from azure.servicebus import ServiceBusReceivedMessage
    from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver

_log = logging.getLogger("Host.Triggers.ServiceBus")

_WAIT_SECONDS = 1.0
"""How long a receiver waits before it looks whether the host stops."""
_PAUSE_SECONDS = 0.2
"""After a failure of the connection, as when the stack clock has jumped past the time for which it may be idle."""


class ServiceBusListener:
    """Feeds one function from one queue or subscription, with as many receivers as calls may run at once.

    A receiver serves one call after the other: none may be used by two coroutines at once. A further one is opened when
    all others are busy.
    """

    def __init__(
        self,
        trigger: ServiceBusTrigger,
        client: "ServiceBusClient",
        options: ServiceBusOptions,
        calls: MessageCalls,
        clock: StackTime,
    ) -> None:
        self.queue_name = trigger.path
        self._trigger = trigger
        self._client = client
        self._options = options
        self._calls = calls
        self._clock = clock
        self._stopping = False
        self._receiving: set[asyncio.Task[None]] = set()
        self._idle = 0

    async def run(self) -> None:
        """Receive until `stop`, then return when the last running message is settled."""
        self._add_receiver()
        while self._receiving:
            done, _ = await asyncio.wait(self._receiving, return_when=asyncio.FIRST_COMPLETED)
            self._receiving -= done
            for task in done:
                task.result()  # a receiver ends only by its own defect, which is raised here

    async def run_batch(self) -> bool:
        """Work off what is there, one after the other; whether there was anything."""
        found = False
        async with self._trigger.receiver(self._client) as receiver:
            while messages := await receiver.receive_messages(1, max_wait_time=_WAIT_SECONDS):
                found = True
                await self._process(receiver, messages[0])
        return found

    def wake(self) -> None:
        """Nothing to do: the broker pushes."""

    def stop(self) -> None:
        """Receive no more."""
        self._stopping = True

    def _add_receiver(self) -> None:
        if not self._stopping and len(self._receiving) < self._options.calls():
            self._receiving.add(asyncio.create_task(self._receive_until_stop()))

    async def _receive_until_stop(self) -> None:
        while not self._stopping:
            try:
                async with self._trigger.receiver(self._client) as receiver:
                    await self._receive(receiver)
            except (AzureError, OSError, ValueError) as error:  # ValueError: the client has closed the receiver itself
                _log.warning("Receiving from '%s' failed: %s", self.queue_name, str(error).partition("\n")[0])
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _receive(self, receiver: "ServiceBusReceiver") -> None:
        while not self._stopping:
            self._idle += 1
            try:
                messages = await receiver.receive_messages(1, max_wait_time=_WAIT_SECONDS)
            finally:
                self._idle -= 1
            if messages:
                if self._idle == 0:
                    self._add_receiver()
                await self._process(receiver, messages[0])

    async def _process(self, receiver: "ServiceBusReceiver", message: "ServiceBusReceivedMessage") -> None:
        using = asyncio.Lock()
        longest = self._options.max_auto_lock_renewal_duration.total_seconds()

        async def renew() -> None:
            await receiver.renew_message_lock(message)

        async with renewing(lambda: message.locked_until_utc, renew, using, longest, self._clock):
            outcome = await self._calls.invoke(message)
        await self._calls.settle(receiver, message, outcome, using)
