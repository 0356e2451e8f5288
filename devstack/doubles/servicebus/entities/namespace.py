"""All entities of one namespace, found by the addresses that clients use."""

import base64
import json
from collections.abc import Callable, Iterator
from uuid import UUID

from devstack.doubles.documents import Document, Documents
from devstack.doubles.servicebus import errors
from devstack.doubles.servicebus.entities.queue import DEAD_LETTERS, Queue
from devstack.doubles.servicebus.entities.settings import NamespaceSettings, QueueSettings
from devstack.doubles.servicebus.entities.stored import Stored, read_stored
from devstack.doubles.servicebus.entities.topic import Subscription, Topic, read_rules
from devstack.doubles.servicebus.store import MESSAGES, SEQUENCES, SESSIONS, DocumentKeeper


class Namespace:
    """The queues and topics that were set up, and the messages that were kept."""

    def __init__(self, settings: NamespaceSettings, documents: Documents, new_token: Callable[[], UUID]) -> None:
        self._keeper = DocumentKeeper(documents)
        self._new_token = new_token
        self._queues: dict[str, Queue] = {}
        self._topics: dict[str, Topic] = {}
        for name, queue in settings.queues.items():
            self._add_queue(name, queue)
        for name, topic in settings.topics.items():
            built = self._topics[name.casefold()] = Topic(name, topic, self._keeper, new_token)
            for subscription, rules in topic.subscriptions.items():
                path = f"{name}/Subscriptions/{subscription}"
                inner = QueueSettings.model_validate(rules.model_dump(exclude={"rules"}))
                built.subscriptions[subscription.casefold()] = Subscription(
                    self._add_queue(path, inner), read_rules(rules.rules)
                )
        self._restore(documents)

    def receiving(self, address: str) -> Queue:
        """What can be received from at this address: a queue, a subscription, the dead letters of either."""
        found = self._queues.get(address.casefold())
        if found is None:
            raise errors.entity_not_found(address)
        return found

    def sending(self, address: str) -> Queue | Topic:
        """What can be sent to at this address: a queue or a topic."""
        folded = address.casefold()
        found = self._topics.get(folded)
        if found is not None:
            return found
        if "/" in folded:
            raise errors.entity_not_found(address)
        return self.receiving(address)

    def managed(self, address: str) -> Queue | Topic:
        """What can be asked at `$management` of this address."""
        topic = self._topics.get(address.casefold())
        return topic if topic is not None else self.receiving(address)

    def subscription(self, address: str) -> Subscription:
        """The subscription at this address, with its rules."""
        topic, _, rest = address.casefold().partition("/subscriptions/")
        found = self._topics.get(topic)
        if found is None or rest not in found.subscriptions:
            raise errors.entity_not_found(address)
        return found.subscriptions[rest]

    def queues(self) -> Iterator[Queue]:
        """Everything that can be received from."""
        yield from self._queues.values()

    def topics(self) -> Iterator[Topic]:
        """All topics."""
        yield from self._topics.values()

    def clear(self) -> None:
        """Remove all messages, those for later and dead letters included."""
        for queue in self.queues():
            queue.clear()
        for topic in self.topics():
            topic.waiting.clear()

    def _add_queue(self, path: str, settings: QueueSettings) -> Queue:
        buried = QueueSettings(lock_duration=settings.lock_duration)
        dead_letters = Queue(f"{path}/{DEAD_LETTERS}", buried, self._keeper, self._new_token)
        queue = Queue(path, settings, self._keeper, self._new_token, dead_letters)
        self._queues[path.casefold()] = queue
        self._queues[dead_letters.path.casefold()] = dead_letters
        return queue

    def _restore(self, documents: Documents) -> None:
        kept: dict[str, list[Stored]] = {}
        for document in documents.view().scan(MESSAGES):
            kept.setdefault(document["path"].casefold(), []).append(read_stored(document))
        states: dict[str, dict[str, bytes]] = {}
        view = documents.view()
        for document in view.scan(SESSIONS):
            found = states.setdefault(document["path"].casefold(), {})
            found[document["sessionId"]] = base64.b64decode(document["state"])
        entities = {queue.path: queue for queue in self.queues()}
        entities |= {topic.path: topic.waiting for topic in self.topics()}
        for path, queue in entities.items():
            sequence: Document = view.get(SEQUENCES, path.casefold()) or {"last": 0}
            queue.restore(kept.get(path.casefold(), []), sequence["last"], states.get(path.casefold()))


def read_namespace(text: str) -> NamespaceSettings:
    """A namespace's set-up from JSON."""
    return NamespaceSettings.model_validate(json.loads(text))
