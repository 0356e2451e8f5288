"""The receiver of webhooks as an ASGI application."""

from starlette.applications import Starlette
from starlette.types import ASGIApp

from devstack.config import StackConfig
from devstack.doubles.middleware import Service, weathered
from devstack.doubles.routing import label_by
from devstack.doubles.ticketing.webhooks import errors
from devstack.doubles.ticketing.webhooks.operations import Receiver
from devstack.doubles.ticketing.webhooks.routes import routes
from devstack.doubles.world import World


def create(world: World, config: StackConfig) -> ASGIApp:
    """The receiver, exposed to the world's weather."""
    served = routes(Receiver(world, config.ticketing.hook))
    service = Service("webhooks", label_by(served), throttled=errors.throttled, unavailable=errors.unavailable)
    return weathered(Starlette(routes=served), service, world)
