"""The requester's side of Service Bus: requests go in on a queue, answers come out of a subscription."""

import ssl
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from azure.core.exceptions import AzureError
from azure.identity import ClientSecretCredential
from azure.servicebus import ServiceBusClient, ServiceBusMessage, ServiceBusReceivedMessage, ServiceBusReceiver
from azure.servicebus.exceptions import MessageLockLostError, MessageSizeExceededError

from demo.queues import INTAKE, RESULTS, Event, answers_request, read_event
from devstack.process import StackError

_SUBSCRIPTION = "all"
_PAGE = 32
_WAIT_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class RequesterBus:
    """The queue and the topic that a requester knows, reached as in Azure: by the namespace's name, with a token.

    Each call opens a connection of its own, which takes half a second.
    """

    namespace: str
    tenant_id: str
    client_id: str
    client_secret: str = field(repr=False)
    proxy: str
    ca_bundle: str

    def send(self, body: bytes) -> None:
        """Put a request on the intake queue as it is. Raises StackError when no queue could carry it."""
        self.send_to(INTAKE, body)

    def send_to(self, queue: str, body: bytes) -> None:
        """Put a message on a queue. Raises StackError when that cannot be."""
        try:
            with self._client() as client, client.get_queue_sender(queue) as sender:
                sender.send_messages(ServiceBusMessage(body))
        except MessageSizeExceededError as error:
            raise StackError(f"the message has {len(body)} bytes, more than a message can have") from error
        except AzureError as error:
            raise StackError(f"the queue {queue} did not accept the message: {error.message}") from error

    def peek_answers(self) -> list[Event]:
        """The first answers that wait, left where they are."""
        with self._client() as client, self._receiver(client) as receiver:
            waiting = receiver.peek_messages(_PAGE, sequence_number=1)
            return [event for message in waiting if (event := read_event(body_of(message))) is not None]

    def take_answers(self, request_id: str) -> list[Event]:
        """Remove and return the answers to one request; give all others back."""
        mine: list[Event] = []
        others: list[ServiceBusReceivedMessage] = []
        with self._client() as client, self._receiver(client) as receiver:
            while messages := receiver.receive_messages(_PAGE, max_wait_time=_WAIT_SECONDS):
                for message in messages:
                    event = read_event(body_of(message))
                    if event is not None and answers_request(event, request_id):
                        mine.append(event)
                        receiver.complete_message(message)
                    else:
                        others.append(message)
            for message in others:
                receiver.abandon_message(message)
        return mine

    def take_all(self, topic: str) -> list[Event]:
        """Remove and return everything that waits for the subscription `all` of a topic."""
        taken: list[Event] = []
        with self._client() as client, client.get_subscription_receiver(topic, _SUBSCRIPTION) as receiver:
            while messages := receiver.receive_messages(_PAGE, max_wait_time=_WAIT_SECONDS):
                for message in messages:
                    event = read_event(body_of(message))
                    try:
                        receiver.complete_message(message)
                    except MessageLockLostError:
                        continue  # it comes again
                    if event is not None:
                        taken.append(event)
        return taken

    def _receiver(self, client: ServiceBusClient) -> ServiceBusReceiver:
        return client.get_subscription_receiver(RESULTS, _SUBSCRIPTION)

    def _client(self) -> ServiceBusClient:
        credential = ClientSecretCredential(
            self.tenant_id,
            self.client_id,
            self.client_secret,
            proxies={"https": self.proxy},
            connection_verify=self.ca_bundle,
            use_env_settings=False,
        )
        at = urlsplit(self.proxy)
        options: dict[str, Any] = {
            "ssl_context": ssl.create_default_context(cafile=self.ca_bundle),
            # Unlike its asynchronous sister, this client wants the bare name.
            "http_proxy": {"proxy_hostname": at.hostname, "proxy_port": at.port},
        }
        return ServiceBusClient(self.namespace, credential, **options)


def body_of(message: ServiceBusReceivedMessage) -> bytes:
    """A message's body."""
    parts: Any = message.body
    return parts if isinstance(parts, bytes) else b"".join(parts)
