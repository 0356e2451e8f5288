"""The HTTP trigger: routes requests to functions, and turns what they return into responses.

Shapes after azure-functions-host, GrpcMessageConversionExtensions (request) and RpcHttp (response); the bound of a
request's body after its HttpRequestBodySizeMiddleware.
"""

import base64
import json
import logging
from datetime import UTC, datetime
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import Response

from devstack.host import wire
from devstack.host.functions import Function, HttpTrigger
from devstack.host.invoker import Invoker, Occasion
from devstack.host.keys import Keys
from devstack.host.routes import Route, parse_route
from devstack.host.wire import TypedData, payload

_log = logging.getLogger("Host.Results")
_DEFAULT_BODY_LIMIT = 104_857_600
"""Bytes, where FUNCTIONS_REQUEST_BODY_SIZE_LIMIT does not say (azure-functions-host, ScriptConstants)."""


def body_limit(setting: str | None) -> int:
    """Return how many bytes a request's body may have; what is no number is ignored, as on Azure."""
    return int(setting) if setting is not None and setting.isascii() and setting.isdigit() else _DEFAULT_BODY_LIMIT


class HttpFront:
    """All HTTP functions of the app, as one ASGI endpoint. `keys` None: no key is asked for. `limit` is of bodies."""

    def __init__(self, prefix: str, invoker: Invoker, keys: Keys | None, limit: int = _DEFAULT_BODY_LIMIT) -> None:
        self._prefix = prefix.strip("/")
        self._invoker = invoker
        self._keys = keys
        self._limit = limit
        self._routes: list[tuple[Route, Function, HttpTrigger]] = []

    def add(self, function: Function, trigger: HttpTrigger) -> None:
        """Serve one more function. Raises BindingError for a route that is not understood."""
        route = parse_route(f"{self._prefix}/{trigger.route}")
        self._routes.append((route, function, trigger))
        self._routes.sort(key=lambda entry: entry[0].precedence)

    async def answer(self, request: Request) -> Response:
        """Run the function that the request is for: 404 without one, 401 without a key, 500 when it fails."""
        path: str = request.scope["path"]  # request.url loses line breaks
        for route, function, trigger in self._routes:
            parameters = route.match(path)
            # The method is a constraint of the route: a wrong one finds nothing.
            if parameters is None or (trigger.methods and request.method not in trigger.methods):
                continue
            if self._keys and not self._keys.allow(request, trigger.level, function.name):
                return Response(status_code=401)
            return await self._run(function, request, parameters)
        return Response(status_code=404)

    async def _run(self, function: Function, request: Request, parameters: dict[str, str]) -> Response:
        try:
            body = await _body(request, self._limit)
        except _BodyTooLargeError:
            # The platform finds it while it binds the function's parameter, and answers as for any failure: not 413
            # (azure-functions-host, issue 10519). What is still to come is not read: the connection ends.
            _log.error("Exception binding a parameter of '%s': Request body too large.", function.name)
            return Response(status_code=500, headers={"Connection": "close"})
        query = {
            name: ",".join(values) for name in request.query_params if any(values := request.query_params.getlist(name))
        }
        headers = {name: ",".join(request.headers.getlist(name)) for name in request.headers}
        value = {
            "method": request.method,
            "url": str(request.url),
            "headers": headers,
            "params": parameters,
            "query": query,
            "body": wire.binary(body),
        }
        outcome = await self._invoker.run(
            function,
            Occasion(
                reason="This function was programmatically called via the host APIs.",
                value={"http": value},
                data={**_members(body), **query, **parameters},
                trace=headers.get("traceparent"),
            ),
        )
        return to_response(outcome.value) if outcome.ok else Response(status_code=500)


class _BodyTooLargeError(Exception):
    """The body is, or is announced to be, larger than it may be."""


async def _body(request: Request, limit: int) -> bytes:
    """Read the body, if its length was announced: the platform hands on a chunked one as empty.

    Raises _BodyTooLargeError before anything is read that is announced to be too large.
    """
    announced = request.headers.get("content-length", "0")
    if announced == "0":
        return b""
    if int(announced) > limit:
        raise _BodyTooLargeError
    return await request.body()


def _members(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    return cast("dict[str, Any]", document) if isinstance(document, dict) else {}


def to_response(value: TypedData | None) -> Response:
    """A returned text is a 200, nothing a 204, an HttpResponse what it says."""
    if value is None:
        return Response(status_code=204)
    if "http" not in value:
        return Response(payload(value), media_type="text/plain")
    http = value["http"]
    response = Response(base64.b64decode(http["body"]["bytes"]), http["status"], http["headers"])
    for cookie in http["cookies"]:
        expires = cookie["expires"]
        response.set_cookie(
            cookie["name"],
            cookie["value"],
            max_age=cookie["maxAge"],
            expires=None if expires is None else datetime.fromtimestamp(expires, UTC),
            path=cookie["path"],
            domain=cookie["domain"],
            secure=cookie["secure"],
            httponly=cookie["httpOnly"],
            samesite=cookie["sameSite"],
        )
    return response
