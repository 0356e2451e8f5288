"""The Service Bus trigger with sessions: several at a time, the messages of each in order, one call after the other.

Source of the rules: azure-sdk-for-net, Azure.Messaging.ServiceBus, SessionReceiverManager. A session is held until
nothing came in it for `sessionIdleTimeout`; then the next one is taken. Its lock is renewed, not those of messages.
"""

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from azure.core.exceptions import AzureError

from devstack.host.hostjson import ServiceBusOptions
from devstack.host.service_bus_calls import MessageCalls
from devstack.host.service_bus_locks import renewing
from devstack.host.service_bus_trigger import ServiceBusTrigger
from devstack.host.stack_time import StackTime

if TYPE_CHECKING:
    from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver

_log = logging.getLogger("Host.Triggers.ServiceBus")

_ACCEPT_SECONDS = 30.0
"""How long one call waits for a session; then there is another."""
_WAIT_SECONDS = 1.0
"""How long a receiver waits before it looks whether the host stops, and lets the lock be renewed."""
_PAUSE_SECONDS = 1.0
"""After a failure of the connection."""


class ServiceBusSessionListener:
    """Feeds one function from the sessions of one queue or subscription."""

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
        self._free = asyncio.Semaphore(options.max_concurrent_sessions)
        self._accepting: asyncio.Task[None] | None = None
        self._stopping = False

    async def run(self) -> None:
        """Take sessions until `stop`, then return when the last running message is settled."""
        async with asyncio.TaskGroup() as group:
            if not self._stopping:
                self._accepting = group.create_task(self._accept(group))

    async def run_batch(self) -> bool:
        """Work off what is there, session by session; whether there was anything."""
        found = False
        while receiver := await self._open(_WAIT_SECONDS):
            found |= await self._serve(receiver, _WAIT_SECONDS)
        return found

    def wake(self) -> None:
        """Nothing to do: the broker pushes."""

    def stop(self) -> None:
        """Take no more sessions, and no more messages of those that are held."""
        self._stopping = True
        if self._accepting is not None:
            self._accepting.cancel()

    async def _accept(self, group: asyncio.TaskGroup) -> None:
        while True:
            await self._free.acquire()
            try:
                receiver = await self._open(_ACCEPT_SECONDS)
            except BaseException:
                self._free.release()
                raise
            if receiver is None:
                self._free.release()
            else:
                group.create_task(self._serve_and_free(receiver))

    async def _serve_and_free(self, receiver: "ServiceBusReceiver") -> None:
        try:
            await self._serve(receiver, self._options.session_idle_timeout.total_seconds())
        finally:
            self._free.release()

    async def _open(self, seconds: float) -> "ServiceBusReceiver | None":
        """Take the next session that is free; None when there was none in so many seconds, or the service failed."""
        from azure.servicebus import NEXT_AVAILABLE_SESSION  # only an app with such a trigger pays for it

        # The broker is asked to wait for longer than we do: what it refuses, the client tries again, and again.
        receiver = self._trigger.receiver(self._client, session_id=NEXT_AVAILABLE_SESSION, max_wait_time=2 * seconds)
        try:
            async with asyncio.timeout(seconds):
                return await receiver.__aenter__()
        except TimeoutError:
            return None
        except (AzureError, OSError, ValueError) as error:  # ValueError: the client has closed the receiver itself
            _log.warning("Taking a session of '%s' failed: %s", self.queue_name, str(error).partition("\n")[0])
            await asyncio.sleep(_PAUSE_SECONDS)
            return None

    async def _serve(self, receiver: "ServiceBusReceiver", idle_seconds: float) -> bool:
        """Call the function with one message after the other, and give the session back; whether there was any."""
        using, found, last = asyncio.Lock(), False, self._clock.time()
        session = receiver.session
        longest = self._options.max_auto_lock_renewal_duration.total_seconds()
        try:
            async with renewing(lambda: session.locked_until_utc, session.renew_lock, using, longest, self._clock):
                while not self._stopping and self._clock.time() - last < idle_seconds:
                    async with using:
                        messages = await receiver.receive_messages(1, max_wait_time=min(_WAIT_SECONDS, idle_seconds))
                    for message in messages:
                        found = True
                        await self._calls.settle(receiver, message, await self._calls.invoke(message), using)
                        last = self._clock.time()
        # The lock is lost, or the connection: the next receiver gets what is left.
        except (AzureError, OSError, ValueError) as error:
            text = "Receiving from session '%s' of '%s' failed: %s"
            _log.warning(text, session.session_id, self.queue_name, str(error).partition("\n")[0])
        finally:
            with suppress(AzureError, OSError, ValueError):
                await receiver.close()
        return found
