"""The double of ServiceNow as an ASGI application."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from devstack.config import StackConfig
from devstack.doubles.middleware import Service, weathered
from devstack.doubles.routing import label_by
from devstack.doubles.ticketing.servicenow import errors
from devstack.doubles.ticketing.servicenow.operations import TableApi
from devstack.doubles.ticketing.servicenow.routes import routes
from devstack.doubles.ticketing.servicenow.store import Tickets
from devstack.doubles.world import World


def create(world: World, config: StackConfig, tickets: Tickets) -> ASGIApp:
    """The double, exposed to the world's weather."""
    served = routes(TableApi(world, config, tickets))
    service = Service(
        "servicenow",
        label_by(served),
        throttled=lambda after: errors.throttled(after, world.clock.time()).answer(),
        unavailable=errors.unavailable,
    )
    app = Starlette(routes=served, exception_handlers={404: _no_resource, 405: _no_resource})
    return weathered(app, service, world)


async def _no_resource(_request: Request, _exception: Exception) -> Response:
    return errors.no_resource().answer()
