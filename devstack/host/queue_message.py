"""One received queue message: its hold on the queue while a function runs, and what the function gets to know of it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any

from azure.core.exceptions import AzureError, HttpResponseError
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

from devstack.host import wire
from devstack.host.payload_members import with_members
from devstack.host.stack_time import StackTime
from devstack.host.wire import TypedData

VISIBILITY_SECONDS = 600
"""How long a message is hidden while its function runs (WebJobs storage extension, QueueListener)."""

_LEAST_RENEWAL_PAUSE = 60.0


class HeldMessage:
    """A message that this host works on. Every renewal changes the pop receipt, and only the last one counts."""

    def __init__(self, queue: QueueClient, message: QueueMessage, clock: StackTime) -> None:
        self.message = message
        self._queue = queue
        self._clock = clock
        self._lock = asyncio.Lock()
        self._receipt = message.pop_receipt
        self._renew_at = clock.time() + VISIBILITY_SECONDS / 2

    def adopt(self, again: QueueMessage) -> None:
        """Take over the hold of a second delivery, which a move of the clock caused while the first one still runs."""
        self._receipt = again.pop_receipt
        self._renew_at = self._clock.time() + VISIBILITY_SECONDS / 2

    async def renew_if_due(self) -> None:
        """Hide the message for another ten minutes when half of them are over."""
        async with self._lock:
            if self._clock.time() < self._renew_at:
                return
            self._renew_at = self._clock.time() + VISIBILITY_SECONDS / 2
            try:
                await self._update(VISIBILITY_SECONDS)
            except HttpResponseError as error:
                if not _is_lost(error):
                    self._renew_at = self._clock.time() + _LEAST_RENEWAL_PAUSE
            except AzureError:
                self._renew_at = self._clock.time() + _LEAST_RENEWAL_PAUSE

    @asynccontextmanager
    async def renewing(self) -> AsyncGenerator[None]:
        """Keep the message hidden for as long as the block runs."""

        async def renew_forever() -> None:
            while True:
                await self._clock.sleep_until(self._renew_at)
                await self.renew_if_due()

        task = asyncio.create_task(renew_forever())
        try:
            yield
        finally:
            async with self._lock:  # never in the middle of a renewal, whose new receipt would be lost
                task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def release(self, seconds: float) -> bool:
        """Let the message be delivered again after so many seconds; False if the hold is lost."""
        return await self._unless_lost(self._update(int(seconds)))

    async def delete(self) -> bool:
        """Remove the message; False if the hold is lost."""
        return await self._unless_lost(self._delete())

    async def _unless_lost(self, call: Awaitable[object]) -> bool:
        """Another worker may hold the message by now, or it may be gone: no error, as in QueueProcessor."""
        async with self._lock:
            try:
                await call
            except HttpResponseError as error:
                if not _is_lost(error):
                    raise
                return False
        return True

    async def _delete(self) -> None:
        await self._queue.delete_message(self.message.id, self._receipt)

    async def _update(self, seconds: int) -> None:
        receipt = self._receipt
        updated = await self._queue.update_message(self.message.id, receipt, visibility_timeout=seconds)
        if self._receipt == receipt:  # else a second delivery was adopted meanwhile, and its receipt is the newer one
            self._receipt = updated.pop_receipt


def _is_lost(error: HttpResponseError) -> bool:
    return error.status_code == 404 or getattr(error, "error_code", None) == "PopReceiptMismatch"


def describe(message: QueueMessage, text: str, *, binary: bool = False) -> tuple[dict[str, TypedData], dict[str, Any]]:
    """The trigger metadata for the worker, and the data for binding expressions.

    When the function wants the text as such, and it is a JSON object, its members other than arrays and nulls join both
    and win over the message's own fields, whose names are matched without regard to case: a payload's `id` hides the
    message's `Id`, as on Azure. A function that wants bytes (`binary`) gets the message's own fields alone.
    """
    fields: dict[str, Any] = {
        "QueueTrigger": text,
        "DequeueCount": message.dequeue_count,
        "ExpirationTime": message.expires_on,
        "Id": message.id,
        "InsertionTime": message.inserted_on,
        "NextVisibleTime": message.next_visible_on,
        "PopReceipt": message.pop_receipt,
    }
    fields = with_members(fields, "" if binary else text)
    return {name: _typed(value) for name, value in fields.items() if value is not None}, fields


def _typed(value: object) -> TypedData:
    if isinstance(value, datetime):
        return wire.json_text(value.isoformat())
    return wire.text(value) if isinstance(value, str) else wire.json_text(value)
