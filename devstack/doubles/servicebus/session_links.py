"""Links for one session: which one a client asks for, how long it waits for one, and what it is told."""

import asyncio
from dataclasses import replace
from typing import Any

from devstack.doubles.servicebus import errors
from devstack.doubles.servicebus.amqp.links import Link, OutgoingLink
from devstack.doubles.servicebus.amqp.performatives import Source
from devstack.doubles.servicebus.amqp.types import Described, Long, Symbol
from devstack.doubles.servicebus.broker import LARGEST_MESSAGE, Broker
from devstack.doubles.servicebus.entities.queue import Queue
from devstack.doubles.servicebus.entities.stored import Lock

_FILTER = Symbol("com.microsoft:session-filter")
_TIMEOUT = Symbol("com.microsoft:timeout")
_LOCKED_UNTIL = Symbol("com.microsoft:locked-until-utc")
_LONGEST_WAIT_MILLISECONDS = 65_000
_TICKS_AT_1970 = 621_355_968_000_000_000
_TICKS_PER_MILLISECOND = 10_000


def asks_for_session(link: Link) -> bool:
    """Return whether the client wants the messages of one session: a named one, or whichever is free."""
    return _FILTER in _filters(link)


async def hold_session(broker: Broker, link: OutgoingLink, queue: Queue) -> tuple[str, Lock]:
    """Take the session that the client asks for, or wait for one. Raises BusError."""
    wanted = _filters(link)[_FILTER]
    session_id = wanted.value if isinstance(wanted, Described) else wanted
    if session_id is not None and not isinstance(session_id, str):
        raise errors.bad_argument("A session's id is a text.")
    loop = asyncio.get_running_loop()
    patience = int((link.attach.properties or {}).get(_TIMEOUT) or _LONGEST_WAIT_MILLISECONDS)
    deadline = loop.time() + patience / 1000
    broker.end_lapsed_sessions(queue)
    while session_id is None:
        queue.catch_up(broker.now())
        session_id = queue.next_session()
        if session_id is None:
            left = deadline - loop.time()
            if left <= 0 or not link.is_alive:
                raise errors.no_session_in_time(queue.path)
            await broker.wait_for_change(left)
            broker.end_lapsed_sessions(queue)
    return session_id, queue.sessions.hold(session_id, broker.now())


def accept(link: OutgoingLink, session_id: str, lock: Lock) -> None:
    """Tell the client which session it has, and until when (in .NET's ticks)."""
    source = replace(link.attach.source or Source(), filter={**_filters(link), _FILTER: session_id})
    ticks = Long(_TICKS_AT_1970 + lock.until * _TICKS_PER_MILLISECOND)
    link.accept(source=source, properties={_LOCKED_UNTIL: ticks}, max_message_size=LARGEST_MESSAGE)


def _filters(link: Link) -> dict[Any, Any]:
    return (link.attach.source.filter if link.attach.source else None) or {}
