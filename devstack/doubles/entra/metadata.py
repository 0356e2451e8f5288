"""What a client learns about the authority before it signs in: endpoints, keys, the cloud's host names."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from devstack.doubles.entra import errors
from devstack.doubles.tokens import Tokens, issuer
from devstack.doubles.world import World

_ANY_TENANT = ("common", "organizations")
_CACHED = {"Cache-Control": "max-age=86400, private"}


def known_tenant(world: World, name: str) -> str | None:
    """The tenant id behind a path's first segment: an id, a domain, or the word for any tenant."""
    lowered = name.casefold()
    if lowered in (world.tenant.id.casefold(), world.tenant.domain.casefold()):
        return world.tenant.id
    return lowered if lowered in _ANY_TENANT else None


def check_tenant(world: World, name: str) -> None:
    """Raises SignInRefusedError unless the path names the one tenant."""
    tenant = known_tenant(world, name)
    if tenant is None:
        raise errors.unknown_tenant(name)
    if tenant != world.tenant.id:
        raise errors.no_tenant()


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
        return JSONResponse(_configuration(base, tenant, version), headers=_CACHED)

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


def _configuration(base: str, tenant: str, version: str) -> dict[str, Any]:
    root = f"{base}/{tenant}"
    suffix = "/v2.0" if version == "2.0" else ""
    shown = "{tenantid}" if tenant in _ANY_TENANT else tenant
    return {
        "token_endpoint": f"{root}/oauth2{suffix}/token",
        "token_endpoint_auth_methods_supported": [
            "client_secret_post",
            "private_key_jwt",
            "client_secret_basic",
        ],
        "jwks_uri": f"{root}/discovery{suffix}/keys",
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": issuer(shown, "2.0" if version == "2.0" else "1.0"),
        "request_uri_parameter_supported": False,
        "userinfo_endpoint": "https://graph.microsoft.com/oidc/userinfo",
        "authorization_endpoint": f"{root}/oauth2{suffix}/authorize",
        "device_authorization_endpoint": f"{root}/oauth2{suffix}/devicecode",
        "http_logout_supported": True,
        "frontchannel_logout_supported": True,
        "end_session_endpoint": f"{root}/oauth2{suffix}/logout",
        "claims_supported": [
            *("sub", "iss", "cloud_instance_name", "cloud_instance_host_name", "cloud_graph_host_name"),
            *("msgraph_host", "aud", "exp", "iat", "auth_time", "acr", "nonce", "preferred_username", "name"),
            *("tid", "ver", "at_hash", "c_hash", "email"),
        ],
        "kerberos_endpoint": f"{root}/kerberos",
        "tenant_region_scope": None if tenant in _ANY_TENANT else "EU",
        "cloud_instance_name": "microsoftonline.com",
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": "graph.microsoft.com",
        "rbac_url": "https://pas.windows.net",
    }
