"""The double of Jira Cloud as an ASGI application."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from devstack.config import StackConfig
from devstack.doubles.middleware import Service, weathered
from devstack.doubles.routing import label_by
from devstack.doubles.ticketing.jira import errors
from devstack.doubles.ticketing.jira.operations import Api
from devstack.doubles.ticketing.jira.routes import routes
from devstack.doubles.ticketing.jira.store import Issues
from devstack.doubles.world import World


def create(world: World, config: StackConfig, issues: Issues) -> ASGIApp:
    """The double, exposed to the world's weather."""
    served = routes(Api(world, config, issues))
    service = Service("jira", label_by(served), throttled=errors.throttled, unavailable=errors.unavailable)
    app = Starlette(routes=served, exception_handlers={404: _no_resource, 405: _no_method})
    return weathered(app, service, world)


async def _no_resource(_request: Request, _exception: Exception) -> Response:
    return errors.no_resource().answer()


async def _no_method(_request: Request, _exception: Exception) -> Response:
    return errors.no_method().answer()
