"""Graph's answers to bad weather: throttled, unavailable, writes that collide."""

from collections.abc import Callable
from functools import partial

from starlette.responses import Response
from starlette.types import Scope

from devstack.doubles.graph.errors import GraphError, concurrency_violation, throttled
from devstack.doubles.graph.responses import Replies
from devstack.doubles.middleware import Service
from devstack.doubles.world import World

_UNAVAILABLE = {
    500: ("Service_InternalServerError", "Encountered an internal server error."),
    502: ("BadGateway", "The gateway received an invalid response."),
    503: ("ServiceUnavailable", "The service is temporarily unavailable. Please try again later."),
    504: ("GatewayTimeout", "The gateway timed out waiting for the service."),
}
_CONFLICT_STATUSES = (409, 409, 409, 503, 400)
"""409 is today's; the other two are in older reports."""


def graph_service(world: World, label: Callable[[Scope], str]) -> Service:
    """Graph as the middleware sees it."""
    return Service(
        name="graph",
        label=label,
        throttled=partial(_throttled, world),
        unavailable=partial(_unavailable, world),
        conflicting=partial(_conflicting, world),
    )


def _throttled(world: World, retry_after: int) -> Response:
    scope = f"Tenant/ReadWrite/{world.tenant.id}"
    return _failure(world, throttled(retry_after, scope, "CPULimitExceeded"))


def _unavailable(world: World, status: int) -> Response:
    code, message = _UNAVAILABLE.get(status, _UNAVAILABLE[503])
    return _failure(world, GraphError(status, code, message))


def _conflicting(world: World) -> Response:
    return _failure(world, concurrency_violation(world.dice.choice(_CONFLICT_STATUSES)))


def _failure(world: World, error: GraphError) -> Response:
    return Replies({}, world.clock.now()).failure(error)
