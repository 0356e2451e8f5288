"""Logs are events: a constant dotted name and fields, one JSON object per line.

The worker does not forward `extra=` to Application Insights, so the JSON is the message; queries use
`parse_json(message)`. Values that are not plain data print as their type, never their content.
"""

import json
import logging
import traceback
from datetime import datetime
from typing import cast

_logger = logging.getLogger("registrar")
_CHATTY = ("azure.core", "azure.identity", "azure.servicebus", "httpx", "httpcore", "hpack", "msal")
"""Libraries that log every request with its URL and headers at INFO."""


def quiet_libraries() -> None:
    """Limit libraries to warnings: our events record what was done, and URLs do not belong in a log."""
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


def event(name: str, *, level: int = logging.INFO, **fields: object) -> None:
    """Log one event; `name` is constant, anything variable is a field."""
    if _logger.isEnabledFor(level):
        _logger.log(level, "%s", json.dumps({"event": name} | {key: _plain(value) for key, value in fields.items()}))


def warning(name: str, **fields: object) -> None:
    """Log an event that needs an operator's attention."""
    event(name, level=logging.WARNING, **fields)


def unexpected(error: Exception) -> None:
    """Log an unexpected error by type and stack frames, without its message, which may quote a value."""
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    event("error.unexpected", level=logging.ERROR, type=type(error).__qualname__, places=places)


def _plain(value: object) -> object:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in cast("list[object]", value)]
    return f"<{type(value).__name__}>"
