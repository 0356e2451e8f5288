"""The one call that the managed-identity endpoint serves."""

from starlette.routing import Route

from devstack.doubles.identity.operations import Endpoint


def routes(endpoint: Endpoint) -> list[Route]:
    """All routes."""
    return [Route("/msi/token", endpoint.token)]
