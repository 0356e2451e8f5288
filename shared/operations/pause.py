"""Extends the shared pause when a service throttles the report."""

from datetime import timedelta

from shared.core.errors import DeferredError, RegistrarError, ThrottledError
from shared.core.runtime import Runtime
from shared.ports import Backoff

_PAUSE = timedelta(minutes=1)
"""Used if the service names no duration."""


async def let_others_pause(backoff: Backoff, runtime: Runtime, error: RegistrarError) -> None:
    """Pause all workers if the error asks for a pause."""
    if isinstance(error, DeferredError) and (isinstance(error, ThrottledError) or error.after is not None):
        await backoff.extend(runtime.now() + (error.after or _PAUSE), error.reason)
