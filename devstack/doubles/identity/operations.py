"""A token for a managed identity that the call names."""

import hmac

from starlette.requests import Request
from starlette.responses import JSONResponse

from devstack.doubles.documents import Document
from devstack.doubles.entra.errors import SignInRefusedError
from devstack.doubles.entra.rules.resources import find_resource, roles_on
from devstack.doubles.identity.errors import refusal
from devstack.doubles.tokens import Tokens
from devstack.doubles.world import World

_API_VERSION = "2019-08-01"
_LIFETIME_SECONDS = 24 * 3600
"""Managed identities get tokens that live a day."""


class Endpoint:
    """The endpoint of one world's function app.

    Callers must know `header`, the value of IDENTITY_HEADER. Every service principal of type `ManagedIdentity` counts
    as assigned to the app.
    """

    def __init__(self, world: World, tokens: Tokens, header: str) -> None:
        self._world = world
        self._tokens = tokens
        self._header = header

    async def token(self, request: Request) -> JSONResponse:
        """A token for the query's `resource`, as the identity that the query names."""
        given = request.headers.get("x-identity-header", "")
        if not hmac.compare_digest(given.encode(), self._header.encode()):
            return refusal(401, "The X-IDENTITY-HEADER header is missing or wrong.")
        if request.query_params.get("api-version") != _API_VERSION:
            return refusal(400, f"The api-version must be {_API_VERSION}.")
        if not (name := request.query_params.get("resource")):
            return refusal(400, "The query parameter 'resource' is missing.")
        identity = self._identity(request)
        if identity is None:
            return refusal(
                400,
                "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.",
            )
        try:
            return JSONResponse(self._issue(identity, name))
        except SignInRefusedError as refused:
            return refusal(400, str(refused))

    def _identity(self, request: Request) -> Document | None:
        """The identity the query names by client id, object id or Azure resource id; else the app's own."""
        query = request.query_params
        for identity in self._world.primary().all("servicePrincipals"):
            if identity.get("servicePrincipalType") != "ManagedIdentity":
                continue
            names: list[str] = identity.get("alternativeNames", [])
            resource_ids = {name.casefold() for name in names}
            if client_id := query.get("client_id"):
                found = identity["appId"] == client_id
            elif object_id := query.get("object_id") or query.get("principal_id"):
                found = identity["id"] == object_id
            elif resource_id := query.get("mi_res_id") or query.get("msi_res_id"):
                found = resource_id.casefold() in resource_ids
            else:
                found = "isexplicit=false" in resource_ids
            if found:
                return identity
        return None

    def _issue(self, identity: Document, name: str) -> dict[str, str]:
        resource = find_resource(self._world, name)
        token = self._tokens.mint(
            audience=resource.audience,
            app_id=identity["appId"],
            object_id=identity["id"],
            roles=roles_on(self._world, identity, resource.principal),
            version=resource.version,
            lifetime=_LIFETIME_SECONDS,
        )
        return {
            "access_token": token.text,
            "expires_on": str(token.expires_on),
            "resource": name,
            "token_type": "Bearer",
            "client_id": identity["appId"],
        }
