"""What the app sends, as messages: with properties by which subscriptions filter and sessions keep apart."""

import json
from datetime import datetime
from typing import Any, cast

from azure.servicebus import ServiceBusMessage

UNASSIGNED = "unassigned"
"""Session of what is kept without having become an operation."""
_TEXT, _JSON = "text/plain", "application/json"


def plain(text: str, due: datetime | None) -> ServiceBusMessage:
    """A message for one of the app's own queues, visible at `due` or at once."""
    return ServiceBusMessage(text, content_type=_JSON, scheduled_enqueue_time_utc=due)


def answer(text: str) -> ServiceBusMessage:
    """An answer to a requester.

    It has no message id of ours: a request that is repeated is answered again on purpose, and duplicate detection would
    swallow that.
    """
    members = _members(text)
    data = cast("dict[str, Any]", members.get("data") or {})
    return ServiceBusMessage(
        text,
        content_type=_JSON,
        subject=_text(members.get("subject")),
        correlation_id=_text(data.get("requestId")),
        application_properties=_properties(members, data),
    )


def event(text: str) -> ServiceBusMessage:
    """An event; its id is the message's, so that an event sent twice is delivered once."""
    members = _members(text)
    data = cast("dict[str, Any]", members.get("data") or {})
    return ServiceBusMessage(
        text,
        content_type=_JSON,
        subject=_text(members.get("subject")),
        message_id=_text(members.get("id")),
        application_properties=_properties(members, data),
    )


def kept(text: str) -> ServiceBusMessage:
    """A request that could not be served, in the session of its operation."""
    operation_id = _members(text).get("operationId")
    return ServiceBusMessage(text, content_type=_JSON, session_id=_text(operation_id) or UNASSIGNED)


def generation_of(body: bytes) -> int:
    """The generation that a kept message belongs to."""
    found = _members(body.decode("utf-8", "replace")).get("generation")
    return found if isinstance(found, int) else 0


def _properties(members: dict[str, Any], data: dict[str, Any]) -> dict[str | bytes, Any]:
    """What filters may look at; a property that an event lacks is absent."""
    wanted = {
        "type": members.get("type"),
        "source": data.get("source"),
        "status": data.get("status"),
        "subject": members.get("subject"),
    }
    return {name: value for name, value in wanted.items() if isinstance(value, str)}


def _members(text: str) -> dict[str, Any]:
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
