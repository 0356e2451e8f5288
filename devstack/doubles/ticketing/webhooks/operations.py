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
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from devstack.doubles.documents import Document
from devstack.doubles.ticketing.counting import count
from devstack.doubles.ticketing.webhooks import errors
from devstack.doubles.ticketing.webhooks.store import MESSAGES
from devstack.doubles.world import World

_TOLERANCE_SECONDS = 300
_METADATA = (
    "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://vault.azure.net"
)
"""Where no sender may be led to: what a machine in Azure learns about itself, its tokens among it."""


class Receiver:
    """Keeps the messages of one world that `secret` proves."""

    def __init__(self, world: World, secret: str) -> None:
        self._world = world
        self._webhook = Webhook(secret)

    async def take(self, request: Request) -> Response:
        """Keep a message that is proven."""
        raw, name = await request.body(), request.path_params["name"]
        if not self._is_proven(request, raw):
            return errors.not_proven()
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


async def redirect(_request: Request) -> Response:
    """Leads to where only the machine itself may ask."""
    return RedirectResponse(_METADATA, 302)


async def endless(_request: Request) -> Response:
    """Begins like an answer and never ends."""

    async def body() -> AsyncGenerator[bytes]:
        yield b'{"result": "'
        while True:
            yield b"x" * 65_536
            await asyncio.sleep(0)

    return StreamingResponse(body(), media_type="application/json")


async def silence(request: Request) -> Response:
    """Takes the call and never answers, until the caller goes."""
    while not await request.is_disconnected():  # noqa: ASYNC110 - ASGI offers no event
        await asyncio.sleep(0.05)
    return Response(status_code=204)
