"""A topic: what is sent to it goes to each subscription one of whose rules lets it in."""

from collections.abc import Callable
from copy import deepcopy
from uuid import UUID

from devstack.doubles.servicebus import errors
from devstack.doubles.servicebus.amqp.message import Message
from devstack.doubles.servicebus.entities.filters import Filter, TrueFilter, correlation_filter
from devstack.doubles.servicebus.entities.message_log import Keeper
from devstack.doubles.servicebus.entities.queue import Queue
from devstack.doubles.servicebus.entities.settings import QueueSettings, RuleSettings, TopicSettings
from devstack.doubles.servicebus.entities.sql_filter import sql_filter

DEFAULT_RULE = "$Default"


class Subscription:
    """A queue with rules for what gets into it."""

    def __init__(self, queue: Queue, rules: dict[str, Filter]) -> None:
        self.queue = queue
        self.rules = rules

    def lets_in(self, message: Message) -> bool:
        """Return whether one of the rules matches; without rules nothing gets in."""
        return any(rule.matches(message) for rule in self.rules.values())

    def add_rule(self, name: str, rule: Filter) -> None:
        """Let in more."""
        if name in self.rules:
            raise errors.entity_already_exists(name)
        self.rules[name] = rule

    def remove_rule(self, name: str) -> None:
        """Let in less."""
        if self.rules.pop(name, None) is None:
            raise errors.entity_not_found(name)


class Topic:
    """A topic and its subscriptions, by name in lower case."""

    def __init__(self, path: str, settings: TopicSettings, keeper: Keeper, new_token: Callable[[], UUID]) -> None:
        self.path = path
        self.subscriptions: dict[str, Subscription] = {}
        own = settings.properties
        # What is scheduled waits in the topic, and duplicates are found there: a queue that nobody receives from.
        self.waiting = Queue(
            path,
            QueueSettings(
                requires_duplicate_detection=own.requires_duplicate_detection,
                duplicate_detection_history_time_window=own.duplicate_detection_history_time_window,
                default_message_time_to_live=own.default_message_time_to_live,
            ),
            keeper,
            new_token,
        )

    def check(self, message: Message) -> None:
        """Raise BusError for a message that the topic does not take."""
        self.waiting.check(message)

    def publish(self, message: Message, now: int, due_at: int | None = None) -> int:
        """Take a message in and pass it on when it is due. Return its number in the topic; of a duplicate, 0."""
        number = self.waiting.enqueue(message, now, due_at)
        self.pass_on(now)
        return number

    def pass_on(self, now: int) -> bool:
        """Give the subscriptions what is due. Return whether there was anything."""
        any_passed = False
        while taken := self.waiting.take(now, locks=False):
            message = taken[0].message
            any_passed = True
            for subscription in self.subscriptions.values():
                if subscription.lets_in(message):
                    subscription.queue.enqueue(deepcopy(message), now)
        return any_passed


def read_rules(settings: dict[str, RuleSettings]) -> dict[str, Filter]:
    """The filters of a subscription as it is set up; without any, everything gets in."""
    if not settings:
        return {DEFAULT_RULE: TrueFilter()}
    return {name: _filter(rule) for name, rule in settings.items()}


def _filter(rule: RuleSettings) -> Filter:
    if rule.sql_filter is not None:
        return sql_filter(rule.sql_filter)
    if rule.correlation_filter is not None:
        return correlation_filter(rule.correlation_filter)
    return TrueFilter()
