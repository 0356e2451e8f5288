"""The managed-identity endpoint as an ASGI application, on plain HTTP as in Azure."""

from starlette.applications import Starlette
from starlette.types import ASGIApp

from devstack.doubles.identity.errors import refusal
from devstack.doubles.identity.operations import Endpoint
from devstack.doubles.identity.routes import routes
from devstack.doubles.middleware import Service, weathered
from devstack.doubles.routing import label_by
from devstack.doubles.tokens import Tokens
from devstack.doubles.world import World


def create(world: World, tokens: Tokens, header: str) -> ASGIApp:
    """The double, exposed to the world's weather; callers must know `header`, the value of IDENTITY_HEADER."""
    served = routes(Endpoint(world, tokens, header))
    service = Service(
        "identity",
        label_by(served),
        throttled=lambda after: refusal(429, "Too many requests.", {"Retry-After": str(after)}),
        unavailable=lambda status: refusal(status, "The managed identity service is unavailable."),
    )
    return weathered(Starlette(routes=served), service, world)
