"""What a client learns about the authority before it signs in: endpoints, keys, the cloud's host names."""

from starlette.requests import Request
from starlette.responses import JSONResponse

from devstack.doubles.entra import errors
from devstack.doubles.entra.presentation import configuration
from devstack.doubles.entra.rules.tenants import known_tenant
from devstack.doubles.tokens import Tokens
from devstack.doubles.world import World

_CACHED = {"Cache-Control": "max-age=86400, private"}


class Metadata:
    """The metadata endpoints of one world's tenant."""

    def __init__(self, world: World, tokens: Tokens) -> None:
        self._world = world
        self._tokens = tokens

    async def openid_configuration(self, request: Request) -> JSONResponse:
        """Both versions of the discovery document, as the path asks."""
        name = request.path_params["tenant"]
        tenant = known_tenant(self._world, name)
        if tenant is None:
            refused = errors.unknown_tenant(name, error="invalid_tenant")
            return errors.answer(refused, self._world.clock.now())
        version = "2.0" if "/v2.0/" in request.url.path else "1.0"
        base = f"https://{request.headers['host']}"
        return JSONResponse(configuration(base, tenant, version), headers=_CACHED)

    async def keys(self, request: Request) -> JSONResponse:
        """The tenant's signing keys; they are the same under every tenant's name."""
        return JSONResponse(self._tokens.key_set(), headers=_CACHED)

    async def instance_discovery(self, request: Request) -> JSONResponse:
        """The cloud's host names, as MSAL asks for them."""
        base = f"https://{request.headers['host']}"
        body = {
            "tenant_discovery_endpoint": f"{base}/{self._world.tenant.id}/v2.0/.well-known/openid-configuration",
            "api-version": "1.1",
            "metadata": [
                {
                    "preferred_network": "login.microsoftonline.com",
                    "preferred_cache": "login.windows.net",
                    "aliases": [
                        "login.microsoftonline.com",
                        "login.windows.net",
                        "login.microsoft.com",
                        "sts.windows.net",
                    ],
                }
            ],
        }
        return JSONResponse(body, headers=_CACHED)
