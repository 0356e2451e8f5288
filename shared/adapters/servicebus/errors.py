"""Translates the client's errors: they have conditions of AMQP where other services have statuses of HTTP."""

from contextlib import AbstractContextManager
from datetime import timedelta

from azure.core.exceptions import AzureError
from azure.servicebus.exceptions import (
    MessageSizeExceededError,
    MessagingEntityDisabledError,
    MessagingEntityNotFoundError,
    ServiceBusAuthenticationError,
    ServiceBusAuthorizationError,
    ServiceBusQuotaExceededError,
    ServiceBusServerBusyError,
)

from shared.adapters import azure_errors
from shared.core.errors import (
    ForbiddenError,
    NotYetVisibleError,
    RefusedError,
    RegistrarError,
    ThrottledError,
    UnavailableError,
)

_BUSY_PAUSE = timedelta(seconds=10)
"""How long a throttled namespace wants to be left alone (Microsoft Learn, "Throttling operations on Azure Service
Bus"): the client has already tried again after shorter pauses."""


def translated(what: str) -> AbstractContextManager[None]:
    """Raise the client's errors inside as ours; `what` names the call in the record."""
    return azure_errors.translated(what, by=translate)


def translate(what: str, error: AzureError) -> RegistrarError:
    """Translate an error of the client into the one that says what happens next."""
    message = f"{what}: {type(error).__name__}"
    match error:
        case ServiceBusServerBusyError():
            return ThrottledError(message, _BUSY_PAUSE)
        case ServiceBusAuthorizationError():
            return ForbiddenError(message)
        case MessagingEntityNotFoundError() | MessagingEntityDisabledError():
            return NotYetVisibleError(message)
        case MessageSizeExceededError():
            return RefusedError(message, "message_too_large")
        case ServiceBusAuthenticationError() | ServiceBusQuotaExceededError():
            return UnavailableError(message, sent=False)
        case _:
            # The client tries again after a lost connection: whatever the last error was, an earlier try may have
            # taken effect.
            return UnavailableError(message)
