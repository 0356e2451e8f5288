"""`$management` of an entity: what clients do besides sending, receiving and settling.

"AMQP 1.0 in Azure Service Bus: request-response-based operations" (Microsoft Learn), in the form in which the Python
and the Node client ask.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from devstack.doubles.servicebus.access import Access, Right
from devstack.doubles.servicebus.amqp.message import Message, read_message
from devstack.doubles.servicebus.amqp.types import AmqpDecodeError, Array, Described, Int, Long, Symbol, Timestamp
from devstack.doubles.servicebus.broker import Broker
from devstack.doubles.servicebus.entities import errors
from devstack.doubles.servicebus.entities.filters import CorrelationFilter, FalseFilter, Filter, TrueFilter
from devstack.doubles.servicebus.entities.queue import Queue, scheduled_for
from devstack.doubles.servicebus.entities.sql_filter import SqlFilter, sql_filter
from devstack.doubles.servicebus.entities.stored import Lock, Stored
from devstack.doubles.servicebus.exposure import exposed
from devstack.doubles.servicebus.requests import Answer, failed, succeeded

_PREFIX = "com.microsoft:"
_NO_CONTENT = 204
_LONG, _TIMESTAMP, _TEXT = 0x81, 0x83, 0xB1
_TRUE, _FALSE, _SQL, _CORRELATION = 0x137000007, 0x137000008, 0x137000006, 0x137000009
_RULE, _EMPTY_ACTION = 0x137000004, 0x137000005
_SYSTEM = (
    "correlation-id",
    "message-id",
    "to",
    "reply-to",
    "label",
    "session-id",
    "reply-to-session-id",
    "content-type",
)


class Management:
    """Requests of one client about one entity."""

    def __init__(self, broker: Broker, access: Access, address: str, caller: str) -> None:
        self._broker = broker
        self._access = access
        self._address = address
        self._caller = caller

    async def answer(self, request: Message) -> Answer:
        """Do what is asked. A refusal is an answer, too. Raises ConnectionCutError."""
        given = {str(key): value for key, value in request.application_properties.items()}
        operation = str(given.get("operation", "")).removeprefix(_PREFIX)
        handler = self._handlers().get(operation)
        try:
            if handler is None:
                raise errors.BusError("amqp:not-implemented", f"There is no operation {operation!r} here.", 501)
            right, verb, do = handler
            self._access.check(self._address, right)
            body = _as_map(request.body_value())
            return await exposed(self._broker.world, verb, self._address, self._caller, lambda: do(body))
        except errors.BusError as refusal:
            return failed(refusal)
        except (AmqpDecodeError, KeyError, TypeError, ValueError) as error:
            return failed(errors.bad_argument(f"{operation}: {error!r}"))

    def _handlers(self) -> dict[str, tuple[Right, str, Callable[[dict[str, Any]], Answer]]]:
        return {
            "renew-lock": (Right.LISTEN, "RENEW", self._renew),
            "schedule-message": (Right.SEND, "SCHEDULE", self._schedule),
            "cancel-scheduled-message": (Right.SEND, "CANCEL", self._cancel),
            "peek-message": (Right.LISTEN, "PEEK", self._peek),
            "receive-by-sequence-number": (Right.LISTEN, "RECEIVE", self._receive),
            "update-disposition": (Right.LISTEN, "SETTLE", self._settle),
            "renew-session-lock": (Right.LISTEN, "RENEW", self._renew_session),
            "get-session-state": (Right.LISTEN, "PEEK", self._session_state),
            "set-session-state": (Right.LISTEN, "SETTLE", self._set_session_state),
            "get-message-sessions": (Right.LISTEN, "PEEK", self._sessions),
            "enumerate-rules": (Right.MANAGE, "PEEK", self._rules),
            "add-rule": (Right.MANAGE, "ADD", self._add_rule),
            "remove-rule": (Right.MANAGE, "REMOVE", self._remove_rule),
        }

    @property
    def _queue(self) -> Queue:
        return self._broker.entities.receiving(self._address)

    def _renew(self, body: dict[str, Any]) -> Answer:
        until = [self._queue.renew(token, self._broker.now()) for token in _tokens(body)]
        return succeeded({"expirations": Array(_TIMESTAMP, tuple(Timestamp(moment) for moment in until))})

    def _schedule(self, body: dict[str, Any]) -> Answer:
        target = self._broker.entities.sending(self._address)
        read = [read_message(_as_map(item)["message"]) for item in body["messages"]]
        numbers = [self._broker.enqueue(target, message, scheduled_for(message)) for message in read]
        self._broker.pump(target)
        return succeeded({"sequence-numbers": Array(_LONG, tuple(Long(number) for number in numbers))})

    def _cancel(self, body: dict[str, Any]) -> Answer:
        target = self._broker.entities.sending(self._address)
        queue = target if isinstance(target, Queue) else target.waiting
        for number in _items(body["sequence-numbers"]):
            queue.cancel(number)
        return succeeded(None)

    def _peek(self, body: dict[str, Any]) -> Answer:
        start, count = int(body["from-sequence-number"]), int(body["message-count"])
        found = self._queue.peek(start, count, self._broker.now(), body.get("session-id"))
        if not found:
            return succeeded(None, _NO_CONTENT)
        return succeeded({"messages": [{"message": stored.outward().encoded()} for stored in found]})

    def _receive(self, body: dict[str, Any]) -> Answer:
        numbers = [int(number) for number in _items(body["sequence-numbers"])]
        locks = int(body.get("receiver-settle-mode", 0)) == 1
        taken = self._queue.take_deferred(numbers, self._broker.now(), body.get("session-id"), locks=locks)
        return succeeded({"messages": [_received(stored, lock) for stored, lock in taken]})

    def _settle(self, body: dict[str, Any]) -> Answer:
        queue, now = self._queue, self._broker.now()
        changes = body.get("properties-to-modify")
        for token in _tokens(body):
            match body["disposition-status"]:
                case "completed":
                    queue.complete(token, now)
                case "abandoned":
                    queue.abandon(token, now, changes)
                case "defered":
                    queue.defer(token, now, changes)
                case "suspended":
                    queue.bury(token, now, body.get("deadletter-reason"), body.get("deadletter-description"), changes)
                case other:
                    raise errors.bad_argument(f"{other!r} is no disposition.")
        self._broker.pump(queue)
        return succeeded(None)

    def _renew_session(self, body: dict[str, Any]) -> Answer:
        session_id = body["session-id"]
        until = self._queue.sessions.renew(session_id, self._session_lock(session_id), self._broker.now())
        return succeeded({"expiration": Timestamp(until)})

    def _session_state(self, body: dict[str, Any]) -> Answer:
        session_id = body["session-id"]
        self._session_lock(session_id)
        return succeeded({"session-state": self._queue.sessions.state(session_id)})

    def _set_session_state(self, body: dict[str, Any]) -> Answer:
        session_id = body["session-id"]
        self._session_lock(session_id)
        self._queue.sessions.set_state(session_id, body["session-state"])
        return succeeded(None)

    def _sessions(self, body: dict[str, Any]) -> Answer:
        skip, top = int(body.get("skip", 0)), int(body.get("top", 100))
        found = self._queue.session_ids()[skip : skip + top]
        if not found:
            return succeeded(None, _NO_CONTENT)
        return succeeded({"skip": Int(skip + len(found)), "sessions-ids": Array(_TEXT, tuple(found))})

    def _rules(self, body: dict[str, Any]) -> Answer:
        rules = self._broker.entities.subscription(self._address).rules
        skip, top = int(body.get("skip", 0)), int(body.get("top", 100))
        found = list(rules.items())[skip : skip + top]
        if not found:
            return succeeded(None, _NO_CONTENT)
        return succeeded({"rules": [{"rule-description": _described_rule(name, rule)} for name, rule in found]})

    def _add_rule(self, body: dict[str, Any]) -> Answer:
        rule = _read_rule(_as_map(body["rule-description"]))
        self._broker.entities.subscription(self._address).add_rule(body["rule-name"], rule)
        return succeeded(None)

    def _remove_rule(self, body: dict[str, Any]) -> Answer:
        self._broker.entities.subscription(self._address).remove_rule(body["rule-name"])
        return succeeded(None)

    def _session_lock(self, session_id: str) -> Lock:
        lock = self._queue.sessions.lock_of(session_id)
        if lock is None or lock.until <= self._broker.now():
            raise errors.session_lock_lost(self._address, session_id)
        return lock


def _received(stored: Stored, lock: Lock | None) -> dict[str, Any]:
    item: dict[str, Any] = {"message": stored.outward(lock=lock).encoded()}
    if lock is not None:
        item["lock-token"] = lock.token
    return item


def _tokens(body: dict[str, Any]) -> list[UUID]:
    return list(_items(body["lock-tokens"]))


def _items(value: Any) -> tuple[Any, ...]:  # noqa: ANN401 - a list or an array
    return value.items if isinstance(value, Array) else tuple(value)


def _as_map(value: Any) -> dict[str, Any]:  # noqa: ANN401 - any AMQP value
    if not isinstance(value, dict):
        raise errors.bad_argument("The request's body is no map.")
    return {str(key): item for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


def _read_rule(description: dict[str, Any]) -> Filter:
    if "sql-filter" in description:
        return sql_filter(_as_map(description["sql-filter"])["expression"])
    if "correlation-filter" in description:
        wanted = _as_map(description["correlation-filter"])
        system = {name.replace("-", ""): wanted[name] for name in _SYSTEM if wanted.get(name) is not None}
        return CorrelationFilter(system, _as_map(wanted.get("properties") or {}))
    if "false-filter" in description:
        return FalseFilter()
    return TrueFilter()


def _described_rule(name: str, rule: Filter) -> Described:
    match rule:
        case SqlFilter(text=text):
            described = Described(Long(_SQL), [text, Int(20)])
        case CorrelationFilter(system=system, application=application):
            values = [system.get(member.replace("-", "")) for member in _SYSTEM]
            described = Described(Long(_CORRELATION), [*values, application or None])
        case FalseFilter():
            described = Described(Long(_FALSE), [])
        case _:
            described = Described(Long(_TRUE), [])
    return Described(
        Symbol("com.microsoft:rule-description:list"), [described, Described(Long(_EMPTY_ACTION), []), name]
    )
