"""The gateway to storage: calls of the app pass through it to Azurite, byte for byte, and are noted on the way.

Paths and headers stay as they are, so that signatures of requests (SharedKey) stay valid. Only the app under test is
given the gateway's address; observers talk to Azurite itself and are not noted.
"""

import ssl
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl

import aiohttp
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from yarl import URL

from devstack.doubles.faults import StorageName
from devstack.doubles.middleware import IDLE, Service, caller_of, drop, weathered
from devstack.doubles.world import World

_HOP_BY_HOP = frozenset({b"connection", b"keep-alive", b"transfer-encoding"})
"""Headers of one connection, not of the message (RFC 9110, 7.6.1)."""
_NOT_OURS = ("accept", "accept-encoding", "content-type", "user-agent")
"""Headers that the client would add where the app sends none."""
_MESSAGE = b"<QueueMessage>"


@asynccontextmanager
async def gateways(
    world: World, origins: Mapping[StorageName, str], ca_bundle: str | None
) -> AsyncGenerator[dict[StorageName, ASGIApp]]:
    """One gateway per storage service, by the origin (scheme, host, port) that it leads to.

    `ca_bundle` (PEM file) is needed when the origins speak HTTPS. Connections to them are closed on exit.
    """
    context = ssl.create_default_context(cafile=ca_bundle) if ca_bundle else True
    connector = aiohttp.TCPConnector(limit=0, ssl=context)
    async with aiohttp.ClientSession(
        connector=connector, auto_decompress=False, skip_auto_headers=_NOT_OURS, timeout=aiohttp.ClientTimeout()
    ) as session:
        yield {name: _gateway(world, name, origin, session) for name, origin in origins.items()}


def label(name: StorageName, scope: Scope) -> str:
    """What a call to storage is called: method, the queue, table or container, and what is done there.

    For example `PUT orders` and `GET orders()` (a query) of a table, `POST results/messages` and
    `GET results-poison/messages peek` of a queue, `PUT leases lease acquire` of a container; without keys and names of
    blobs.
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


def _gateway(world: World, name: StorageName, origin: str, session: aiohttp.ClientSession) -> ASGIApp:
    """The gateway to one service. The weather leaves storage alone; scripted faults hit it."""

    async def forward(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await _forwarded(scope, receive, origin, session)
        except aiohttp.ClientConnectionError:
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
        weather_applies=False,
    )
    return weathered(forward, service, world)


async def _forwarded(scope: Scope, receive: Receive, origin: str, session: aiohttp.ClientSession) -> Response:
    request = Request(scope, receive)
    query: bytes = scope["query_string"]
    target = origin + (scope["raw_path"] + (b"?" + query if query else b"")).decode("ascii")
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in _end_to_end(request.headers.raw)]
    body = await request.body()
    async with session.request(
        request.method, URL(target, encoded=True), headers=headers, data=body or None, allow_redirects=False
    ) as answer:
        response = Response(await answer.read(), answer.status)
        response.raw_headers = _end_to_end(answer.raw_headers)
        return response


def _end_to_end(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [(name.lower(), value) for name, value in headers if name.lower() not in _HOP_BY_HOP]


def _is_empty_receive(scope: Scope, answer: Response) -> bool:
    """Return whether this was a host's look at a queue that found no message: it does so all the time."""
    is_receive = scope["method"] == "GET" and scope["path"].endswith("/messages") and caller_of(scope) == "host"
    return is_receive and answer.status_code == 200 and _MESSAGE not in bytes(answer.body)


def _refusal(status: int, code: str, headers: dict[str, str] | None = None) -> Response:
    return Response(status_code=status, headers={"x-ms-error-code": code, **(headers or {})})
