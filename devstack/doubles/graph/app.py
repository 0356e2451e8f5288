"""The ASGI application: authentication, routing, permissions, quotas, and the headers around what the nouns say."""

import json
from urllib.parse import parse_qsl, quote

from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from devstack.doubles.graph.errors import (
    CONCURRENCY_STATUSES,
    GraphError,
    concurrency_violation,
    malformed,
    throttled,
    unauthenticated,
    unavailable,
    unreadable_payload,
)
from devstack.doubles.graph.exchange import Answer, Request
from devstack.doubles.graph.odata.options import system_options
from devstack.doubles.graph.odata.path import parse_path
from devstack.doubles.graph.operations.batch import StepSender, run_batch
from devstack.doubles.graph.responses import Replies
from devstack.doubles.graph.routes import ROUTES
from devstack.doubles.graph.routing import Route, Router
from devstack.doubles.graph.rules.access import check_permission
from devstack.doubles.graph.rules.applications import PERSONAL_AUDIENCES
from devstack.doubles.graph.rules.payload import fields_of
from devstack.doubles.graph.rules.quotas import KEY_READS, PERSONAL_APPLICATION_WRITES, Throttle, resource_units
from devstack.doubles.graph.store import Directory
from devstack.doubles.middleware import Service, weathered
from devstack.doubles.tokens import Caller, RefusalReason, TokenRefusedError, Tokens
from devstack.doubles.world import World

AUDIENCES = (
    "https://graph.microsoft.com",
    "https://graph.microsoft.com/",
    "00000003-0000-0000-c000-000000000000",
)
_VERSION = "v1.0"
_BATCH_PATH = f"/{_VERSION}/$batch"
_ROUTER = Router(ROUTES)
_REFUSALS = {
    RefusalReason.MISSING: "Access token is empty.",
    RefusalReason.MALFORMED: "CompactToken parsing failed with error code: 80049217",
    RefusalReason.BAD_SIGNATURE: "Access token validation failure. Invalid signature.",
    RefusalReason.EXPIRED: "Lifetime validation failed, the token is expired.",
    RefusalReason.NOT_YET_VALID: "Lifetime validation failed, the token is not yet valid.",
    RefusalReason.WRONG_AUDIENCE: "Access token validation failure. Invalid audience.",
    RefusalReason.WRONG_ISSUER: "Access token validation failure. Invalid issuer.",
}


def create(world: World, tokens: Tokens) -> ASGIApp:
    """The double as an ASGI application, exposed to the world's weather. Serve it as graph.microsoft.com."""
    graph = _Graph(world, tokens)
    exposed = weathered(graph, _service(world), world)
    graph.entrance = exposed
    return exposed


def label(scope: Scope) -> str:
    """What a call is counted under, as `POST /applications(appId)/addPassword`."""
    method, path = scope["method"], scope["path"]
    return f"{method} /$batch" if _is_batch(path) else _ROUTER.label(method, path)


def _service(world: World) -> Service:
    def failure(error: GraphError) -> Response:
        return Replies({}, world.clock.now()).failure(error)

    scope = f"Tenant/ReadWrite/{world.tenant.id}"
    return Service(
        name="graph",
        label=label,
        throttled=lambda after: failure(throttled(after, scope, "CPULimitExceeded")),
        unavailable=lambda status: failure(unavailable(status)),
        conflicting=lambda: failure(concurrency_violation(world.dice.choice(CONCURRENCY_STATUSES))),
    )


class _Graph:
    """One Graph endpoint. `entrance` is where the calls of a batch come in: the same weather as for all others."""

    entrance: ASGIApp

    def __init__(self, world: World, tokens: Tokens) -> None:
        self._world = world
        self._tokens = tokens
        self._throttle = Throttle(world.clock.time)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        http = HttpRequest(scope, receive)
        replies = Replies(http.headers, self._world.clock.now())
        try:
            response = await self._respond(http, replies)
        except GraphError as error:
            response = replies.failure(error)
        await response(scope, receive, send)

    async def _respond(self, http: HttpRequest, replies: Replies) -> Response:
        caller = self._authenticate(http.headers.get("authorization"))
        body = _parse_body(http.headers.get("content-type"), await http.body())
        if _is_batch(http.url.path):
            answers = await run_batch(body, StepSender(self.entrance, http.scope))
            return replies.success(Answer(200, answers))
        path = _path_after_version(http)
        route, keys = _ROUTER.find(http.method, parse_path(path))
        options = dict(parse_qsl(http.url.query, keep_blank_values=True))
        request = Request(http.method, path, keys, options, http.headers, body, caller)
        units = resource_units(http.method, route.cost, options)
        replies.headers["x-ms-resource-unit"] = str(units)
        check_permission(caller, route.needs)
        if self._world.weather.quotas:
            replies.headers |= self._throttle.spend(
                caller.app_id, caller.tenant_id, units, is_write=http.method != "GET" and not route.only_reads
            )
            self._spend_special(route, request)
        return replies.success(route.handler(Directory(self._world, caller), request))

    def _authenticate(self, authorization: str | None) -> Caller:
        try:
            return self._tokens.verify(authorization, AUDIENCES)
        except TokenRefusedError as refused:
            raise unauthenticated(_REFUSALS[refused.reason]) from refused

    def _spend_special(self, route: Route, request: Request) -> None:
        """The tenant's own quotas on reading certificates and on writing apps for personal accounts."""
        tenant = request.caller.tenant_id
        is_read = request.method == "GET"
        selected = system_options(request.options).get("select", "") if is_read else ""
        if "keyCredentials" in selected and route.pattern in _KEY_READS:
            self._throttle.spend_special(KEY_READS, tenant, "ResourceUnitLimitExceeded")
        audience = fields_of(request.body).get("signInAudience")
        if audience in PERSONAL_AUDIENCES and route.pattern.startswith("applications"):
            self._throttle.spend_special(PERSONAL_APPLICATION_WRITES, tenant, "WriteLimitExceeded")


_KEY_READS = ("applications", "applications/{}", "servicePrincipals", "servicePrincipals/{}")


def _is_batch(path: str) -> bool:
    return path.casefold() == _BATCH_PATH


def _path_after_version(http: HttpRequest) -> str:
    """The path as it was sent, still percent-encoded. Raises GraphError 400 for another version than v1.0."""
    raw: bytes = http.scope.get("raw_path") or quote(http.url.path).encode()
    version, _, path = raw.decode("ascii", "replace").partition("?")[0].strip("/").partition("/")
    if version.casefold() != _VERSION:
        raise GraphError(404, "UnknownError", "")
    return path


def _parse_body(content_type: str | None, content: bytes) -> object:
    if not content:
        return None
    if content_type is None:
        raise malformed("Write requests (excluding DELETE) must contain the Content-Type header declaration.")
    if "json" not in content_type.casefold():
        raise unreadable_payload()
    try:
        return json.loads(content)
    except ValueError as error:
        raise unreadable_payload() from error
