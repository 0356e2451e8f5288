"""Where the addresses of the namespace lead, and all operations of `$management`, with the right that each needs.

Addresses are those that Microsoft's clients use: an entity, `topic/Subscriptions/name`, either with
`/$DeadLetterQueue`, any of them with `/$management`, and `$cbs`; with or without scheme and host before them.
"""

from collections.abc import Callable
from dataclasses import dataclass

from devstack.doubles.servicebus import errors
from devstack.doubles.servicebus.access import Access, Right
from devstack.doubles.servicebus.amqp.message import Message
from devstack.doubles.servicebus.amqp.types import AmqpDecodeError
from devstack.doubles.servicebus.answers import Answer, failed
from devstack.doubles.servicebus.broker import Broker
from devstack.doubles.servicebus.exposure import exposed
from devstack.doubles.servicebus.operations import messages, rules, sessions
from devstack.doubles.servicebus.operations.asked import Asked, as_map
from devstack.doubles.servicebus.operations.claims import put_token

CLAIMS = "$cbs"
_MANAGEMENT = "/$management"
_PREFIX = "com.microsoft:"


@dataclass(frozen=True)
class _Operation:
    right: Right
    verb: str
    """What the journal, the counters and faults call it."""
    do: Callable[[Asked], Answer]


_OPERATIONS = {
    "peek-message": _Operation(Right.LISTEN, "PEEK", messages.peek),
    "schedule-message": _Operation(Right.SEND, "SCHEDULE", messages.schedule),
    "cancel-scheduled-message": _Operation(Right.SEND, "CANCEL", messages.cancel),
    "receive-by-sequence-number": _Operation(Right.LISTEN, "RECEIVE", messages.receive_deferred),
    "update-disposition": _Operation(Right.LISTEN, "SETTLE", messages.settle),
    "renew-lock": _Operation(Right.LISTEN, "RENEW", messages.renew_lock),
    "renew-session-lock": _Operation(Right.LISTEN, "RENEW", sessions.renew_lock),
    "get-session-state": _Operation(Right.LISTEN, "PEEK", sessions.get_state),
    "set-session-state": _Operation(Right.LISTEN, "SETTLE", sessions.set_state),
    "get-message-sessions": _Operation(Right.LISTEN, "PEEK", sessions.list_sessions),
    "enumerate-rules": _Operation(Right.MANAGE, "PEEK", rules.list_rules),
    "add-rule": _Operation(Right.MANAGE, "ADD", rules.add_rule),
    "remove-rule": _Operation(Right.MANAGE, "REMOVE", rules.remove_rule),
}


def is_for_requests(address: str) -> bool:
    """Return whether requests are sent to this address, and answered."""
    return address == CLAIMS or address.endswith(_MANAGEMENT)


def admit(broker: Broker, access: Access, address: str) -> None:
    """Raise BusError unless a client may have a link for requests to this address."""
    if address != CLAIMS:
        access.check_any(address)
        broker.entities.managed(address.removesuffix(_MANAGEMENT))


async def answer(broker: Broker, access: Access, address: str, caller: str, request: Message) -> Answer:
    """Do what a request asks for; a refusal is an answer, too. Raises ConnectionCutError."""
    if address == CLAIMS:
        return put_token(access, request)
    entity = address.removesuffix(_MANAGEMENT)
    name = str(request.application_properties.get("operation", "")).removeprefix(_PREFIX)
    operation = _OPERATIONS.get(name)
    try:
        if operation is None:
            raise errors.BusError("amqp:not-implemented", f"There is no operation {name!r} here.", 501)
        access.check(entity, operation.right)
        asked = Asked(broker, entity, as_map(request.body_value()))
        return await exposed(broker.world, operation.verb, entity, caller, lambda: operation.do(asked))
    except errors.BusError as refusal:
        return failed(refusal)
    except (AmqpDecodeError, KeyError, TypeError, ValueError) as error:
        return failed(errors.bad_argument(f"{name}: {error!r}"))
