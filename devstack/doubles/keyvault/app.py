"""The Key Vault double as an ASGI application, for every `<vault>.vault.azure.net`."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from devstack.doubles.keyvault import errors
from devstack.doubles.keyvault.admission import Admission
from devstack.doubles.keyvault.routes import routes
from devstack.doubles.middleware import Service, weathered
from devstack.doubles.routing import label_by
from devstack.doubles.tokens import Tokens
from devstack.doubles.world import World


def create(world: World, tokens: Tokens) -> ASGIApp:
    """The double, exposed to the world's weather. The host name's first label names the vault."""
    served = routes(Admission(world, tokens))
    service = Service(
        "keyvault",
        label_by(served),
        throttled=lambda after: errors.throttled(after).answer(),
        unavailable=lambda status: errors.unavailable(status).answer(),
    )
    app = Starlette(routes=served, exception_handlers={404: _no_route, 405: _no_route})
    return weathered(app, service, world)


def _no_route(request: Request, exception: Exception) -> Response:
    return errors.bad_parameter(f"The request URI {request.url.path} or its method is not supported.").answer()
