"""The Entra double as an ASGI application, for `login.microsoftonline.com`."""

from starlette.applications import Starlette
from starlette.types import ASGIApp

from devstack.doubles.entra import errors
from devstack.doubles.entra.operations.metadata import Metadata
from devstack.doubles.entra.operations.token import SignIn
from devstack.doubles.entra.operations.user_sign_in import UserSignIn
from devstack.doubles.entra.routes import routes
from devstack.doubles.middleware import Service, weathered
from devstack.doubles.routing import label_by
from devstack.doubles.tokens import Tokens
from devstack.doubles.world import World


def create(world: World, tokens: Tokens) -> ASGIApp:
    """The double, exposed to the world's weather."""
    metadata, people = Metadata(world, tokens), UserSignIn(world, tokens)
    served = routes(metadata, SignIn(world, tokens, people), people)
    service = Service(
        "entra",
        label_by(served),
        throttled=lambda after: errors.answer(
            errors.too_many_requests(), world.clock.now(), {"Retry-After": str(after)}
        ),
        unavailable=lambda status: errors.answer(errors.directory_unavailable(status), world.clock.now()),
    )
    return weathered(Starlette(routes=served), service, world)
