"""The report's part in everybody's pause: what a service asks of it, it asks of all."""

from datetime import timedelta

from shared.core.errors import DeferredError, RegistrarError, ThrottledError
from shared.ports.services import Services

_PAUSE = timedelta(minutes=1)
"""For a service that did not say how long."""


async def let_others_pause(services: Services, error: RegistrarError) -> None:
    """Pause everybody if that is what the error means."""
    if isinstance(error, DeferredError) and (isinstance(error, ThrottledError) or error.after is not None):
        await services.backoff.extend(services.runtime.now() + (error.after or _PAUSE), error.reason)
