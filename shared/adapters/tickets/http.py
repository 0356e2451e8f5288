"""Calls to ticketing systems: to configured hosts only, over https, without a proxy or redirects.

httpcore rather than httpx on top of it: it follows no redirect, reads no environment, keeps no cookies and unpacks no
compressed body, so none of that has to be disabled.
"""

import asyncio
import base64
import json
import ssl
from collections.abc import Collection, Mapping
from urllib.parse import quote, urlencode, urlsplit

import httpcore
from pydantic import BaseModel, ValidationError

from shared.adapters.retry_after import retry_after
from shared.adapters.tickets.network import GuardedNetwork
from shared.core.errors import ForbiddenError, RefusedError, RegistrarError, ThrottledError, UnavailableError
from shared.core.text import printable
from shared.tickets.addresses import Destination

_CONNECT_SECONDS, _WHOLE_SECONDS = 10.0, 30.0
MOST_BYTES = 1024 * 1024
"""The longest answer: ten of Jira's longest comments fit."""
_TIMEOUTS = {"connect": _CONNECT_SECONDS, "read": _WHOLE_SECONDS, "write": _WHOLE_SECONDS, "pool": _WHOLE_SECONDS}
_NOT_SENT = (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.PoolTimeout)
_LOST = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, TimeoutError, OSError)


def connections(on_premises: Collection[str]) -> httpcore.AsyncConnectionPool:
    """Build the pool that all systems share. Certificates are checked against the system's authorities."""
    return httpcore.AsyncConnectionPool(
        ssl_context=ssl.create_default_context(),
        max_connections=20,
        keepalive_expiry=5.0,
        network_backend=GuardedNetwork(on_premises),
    )


def basic(user: str, password: str) -> str:
    """Return the header of a user and a password (RFC 7617)."""
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


class TicketHttp:
    """Calls one configured system. `name` is its name in errors."""

    def __init__(
        self, pool: httpcore.AsyncConnectionPool, destination: Destination, name: str, authorization: str = ""
    ) -> None:
        self._pool = pool
        self._destination = destination
        self._name = name
        self._headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "entra-registrar"}
        if authorization:
            self._headers["Authorization"] = authorization

    async def get[M: BaseModel](self, model: type[M], *path: str, **query: str) -> M:
        """Read JSON of this shape. `path` are segments below the configured path."""
        return self._read(model, await self._call("GET", path, query))

    async def send[M: BaseModel](self, method: str, model: type[M], *path: str, body: object, **query: str) -> M:
        """Send JSON, and read JSON of this shape; an empty answer counts as an empty object."""
        content = json.dumps(body, ensure_ascii=False).encode()
        answered = await self._call(method, path, query, content, {"Content-Type": "application/json"})
        return self._read(model, answered.strip() or b"{}")

    async def post_bytes(self, content: bytes, headers: Mapping[str, str]) -> None:
        """Post a body to the configured URL itself; the answer's body is ignored."""
        await self._call("POST", (), {}, content, headers)

    def _read[M: BaseModel](self, model: type[M], body: bytes) -> M:
        try:
            return model.model_validate_json(body)
        except ValidationError:
            # The error's text quotes the answer.
            raise RefusedError(f"{self._name} answered with something else than its interface says") from None

    async def _call(
        self,
        method: str,
        path: Collection[str],
        query: Mapping[str, str],
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        target = self._destination.path + "".join(f"/{quote(segment, safe='')}" for segment in path)
        url = f"{self._destination.origin}{target or '/'}{f'?{urlencode(query, quote_via=quote)}' if query else ''}"
        try:
            async with asyncio.timeout(_WHOLE_SECONDS):
                return await self._exchange(method, url, {**self._headers, **(headers or {})}, content)
        except _LOST as error:
            message = f"{self._name} gave no answer to {method}: {type(error).__name__}"
            raise UnavailableError(message, sent=not isinstance(error, _NOT_SENT)) from error

    async def _exchange(self, method: str, url: str, headers: Mapping[str, str], content: bytes | None) -> bytes:
        extensions = {"timeout": _TIMEOUTS}
        stream = self._pool.stream(method, url, headers=list(headers.items()), content=content, extensions=extensions)
        async with stream as response:
            answered = {name.decode().lower(): value.decode("latin-1") for name, value in response.headers}
            error = _error(f"{self._name} answered {response.status} to {method}", response.status, answered)
            if error is not None:
                raise error
            body = bytearray()
            async for part in response.aiter_stream():
                body += part
                if len(body) > MOST_BYTES:
                    raise RefusedError(f"{self._name} answered {method} with more than {MOST_BYTES} bytes")
            return bytes(body)


def _error(message: str, status: int, headers: Mapping[str, str]) -> RegistrarError | None:
    match status:
        case _ if 200 <= status < 300:
            return None
        case _ if 300 <= status < 400:
            # Only the host: the rest of the address may be text aimed at readers of the log.
            return RefusedError(f"{message}, and leads to {_host(headers.get('location', ''))}: nothing is sent there")
        case 401 | 403:
            return ForbiddenError(message)
        case 429:
            return ThrottledError(message, retry_after(headers.get("retry-after")))
        case 408:
            return UnavailableError(message)
        case _ if status >= 500:
            return UnavailableError(message, retry_after(headers.get("retry-after")))
        case _:
            return RefusedError(message, str(status))


def _host(location: str) -> str:
    try:
        return printable(urlsplit(location).hostname or "the same host")
    except ValueError:
        return "an address that cannot be read"
