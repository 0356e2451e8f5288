"""The Service Bus queue trigger: push, concurrency, locks and settlement, after the WebJobs Service Bus extension.

Source of the rules: azure-sdk-for-net, Azure.Messaging.ServiceBus, ServiceBusProcessor and ReceiverManager. A message
is completed when its function returns and abandoned when it raises; it comes back at once, and the broker makes it a
dead letter when it has been delivered often enough.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from azure.core.exceptions import AzureError

from devstack.host import wire
from devstack.host.functions import Function, ServiceBusTrigger
from devstack.host.hostjson import ServiceBusOptions
from devstack.host.invoker import Invoker, Occasion, Outcome
from devstack.host.service_bus_message import body_of, describe
from devstack.host.stack_time import StackTime

if TYPE_CHECKING:
    from azure.servicebus import ServiceBusReceivedMessage
    from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver

_log = logging.getLogger("Host.Triggers.ServiceBus")

_WAIT_SECONDS = 1.0
"""How long a receiver waits before it looks whether the host stops."""
_RENEW_BEFORE_SECONDS = 10.0
_PAUSE_SECONDS = 1.0
"""After a failure of the connection."""


class ServiceBusListener:
    """Feeds one function from one queue, with as many receivers as calls may run at once.

    A receiver serves one call after the other: none may be used by two coroutines at once. A further one is opened when
    all others are busy.
    """

    def __init__(
        self,
        function: Function,
        trigger: ServiceBusTrigger,
        client: "ServiceBusClient",
        options: ServiceBusOptions,
        invoker: Invoker,
        clock: StackTime,
    ) -> None:
        self.queue_name = trigger.queue
        self._function = function
        self._trigger = trigger
        self._client = client
        self._options = options
        self._invoker = invoker
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
        async with self._receiver() as receiver:
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
                async with self._receiver() as receiver:
                    await self._receive(receiver)
            except (AzureError, OSError) as error:
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

    def _receiver(self) -> "ServiceBusReceiver":
        return self._client.get_queue_receiver(self._trigger.queue)

    async def _process(self, receiver: "ServiceBusReceiver", message: "ServiceBusReceivedMessage") -> None:
        async with self._renewing(receiver, message):
            outcome = await self._invoker.run(self._function, self._occasion(message))
        try:
            await self._settle(receiver, message, outcome)
        except AzureError as error:
            # The message comes back when its lock lapses.
            _log.error("Message %s on '%s' could not be settled: %s", message.sequence_number, self.queue_name, error)

    async def _settle(
        self, receiver: "ServiceBusReceiver", message: "ServiceBusReceivedMessage", outcome: Outcome
    ) -> None:
        if not outcome.ok:
            await receiver.abandon_message(message)
        elif self._options.auto_complete_messages and self._trigger.completes:
            await receiver.complete_message(message)

    @asynccontextmanager
    async def _renewing(
        self, receiver: "ServiceBusReceiver", message: "ServiceBusReceivedMessage"
    ) -> AsyncGenerator[None]:
        """Keep the message locked while the block runs, but not for longer than host.json says."""
        began, using = self._clock.time(), asyncio.Lock()
        longest = self._options.max_auto_lock_renewal_duration.total_seconds()

        async def renew_for_a_while() -> None:
            while message.locked_until_utc is not None:
                lapses = message.locked_until_utc.timestamp()
                left = lapses - self._clock.time()
                await self._clock.sleep(max(left - _RENEW_BEFORE_SECONDS, left / 2))
                if self._clock.time() - began > longest:
                    return
                async with using:
                    await receiver.renew_message_lock(message)

        async def renew() -> None:
            with suppress(AzureError):  # lost: the message is delivered again, to whoever is there
                await renew_for_a_while()

        task = asyncio.create_task(renew())
        try:
            yield
        finally:
            async with using:  # never in the middle of a call on the link
                task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def _occasion(self, message: "ServiceBusReceivedMessage") -> Occasion:
        body, metadata = body_of(message), describe(message)
        return Occasion(
            reason=f"New Service Bus message detected on '{self.queue_name}'.",
            value=wire.binary(body) if self._trigger.binary else wire.text(body.decode(errors="replace")),
            metadata=metadata,
            details=f"MessageId: {message.message_id}, SequenceNumber: {message.sequence_number}, "
            f"DeliveryCount: {(message.delivery_count or 0) + 1}, EnqueuedTimeUtc: {message.enqueued_time_utc}",
        )
