"""What happens to a call before and after a double sees it: noted and counted, then traps, weather and faults.

Every double is wrapped in `weathered`; the bodies of its 429, 5xx and concurrency errors are its own.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from devstack.doubles.faults import Fault, FaultKind, ServiceName
from devstack.doubles.wire import Call, When
from devstack.doubles.world import World

CUT = "devstack.drop"
"""ASGI extension: a callable that kills the connection of the request."""

IDLE = "devstack.idle"
"""ASGI extension, set by an application before it answers: nothing happened, the call is not worth noting."""

REFUSAL = "devstack.refusal"
"""ASGI extension for Entra: the AADSTS codes that a scripted fault has this sign-in refused with."""

CALLER_MARK = "devstack-"
"""What stands before the caller's name in the User-Agent of calls that say who makes them."""

_SERVER_ERRORS = (500, 502, 503, 504)


@dataclass(frozen=True)
class Service:
    """A double as the middleware sees it.

    `label` turns a request into the route's label, e.g. `POST /applications/{id}/addPassword`.
    `throttled` gets Retry-After in seconds, `unavailable` a 5xx status; `conflicting` is Graph's answer to
    writes that collide, None for a service that has no such thing. Without `weather_applies` a service has
    scripted faults only.
    """

    name: ServiceName
    label: Callable[[Scope], str]
    throttled: Callable[[int], Response]
    unavailable: Callable[[int], Response]
    conflicting: Callable[[], Response] | None = None
    weather_applies: bool = True


class ConnectionDroppedError(ConnectionResetError):
    """The connection died without an answer, where there is no real socket to close (ASGI transports)."""


class DroppableProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol, whose connections an application can kill without an answer.

    uvicorn itself always answers, with 500 if the application does not.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Offer the application a way to abort this connection."""
        super().connection_made(transport)
        self.app = _with_cut(self.app, transport)


class DroppableWebSocket(WebSocketsSansIOProtocol):
    """The same for connections that have become WebSockets."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Offer the application a way to abort this connection."""
        super().connection_made(transport)
        self.app = _with_cut(self.app, transport)


def _with_cut(app: Any, transport: asyncio.Transport) -> Any:  # noqa: ANN401 - uvicorn's types differ
    async def droppable(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401
        scope.setdefault("extensions", {})[CUT] = transport.abort
        await app(scope, receive, send)

    return droppable


def weathered(app: ASGIApp, service: Service, world: World) -> ASGIApp:
    """The double `app`, its calls noted in the world's journal and counted, exposed to traps, weather and faults."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        method, label = scope["method"], service.label(scope)
        world.calls[service.name, label] += 1
        call = world.journal.note(service.name, label, caller_of(scope))
        if await world.traps.hold(call, When.BEFORE):
            await drop(scope, receive)
            return
        deliver = _delivering(call, world, scope, receive, send)
        fault = world.faults.take(service.name, method, label, scope["path"]) or _draw_for(service, method, world)
        if fault is None:
            await app(scope, receive, deliver)
        else:
            world.suffered[service.name, fault.kind] += 1
            await _apply_fault(fault, service, world, app, scope, receive, deliver)

    return wrapped


def caller_of(scope: Scope) -> str:
    """Who makes the call, "host" or "worker", if its User-Agent says so, else empty."""
    _, mark, caller = Headers(scope=scope).get("user-agent", "").rpartition(CALLER_MARK)
    return caller.partition(" ")[0] if mark else ""


def _delivering(call: Call, world: World, scope: Scope, receive: Receive, send: Send) -> Send:
    """A `send` that notes the answer's status, unless a trap holds the answer back for ever."""
    withheld = False

    async def deliver(message: Message) -> None:
        nonlocal withheld
        if message["type"] == "http.response.start":
            if scope.get("extensions", {}).get(IDLE):
                world.journal.forget(call)
            elif await world.traps.hold(call, When.AFTER):
                withheld = True
                await drop(scope, receive)
            else:
                call.status = message["status"]
        if not withheld:
            await send(message)

    return deliver


def _draw_for(service: Service, method: str, world: World) -> Fault | None:
    if not service.weather_applies:
        return None
    conflicts = service.conflicting is not None and method not in ("GET", "HEAD")
    return draw_fault(service.name, world, conflicts=conflicts)


def draw_fault(service: ServiceName, world: World, *, conflicts: bool = False) -> Fault | None:
    """What the weather does to a call. One draw per kind, so that a seed gives the same faults again.

    With `conflicts`, it may be that the call collides with another write, as it happens in Graph.
    """
    weather, dice = world.weather, world.dice
    rates = {
        FaultKind.REFUSE: weather.refused_rate,
        FaultKind.THROTTLE: weather.throttle_rate,
        FaultKind.ERROR: weather.error_rate,
        FaultKind.CONCURRENCY_VIOLATION: weather.concurrency_violation_rate,
        FaultKind.LOST_ANSWER: weather.lost_answer_rate,
    }
    if not conflicts:
        rates[FaultKind.CONCURRENCY_VIOLATION] = 0.0
    hits = [kind for kind, rate in rates.items() if dice.random() < rate]
    status = dice.choice(_SERVER_ERRORS)
    return Fault(service=service, kind=hits[0], status=status) if hits else None


async def _apply_fault(
    fault: Fault, service: Service, world: World, app: ASGIApp, scope: Scope, receive: Receive, send: Send
) -> None:
    match fault.kind:
        case FaultKind.THROTTLE:
            after = world.weather.retry_after_seconds if fault.retry_after is None else fault.retry_after
            await service.throttled(after)(scope, receive, send)
        case FaultKind.ERROR:
            await service.unavailable(fault.status or 503)(scope, receive, send)
        case FaultKind.CONCURRENCY_VIOLATION:
            answer = service.conflicting() if service.conflicting else service.unavailable(503)
            await answer(scope, receive, send)
        case FaultKind.LOST_ANSWER:
            await app(scope, receive, _swallow)
            await drop(scope, receive)
        case FaultKind.REFUSE:
            await drop(scope, receive)
        case FaultKind.DELAY:
            await asyncio.sleep(fault.seconds)
            await app(scope, receive, send)
        case FaultKind.REFUSED_SIGN_IN:
            await app({**scope, "extensions": {**(scope.get("extensions") or {}), REFUSAL: fault.codes}}, receive, send)


async def _swallow(message: Message) -> None:
    """A `send` that nobody listens to."""


async def drop(scope: Scope, receive: Callable[[], Awaitable[Message]]) -> None:
    """Kill the connection of a request, without an answer."""
    abort = scope.get("extensions", {}).get(CUT)
    if abort is None:
        raise ConnectionDroppedError("the connection was dropped without an answer")
    abort()
    # Returning before uvicorn has seen the connection end would make it answer 500.
    while (await receive())["type"] != "http.disconnect":
        pass
