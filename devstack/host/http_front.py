"""The HTTP trigger: routes requests to functions, and turns what they return into responses.

Shapes after azure-functions-host, GrpcMessageConversionExtensions (request) and RpcHttp (response).
"""

import base64
import json
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


class HttpFront:
    """All HTTP functions of the app, as one ASGI endpoint. `keys` None: no key is asked for."""

    def __init__(self, prefix: str, invoker: Invoker, keys: Keys | None) -> None:
        self._prefix = prefix.strip("/")
        self._invoker = invoker
        self._keys = keys
        self._routes: list[tuple[Route, Function, HttpTrigger]] = []

    def add(self, function: Function, trigger: HttpTrigger) -> None:
        """Serve one more function. Raises BindingError for a route that is not understood."""
        route = parse_route(f"{self._prefix}/{trigger.route}")
        self._routes.append((route, function, trigger))
        self._routes.sort(key=lambda entry: entry[0].precedence)

    async def answer(self, request: Request) -> Response:
        """Run the function that the request is for: 404 without one, 401 without a key, 500 when it fails."""
        for route, function, trigger in self._routes:
            parameters = route.match(request.url.path)
            # The method is a constraint of the route: a wrong one finds nothing.
            if parameters is None or (trigger.methods and request.method not in trigger.methods):
                continue
            if self._keys and not self._keys.allow(request, trigger.level, function.name):
                return Response(status_code=401)
            return await self._run(function, request, parameters)
        return Response(status_code=404)

    async def _run(self, function: Function, request: Request, parameters: dict[str, str]) -> Response:
        body = await _body(request)
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


async def _body(request: Request) -> bytes:
    """The body, if its length was announced: the platform hands on a chunked one as empty."""
    return await request.body() if request.headers.get("content-length", "0") != "0" else b""


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
