"""One Service Bus message: its function is called with it, and it is settled by what came of that.

Source of the rules: azure-sdk-for-net, Azure.Messaging.ServiceBus, ReceiverManager. A message is completed when its
function returns and abandoned when it raises; it comes back at once, and the broker makes it a dead letter when it has
been delivered often enough.
"""

import asyncio
import logging
from typing import TYPE_CHECKING

from azure.core.exceptions import AzureError

from devstack.host import wire
from devstack.host.functions import Function
from devstack.host.invoker import Invoker, Occasion, Outcome
from devstack.host.service_bus_message import body_of, describe
from devstack.host.service_bus_trigger import ServiceBusTrigger

if TYPE_CHECKING:
    from azure.servicebus import ServiceBusReceivedMessage
    from azure.servicebus.aio import ServiceBusReceiver

_log = logging.getLogger("Host.Triggers.ServiceBus")


class MessageCalls:
    """Calls one function with messages. `auto_complete`: what host.json says; a trigger may say no by itself."""

    def __init__(
        self, function: Function, trigger: ServiceBusTrigger, invoker: Invoker, *, auto_complete: bool
    ) -> None:
        self._function = function
        self._trigger = trigger
        self._invoker = invoker
        self._completes = auto_complete and trigger.completes

    async def invoke(self, message: "ServiceBusReceivedMessage") -> Outcome:
        """Call the function. Never raises for what the function did."""
        return await self._invoker.run(self._function, self._occasion(message))

    async def settle(
        self,
        receiver: "ServiceBusReceiver",
        message: "ServiceBusReceivedMessage",
        outcome: Outcome,
        using: asyncio.Lock,
    ) -> None:
        """Complete or abandon a message, or leave it locked where nothing is completed. Never raises AzureError."""
        try:
            async with using:
                if not outcome.ok:
                    await receiver.abandon_message(message)
                elif self._completes:
                    await receiver.complete_message(message)
        except AzureError as error:
            # The message comes back when its lock lapses.
            text = "Message %s on '%s' could not be settled: %s"
            _log.error(text, message.sequence_number, self._trigger.path, str(error).partition("\n")[0])

    def _occasion(self, message: "ServiceBusReceivedMessage") -> Occasion:
        body = body_of(message)
        text = body.decode(errors="replace")
        metadata, data = describe(message, "" if self._trigger.binary else text)
        return Occasion(
            reason=f"New Service Bus message detected on '{self._trigger.path}'.",
            value=wire.binary(body) if self._trigger.binary else wire.text(text),
            metadata=metadata,
            data=data,
            details=f"MessageId: {message.message_id}, SequenceNumber: {message.sequence_number}, "
            f"DeliveryCount: {(message.delivery_count or 0) + 1}, EnqueuedTimeUtc: {message.enqueued_time_utc}",
        )
