"""What a subscription's rules look at: everything, nothing, or equality of named properties.

As in "Topic filters and actions" (Microsoft Learn). The SQL language is in `sql_filter`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from devstack.doubles.servicebus import errors
from devstack.doubles.servicebus.amqp.message import Message, Properties

SYSTEM_PROPERTIES = {
    "messageid": "message_id",
    "correlationid": "correlation_id",
    "to": "to",
    "replyto": "reply_to",
    "label": "subject",
    "subject": "subject",
    "sessionid": "group_id",
    "replytosessionid": "reply_to_group_id",
    "contenttype": "content_type",
}
"""Service Bus's names of message properties in lower case, and AMQP's."""


class Filter(Protocol):
    """Decides what gets into a subscription."""

    def matches(self, message: Message) -> bool:
        """Return whether the message gets in."""
        ...


@dataclass(frozen=True)
class TrueFilter:
    """Everything."""

    def matches(self, message: Message) -> bool:
        """Return whether the message gets in: always."""
        return True


@dataclass(frozen=True)
class FalseFilter:
    """Nothing."""

    def matches(self, message: Message) -> bool:
        """Return whether the message gets in: never."""
        return False


@dataclass(frozen=True)
class CorrelationFilter:
    """All of the named properties are equal."""

    system: dict[str, Any] = field(default_factory=dict[str, Any])
    application: dict[str, Any] = field(default_factory=dict[str, Any])

    def matches(self, message: Message) -> bool:
        """Return whether the message gets in."""
        given = {str(key): value for key, value in message.application_properties.items()}
        return all(system_property(message.properties, name) == value for name, value in self.system.items()) and all(
            given.get(name) == value for name, value in self.application.items()
        )


def system_property(properties: Properties, name: str) -> Any:  # noqa: ANN401 - any AMQP value
    """A message property by Service Bus's name for it, in any case. Raises BusError for an unknown one."""
    member = SYSTEM_PROPERTIES.get(name.casefold())
    if member is None:
        raise errors.bad_argument(f"'{name}' is no system property.")
    return getattr(properties, member)


def correlation_filter(settings: Mapping[str, Any]) -> CorrelationFilter:
    """A filter from a resource definition: system properties by their names, and `properties` for the sender's own."""
    application = dict(settings.get("properties", {}))
    system = {name: value for name, value in settings.items() if name != "properties"}
    if unknown := [name for name in system if name.casefold() not in SYSTEM_PROPERTIES]:
        raise errors.bad_argument(f"{unknown[0]!r} is no property that a correlation filter can look at.")
    return CorrelationFilter(system, application)
