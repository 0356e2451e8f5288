"""Logs are events: a constant dotted name and fields, one JSON object per line.

The worker does not forward `extra=` to Application Insights, so the JSON is the message; queries use
`parse_json(message)`. Values that are not plain data print as their type, never their content.
"""

import json
import logging
from datetime import datetime
from typing import cast

_logger = logging.getLogger("registrar")


def event(name: str, *, level: int = logging.INFO, **fields: object) -> None:
    """Log one event; `name` is constant, everything variable is a field."""
    if _logger.isEnabledFor(level):
        _logger.log(level, "%s", json.dumps({"event": name} | {key: _plain(value) for key, value in fields.items()}))


def warning(name: str, **fields: object) -> None:
    """Log an event somebody should look at."""
    event(name, level=logging.WARNING, **fields)


def _plain(value: object) -> object:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in cast("list[object]", value)]
    return f"<{type(value).__name__}>"
