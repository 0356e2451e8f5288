"""Translates errors of Azure SDK calls, once, from status and code."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, cast

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

from shared.adapters.retry_after import retry_after
from shared.core.errors import (
    DeferredError,
    ForbiddenError,
    NotYetVisibleError,
    RefusedError,
    RegistrarError,
    ThrottledError,
    UnavailableError,
)

_SERVER_ERROR = 500


@contextmanager
def translated(what: str, by: Callable[[str, AzureError], RegistrarError] | None = None) -> Generator[None]:
    """Raise the SDK's errors inside as ours; `what` names the call in the record, `by` is another SDK's own table."""
    try:
        yield
    except AzureError as error:
        raise (by or translate)(what, error) from error


def translate(what: str, error: AzureError) -> RegistrarError:
    """Translate an SDK error into the one that says what happens next."""
    if isinstance(error, HttpResponseError) and error.status_code is not None:
        return _answered(what, error, error.status_code)
    if isinstance(error, ClientAuthenticationError):
        return UnavailableError(f"{what}: no token: {type(error).__name__}", sent=False)
    # The SDK also raises ServiceRequestError for a connection lost after the call arrived, and both it and aiohttp
    # retry: whatever the last error was, an earlier try may have taken effect.
    return UnavailableError(f"{what}: no answer: {type(error).__name__}")


def _answered(what: str, error: HttpResponseError, status: int) -> DeferredError | RefusedError:
    code = error_code(error)
    message = f"{what}: answered {status} {code}".rstrip()
    match status:
        case 429:
            return ThrottledError(message, pause_of(error))
        case 401 | 403:
            return ForbiddenError(message)
        case 404:
            return NotYetVisibleError(message)
        case 408 | 409:
            return NotYetVisibleError(message)
        case _ if status >= _SERVER_ERROR:
            return UnavailableError(message, pause_of(error))
        case _:
            return RefusedError(message, code)


def error_code(error: HttpResponseError) -> str:
    """Return the innermost code of a Key Vault error, or the storage service's own."""
    outer: Any = error.error
    inner: Any = getattr(outer, "innererror", None)
    code: Any = cast("dict[str, Any]", inner).get("code") if isinstance(inner, dict) else None
    return str(code or getattr(error, "error_code", None) or getattr(outer, "code", None) or "")


def pause_of(error: HttpResponseError) -> timedelta | None:
    """Return the pause that the answer asks for; None if it gives none in seconds."""
    response: Any = error.response
    return retry_after(response.headers.get("Retry-After")) if response is not None else None
