"""Service Bus triggers as functions declare them: of a queue, a topic's subscription, the dead letters of either."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from devstack.host.errors import BindingError

if TYPE_CHECKING:
    from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver

DEFAULT_CONNECTION = "ServiceBus"
"""The connection of a trigger that names none; the host looks for it with AzureWebJobs before it, too."""


@dataclass(frozen=True)
class ServiceBusTrigger:
    """A queue, or with a `topic` one of its subscriptions, to listen to; either may end in `/$DeadLetterQueue`.

    `binary`: the message reaches the function as bytes, not as text. `completes`: a message is completed when its
    function has returned. `has_sessions`: messages are taken session by session.
    """

    name: str
    entity: str
    topic: str | None
    connection: str
    binary: bool
    completes: bool
    has_sessions: bool

    @property
    def path(self) -> str:
        """The address in the namespace."""
        return f"{self.topic}/Subscriptions/{self.entity}" if self.topic else self.entity

    def receiver(self, client: "ServiceBusClient", **options: Any) -> "ServiceBusReceiver":  # noqa: ANN401
        """A receiver that is not open yet, with the client's own `options`."""
        if self.topic:
            return client.get_subscription_receiver(self.topic, self.entity, **options)
        return client.get_queue_receiver(self.entity, **options)


def read_service_bus_trigger(binding: Mapping[str, Any]) -> ServiceBusTrigger:
    """Understand a binding of type serviceBusTrigger. Raises BindingError for what this host cannot do."""
    if binding.get("cardinality", "ONE").upper() != "ONE":
        raise BindingError("this host hands over one Service Bus message per call: set the cardinality to one")
    queue, topic, subscription = (binding.get(key) for key in ("queueName", "topicName", "subscriptionName"))
    if bool(queue) == bool(topic) or bool(topic) != bool(subscription):
        raise BindingError("a Service Bus trigger names either a queue, or a topic and its subscription")
    return ServiceBusTrigger(
        name=binding["name"],
        entity=queue or str(subscription),
        topic=topic,
        connection=binding.get("connection") or DEFAULT_CONNECTION,
        binary=binding.get("dataType") == "BINARY",
        completes=binding.get("autoCompleteMessages") is not False,
        has_sessions=bool(binding.get("isSessionsEnabled")),
    )
