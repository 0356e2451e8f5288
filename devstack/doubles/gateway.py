"""The gateway to storage: calls of the app pass through it to Azurite, byte for byte, and are noted on the way.

Paths and headers stay as they are, so that signatures of requests (SharedKey) stay valid. Only the app under test is
given the gateway's address; whoever looks on talks to Azurite itself and is not noted.
"""

import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl

import httpcore
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from devstack.doubles.faults import StorageName
from devstack.doubles.middleware import IDLE, Service, caller_of, drop, weathered
from devstack.doubles.world import World

_HOP_BY_HOP = frozenset({b"connection", b"keep-alive", b"transfer-encoding"})
"""Headers of one connection, not of the message (RFC 9110, 7.6.1)."""
_MESSAGE = b"<QueueMessage>"


@asynccontextmanager
async def gateways(
    world: World, origins: Mapping[StorageName, str], ca_bundle: str | None
) -> AsyncGenerator[dict[StorageName, ASGIApp]]:
    """One gateway per storage service, by the origin (scheme, host, port) that it leads to.

    `ca_bundle` (PEM file) is needed when the origins speak HTTPS. Connections to them are closed on exit.
    """
    context = ssl.create_default_context(cafile=ca_bundle) if ca_bundle else None
    async with httpcore.AsyncConnectionPool(ssl_context=context, max_connections=None) as pool:
        yield {name: _gateway(world, name, origin, pool) for name, origin in origins.items()}


def label(name: StorageName, scope: Scope) -> str:
    """What a call to storage is called: method, the queue, table or container, and what is done there.

    For example `PUT unsettled`, `GET operations()` for a query, `POST app-registration-results/messages`,
    `GET app-registrations-poison/messages peek`, `PUT application-leases lease acquire`. Keys and names of blobs are
    left out.
    """
    query = dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True))
    resource, *rest = scope["path"].split("/")[2:]
    words = [scope["method"]]
    match name:
        case "table":
            table, parenthesis, key = resource.partition("(")
            words.append(f"{table}()" if parenthesis and key == ")" else table)
        case "queue":
            words.append("/".join([resource, *rest[:1], *(["{id}"] if rest[1:] else [])]))
            words += ["peek"] if query.get("peekonly") == "true" else []
        case "blob":
            words.append(resource)
    if operation := query.get("comp"):
        words += [operation, Headers(scope=scope).get("x-ms-lease-action", "")]
    return " ".join(word for word in words if word)


def _gateway(world: World, name: StorageName, origin: str, pool: httpcore.AsyncConnectionPool) -> ASGIApp:
    """The gateway to one service. The weather leaves storage alone; scripted faults hit it."""

    async def forward(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await _forwarded(scope, receive, origin, pool)
        except (httpcore.NetworkError, httpcore.ProtocolError):
            await drop(scope, receive)
            return
        if name == "queue" and _is_empty_receive(scope, answer):
            scope.setdefault("extensions", {})[IDLE] = True
        await answer(scope, receive, send)

    service = Service(
        name,
        lambda scope: label(name, scope),
        throttled=lambda after: _refusal(503, "ServerBusy", {"Retry-After": str(after)}),
        unavailable=lambda status: _refusal(status, "InternalError"),
        outdoors=False,
    )
    return weathered(forward, service, world)


async def _forwarded(scope: Scope, receive: Receive, origin: str, pool: httpcore.AsyncConnectionPool) -> Response:
    request = Request(scope, receive)
    query: bytes = scope["query_string"]
    answer = await pool.request(
        request.method,
        origin + (scope["raw_path"] + (b"?" + query if query else b"")).decode("ascii"),
        headers=_end_to_end(request.headers.raw),
        content=await request.body(),
    )
    response = Response(answer.content, answer.status)
    response.raw_headers = _end_to_end(answer.headers)
    return response


def _end_to_end(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in headers if name.lower() not in _HOP_BY_HOP]


def _is_empty_receive(scope: Scope, answer: Response) -> bool:
    """Whether this was a host's look at a queue that found no message: it does so all the time."""
    is_receive = scope["method"] == "GET" and scope["path"].endswith("/messages") and caller_of(scope) == "host"
    return is_receive and answer.status_code == 200 and _MESSAGE not in bytes(answer.body)


def _refusal(status: int, code: str, headers: dict[str, str] | None = None) -> Response:
    return Response(status_code=status, headers={"x-ms-error-code": code, **(headers or {})})
