"""How an entity is set up, in the words of Azure's own resource definitions (Microsoft.ServiceBus/namespaces)."""

from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class _Settings(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)


class QueueSettings(_Settings):
    """What a queue or a subscription is set up with; times are ISO 8601 durations in files."""

    lock_duration: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(minutes=5))] = timedelta(minutes=1)
    max_delivery_count: Annotated[int, Field(ge=1, le=2000)] = 10
    requires_session: bool = False
    requires_duplicate_detection: bool = False
    duplicate_detection_history_time_window: timedelta = timedelta(minutes=10)
    default_message_time_to_live: timedelta | None = None
    dead_lettering_on_message_expiration: bool = False


class RuleSettings(_Settings):
    """One rule of a subscription: an SQL filter, or a correlation filter; neither lets everything in."""

    sql_filter: str | None = None
    correlation_filter: dict[str, Any] | None = None


class SubscriptionSettings(QueueSettings):
    """A subscription of a topic. Without rules of its own it gets everything."""

    rules: dict[str, RuleSettings] = {}


class TopicProperties(_Settings):
    """What a topic itself is set up with."""

    requires_duplicate_detection: bool = False
    duplicate_detection_history_time_window: timedelta = timedelta(minutes=10)
    default_message_time_to_live: timedelta | None = None


class TopicSettings(_Settings):
    """A topic and its subscriptions, by name."""

    properties: TopicProperties = TopicProperties()
    subscriptions: dict[str, SubscriptionSettings] = {}


class NamespaceSettings(_Settings):
    """All entities of a namespace, by name."""

    queues: dict[str, QueueSettings] = {}
    topics: dict[str, TopicSettings] = {}


def milliseconds(duration: timedelta) -> int:
    """A duration in the unit of all times here."""
    return duration // timedelta(milliseconds=1)
