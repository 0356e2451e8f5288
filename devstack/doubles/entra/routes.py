"""The calls that the double of Entra serves; `{tenant}` is an id, a domain, or a word for any tenant."""

from starlette.routing import Route

from devstack.doubles.entra.operations.metadata import Metadata
from devstack.doubles.entra.operations.token import SignIn
from devstack.doubles.entra.operations.user_sign_in import UserSignIn


def routes(metadata: Metadata, sign_in: SignIn, people: UserSignIn) -> list[Route]:
    """All routes."""
    return [
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
