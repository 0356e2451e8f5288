"""A plain receiver of webhooks, and addresses that a careful sender must survive.

Messages are proven as standardwebhooks.com says: id, time and body, signed; at most five minutes off, here on the stack
clock. A message is kept with its headers under its id, and counted when it comes again.
"""

import asyncio
import base64
import binascii
import hmac
import json
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from devstack.config import StackConfig
from devstack.doubles.documents import Document
from devstack.doubles.middleware import Service, weathered
from devstack.doubles.routing import label_by
from devstack.doubles.ticketing.counting import count
from devstack.doubles.world import World

MESSAGES = "hookMessages"
"""Messages: `{number, hook, id, headers, body, text, receivedAt, count}`, key = `<hook>/<id>`. `body` is the parsed
JSON, None if it is none; `count` how often the message came."""
_TOLERANCE_SECONDS = 300
_METADATA = (
    "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://vault.azure.net"
)
"""Where no sender may be led to: what a machine in Azure learns about itself, its tokens among it."""
_ANY_METHOD = ["GET", "POST", "PATCH", "PUT"]


def create(world: World, config: StackConfig) -> ASGIApp:
    """The receiver under `/hooks`, exposed to the world's weather."""
    receiver = _Receiver(world, config.ticketing.hook)
    elsewhere = "/hooks/elsewhere"
    routes = [
        *_everything_below(f"{elsewhere}/redirect", _redirect),
        *_everything_below(f"{elsewhere}/endless", _endless),
        *_everything_below(f"{elsewhere}/silence", _silence),
        Route("/hooks/{name}", receiver.take, methods=["POST"]),
    ]
    service = Service(
        "webhooks",
        label_by(routes),
        throttled=lambda after: Response(status_code=429, headers={"Retry-After": str(after)}),
        unavailable=lambda status: Response(status_code=status),
    )
    return weathered(Starlette(routes=routes), service, world)


def messages(world: World) -> list[Document]:
    """All messages in the order in which they first came."""
    return sorted(world.primary().all(MESSAGES), key=lambda message: message["number"])


class _Receiver:
    def __init__(self, world: World, secret: str) -> None:
        self._world = world
        self._webhook = Webhook(secret)

    async def take(self, request: Request) -> Response:
        """Keep a message that is proven."""
        raw, name = await request.body(), request.path_params["name"]
        if not self._is_proven(request, raw):
            return JSONResponse({"message": "The signature does not fit."}, 401)
        number = request.headers["webhook-id"]
        key = f"{name}/{number}"
        kept = self._world.primary().get(MESSAGES, key) or self._new(name, number, request, raw)
        self._world.documents.put(MESSAGES, key, kept | {"count": kept["count"] + 1})
        return Response(status_code=202)

    def _new(self, name: str, identifier: str, request: Request, raw: bytes) -> Document:
        return {
            "number": count(self._world, "hook message"),
            "hook": name,
            "id": identifier,
            "headers": dict(request.headers),
            "body": _parsed(raw),
            "text": raw.decode(errors="replace"),
            "receivedAt": self._world.clock.now().isoformat(),
            "count": 0,
        }

    def _is_proven(self, request: Request, raw: bytes) -> bool:
        headers = request.headers
        try:
            moment = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
            expected = self._webhook.sign(headers["webhook-id"], moment, raw.decode())
            given = [_signature(text) for text in headers["webhook-signature"].split(" ")]
        except (KeyError, ValueError, OverflowError, OSError):
            return False
        is_recent = abs(moment.timestamp() - self._world.clock.time()) <= _TOLERANCE_SECONDS
        # The library's own check looks at the wall clock, which is not the one that the sender has.
        return is_recent and any(hmac.compare_digest(_signature(expected), one) for one in given)


def _signature(text: str) -> bytes:
    """The bytes of a signature of version 1; none of anything else."""
    version, _, encoded = text.partition(",")
    try:
        return base64.b64decode(encoded, validate=True) if version == "v1" else b""
    except binascii.Error:
        return b""


def _parsed(raw: bytes) -> Any:  # noqa: ANN401 - whatever was sent
    try:
        return json.loads(raw)
    except ValueError:
        return None


def _everything_below(path: str, endpoint: Any) -> list[Route]:  # noqa: ANN401 - Starlette's own type
    """A trap also serves as the base address of an API."""
    return [Route(spelling, endpoint, methods=_ANY_METHOD) for spelling in (path, f"{path}/{{rest:path}}")]


async def _redirect(_request: Request) -> Response:
    """Leads to where only the machine itself may ask."""
    return RedirectResponse(_METADATA, 302)


async def _endless(_request: Request) -> Response:
    """Begins like an answer and never ends."""

    async def body() -> AsyncGenerator[bytes]:
        yield b'{"result": "'
        while True:
            yield b"x" * 65_536
            await asyncio.sleep(0)

    return StreamingResponse(body(), media_type="application/json")


async def _silence(request: Request) -> Response:
    """Takes the call and never answers, until the caller goes."""
    while not await request.is_disconnected():  # noqa: ASYNC110 - ASGI offers no event
        await asyncio.sleep(0.05)
    return Response(status_code=204)
