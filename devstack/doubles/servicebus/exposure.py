"""What happens to a call to the broker: noted and counted, then traps, scripted faults and weather.

A call is a send, a settlement, or a request to `$management`: what a client waits for. Deliveries are none.
"""

import asyncio
from collections.abc import Callable

from devstack.doubles.faults import Fault, FaultKind
from devstack.doubles.middleware import draw_fault
from devstack.doubles.servicebus import errors
from devstack.doubles.wire import When
from devstack.doubles.world import World

NAME = "servicebus"
_OK = 200


class ConnectionCutError(Exception):
    """The connection dies, with or without the call having taken effect; nothing is answered."""


async def exposed[T](world: World, verb: str, path: str, caller: str, operate: Callable[[], T]) -> T:
    """Do `operate`, unless something is in its way. Raises ConnectionCutError, and BusError for a refusal."""
    label = f"{verb} {path}"
    world.calls[NAME, label] += 1
    call = world.journal.note(NAME, label, caller)
    if await world.traps.hold(call, When.BEFORE):
        raise ConnectionCutError
    fault = world.faults.take(NAME, verb, label, path) or draw_fault(NAME, world)
    try:
        result = await _under(fault, world, operate)
    except errors.BusError as error:
        call.status = error.status
        raise
    if await world.traps.hold(call, When.AFTER):
        raise ConnectionCutError
    call.status = _OK
    return result


async def _under[T](fault: Fault | None, world: World, operate: Callable[[], T]) -> T:
    if fault is None:
        return operate()
    world.suffered[NAME, fault.kind] += 1
    match fault.kind:
        case FaultKind.THROTTLE:
            raise errors.server_busy()
        case FaultKind.ERROR:
            raise errors.internal_error()
        case FaultKind.REFUSE:
            raise ConnectionCutError
        case FaultKind.LOST_ANSWER:
            operate()
            raise ConnectionCutError
        case FaultKind.DELAY:
            await asyncio.sleep(fault.seconds)
            return operate()
        case _:
            return operate()
