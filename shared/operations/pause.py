"""The report's part in everybody's pause: what a service asks of it, it asks of all."""

from datetime import timedelta

from shared.core.errors import DeferredError, RegistrarError, ThrottledError
from shared.core.runtime import Runtime
from shared.ports import Backoff

_PAUSE = timedelta(minutes=1)
"""For a service that did not say how long."""


async def let_others_pause(backoff: Backoff, runtime: Runtime, error: RegistrarError) -> None:
    """Pause everybody if that is what the error means."""
    if isinstance(error, DeferredError) and (isinstance(error, ThrottledError) or error.after is not None):
        await backoff.extend(runtime.now() + (error.after or _PAUSE), error.reason)
