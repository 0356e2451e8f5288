"""The Entra double as an ASGI application, for `login.microsoftonline.com`."""

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp

from devstack.doubles.entra import errors
from devstack.doubles.entra.metadata import Metadata
from devstack.doubles.entra.sign_in import SignIn
from devstack.doubles.entra.user_sign_in import UserSignIn
from devstack.doubles.middleware import Service, weathered
from devstack.doubles.routing import label_by
from devstack.doubles.tokens import Tokens
from devstack.doubles.world import World


def create(world: World, tokens: Tokens) -> ASGIApp:
    """The double, exposed to the world's weather."""
    metadata, people = Metadata(world, tokens), UserSignIn(world, tokens)
    sign_in = SignIn(world, tokens, people)
    routes = [
        Route("/common/discovery/instance", metadata.instance_discovery),
        Route("/{tenant}/v2.0/.well-known/openid-configuration", metadata.openid_configuration),
        Route("/{tenant}/.well-known/openid-configuration", metadata.openid_configuration),
        Route("/{tenant}/discovery/v2.0/keys", metadata.keys),
        Route("/{tenant}/discovery/keys", metadata.keys),
        Route("/{tenant}/oauth2/v2.0/token", sign_in.token, methods=["POST"]),
        Route("/{tenant}/oauth2/token", sign_in.token, methods=["POST"]),
        Route("/{tenant}/oauth2/v2.0/authorize", people.authorize),
        Route("/{tenant}/oauth2/v2.0/devicecode", people.device_code, methods=["POST"]),
        Route("/common/oauth2/deviceauth", people.device_page, methods=["POST"]),
    ]
    service = Service(
        "entra",
        label_by(routes),
        throttled=lambda after: errors.answer(
            errors.too_many_requests(), world.clock.now(), {"Retry-After": str(after)}
        ),
        unavailable=lambda status: errors.answer(errors.directory_unavailable(status), world.clock.now()),
    )
    return weathered(Starlette(routes=routes), service, world)
