"""Keeping a lock of Service Bus, on a message or on a session, for as long as it is needed and host.json allows.

Source of the rules: azure-sdk-for-net, Azure.Messaging.ServiceBus, ReceiverManager and SessionReceiverManager.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime

from azure.core.exceptions import AzureError

from devstack.host.stack_time import StackTime

_BUFFER_SECONDS = 10.0
_SHORTEST_PAUSE_SECONDS = 1.0


@asynccontextmanager
async def renewing(
    lapses: Callable[[], datetime | None],
    renew: Callable[[], Awaitable[object]],
    using: asyncio.Lock,
    longest: float,
    clock: StackTime,
) -> AsyncGenerator[None]:
    """Renew a lock on the stack clock while the block runs, for at most `longest` seconds; with 0 never.

    It is renewed ten seconds before it lapses, or halfway if that is later. `using` guards the receiver's link, which
    takes one call at a time. A lock that is lost ends it without a word: whoever settles finds out.
    """
    until = clock.time() + longest

    async def keep() -> None:
        while (lapsing := lapses()) is not None and (left := lapsing.timestamp() - clock.time()) > 0:
            await clock.sleep(max(left - _BUFFER_SECONDS, left / 2, _SHORTEST_PAUSE_SECONDS))
            if clock.time() >= until:
                return
            async with using:
                with suppress(AzureError):  # there may be time for another try
                    await renew()

    task = asyncio.create_task(keep()) if longest > 0 else None
    try:
        yield
    finally:
        if task is not None:
            async with using:  # never in the middle of a call on the link
                task.cancel()
            with suppress(asyncio.CancelledError):
                await task
