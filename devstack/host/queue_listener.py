"""The storage queue trigger: polling, concurrency, retries and poison, after the WebJobs storage extension.

Source of the rules: azure-sdk-for-net, Microsoft.Azure.WebJobs.Extensions.Storage.Queues: QueueListener,
QueueProcessor, RandomizedExponentialBackoffStrategy.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable

from azure.core.exceptions import AzureError, HttpResponseError
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

from devstack.host import wire
from devstack.host.functions import Function, QueueTrigger
from devstack.host.hostjson import QueuesOptions
from devstack.host.invoker import Invoker, Occasion, Outcome
from devstack.host.outputs import decode, send_creating
from devstack.host.queue_message import VISIBILITY_SECONDS, HeldMessage, describe
from devstack.host.stack_time import StackTime

_log = logging.getLogger("Host.Triggers.Queues")

_SHORTEST_WAIT = 0.1


class QueueListener:
    """Feeds one function from one queue.

    `poison` is where messages go that failed too often; None for a queue that is itself a poison queue.
    """

    def __init__(
        self,
        function: Function,
        trigger: QueueTrigger,
        queue: QueueClient,
        poison: QueueClient | None,
        options: QueuesOptions,
        longest_wait: float,
        invoker: Invoker,
        clock: StackTime,
    ) -> None:
        self.queue_name = trigger.queue
        self._function = function
        self._trigger = trigger
        self._queue = queue
        self._poison = poison
        self._options = options
        self._longest_wait = longest_wait
        self._invoker = invoker
        self._clock = clock
        self._held: dict[str, HeldMessage] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()
        self._stopping = False
        self._fetched = asyncio.Event()

    async def run(self) -> None:
        """Poll until `stop`, then return when the last running message is settled."""
        empty_polls = 0
        while not self._stopping:
            while len(self._tasks) > self._options.threshold():
                await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
            if self._stopping:
                break
            self._woken.clear()
            if await self._poll():
                empty_polls = 0
                continue
            empty_polls += 1
            if not self._stopping:
                await self._clock.sleep_or(self._woken, self._wait(empty_polls))
        await self._finish()

    async def run_batch(self) -> bool:
        """Fetch once and work off what came; whether there was anything."""
        found = await self._poll()
        await self._finish()
        return found

    def wake(self) -> None:
        """Poll now: this host has just sent a message to the queue."""
        self._woken.set()

    def stop(self) -> None:
        """Fetch no more."""
        self._stopping = True
        self._woken.set()

    async def _finish(self) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _wait(self, empty_polls: int) -> float:
        """100 ms after the first empty poll, then longer and longer, with a random part, up to the longest wait."""
        if empty_polls == 1:
            return _SHORTEST_WAIT
        exponent = min(empty_polls - 2, 20)
        return min(self._longest_wait, _SHORTEST_WAIT * (1 + random.uniform(0.8, 1.2) * 2**exponent))

    async def _poll(self) -> bool:
        """Fetch one batch and start its messages; a missing queue and a failing service count as empty."""
        # A move of the clock may have ended holds that nobody had time to renew.
        await asyncio.gather(*(held.renew_if_due() for held in self._held.values()))
        self._fetched.clear()
        try:
            messages = await self._fetch()
            for message in messages:
                self._begin(message)
            return bool(messages)
        except AzureError as error:
            missing = isinstance(error, HttpResponseError) and error.status_code == 404
            _log.log(
                logging.DEBUG if missing else logging.WARNING,
                "Polling '%s' failed: %s",
                self.queue_name,
                str(error).partition("\n")[0],
            )
            return False
        finally:
            self._fetched.set()

    def _begin(self, message: QueueMessage) -> None:
        if held := self._held.get(message.id):
            held.adopt(message)
            return
        self._held[message.id] = HeldMessage(self._queue, message, self._clock)
        task = asyncio.create_task(self._process(self._held[message.id]))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _fetch(self) -> list[QueueMessage]:
        pages = self._queue.receive_messages(
            messages_per_page=self._options.batch_size, visibility_timeout=VISIBILITY_SECONDS
        ).by_page()
        async for page in pages:
            return [message async for message in page]
        return []

    async def _process(self, held: HeldMessage) -> None:
        message = held.message
        try:
            if (message.dequeue_count or 0) > self._options.max_dequeue_count:
                await self._give_up(held)
                return
            try:
                content = decode(message.content, self._options.message_encoding)
            except ValueError as error:
                _log.error("Message %s on '%s' is not base64: %s", message.id, self.queue_name, error)
                await self._give_up(held)
                return
            async with held.renewing():
                outcome = await self._invoker.run(self._function, self._occasion(message, content))
            await self._settle(held, outcome)
        except AzureError as error:
            # The message comes back when its visibility lapses.
            _log.error("Message %s on '%s' could not be settled: %s", message.id, self.queue_name, error)
        finally:
            del self._held[message.id]

    async def _settle(self, held: HeldMessage, outcome: Outcome) -> None:
        if outcome.ok:
            await self._firmly(held.delete)
        elif (held.message.dequeue_count or 0) >= self._options.max_dequeue_count:
            await self._give_up(held)
        elif self._poison:
            delay = self._options.visibility_timeout.total_seconds()
            await self._firmly(lambda: held.release(delay))
            _log.info("Message %s is back on '%s' in %g s.", held.message.id, self.queue_name, delay)

    async def _give_up(self, held: HeldMessage) -> None:
        """Copy the message to the poison queue and delete it.

        Where there is no poison queue it just stays hidden until its visibility lapses, to prevent a fast loop.
        """
        if self._poison is None:
            return
        text = "Message has reached MaxDequeueCount of %d. Moving message to queue '%s'."
        _log.warning(text, self._options.max_dequeue_count, self._poison.queue_name)
        await send_creating(self._poison, held.message.content)
        await self._firmly(held.delete)

    async def _firmly(self, settle: Callable[[], Awaitable[bool]]) -> None:
        """Settle a message. If the hold was lost, a fetch under way may just have got it again: adopted, it is ours."""
        if not await settle():
            await self._fetched.wait()
            await settle()

    def _occasion(self, message: QueueMessage, content: bytes) -> Occasion:
        text = content.decode(errors="replace")
        metadata, data = describe(message, text, binary=self._trigger.binary)
        return Occasion(
            reason=f"New queue message detected on '{self.queue_name}'.",
            value=wire.binary(content) if self._trigger.binary else wire.text(text),
            metadata=metadata,
            data=data,
            details=f"MessageId: {message.id}, DequeueCount: {message.dequeue_count}, "
            f"InsertedOn: {message.inserted_on and message.inserted_on.isoformat()}",
        )
