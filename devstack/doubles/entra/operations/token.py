"""The token endpoint: an application signs in with its own credentials (OAuth 2.0 client credentials grant).

The grants of people are redeemed here, too, at the v2.0 endpoint (`user_sign_in`).
"""

import base64
import binascii
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse

from devstack.doubles.entra import errors
from devstack.doubles.entra.operations.user_sign_in import CODE_GRANT, DEVICE_GRANT, UserSignIn, needed
from devstack.doubles.entra.presentation import v1_answer, v2_answer
from devstack.doubles.entra.rules.assertions import check_assertion
from devstack.doubles.entra.rules.clients import check_secret, find_client
from devstack.doubles.entra.rules.resources import find_resource, resource_of_scope, roles_on
from devstack.doubles.entra.rules.scripted import refuse_after_the_credential, refuse_before_the_credential
from devstack.doubles.entra.rules.tenants import check_tenant
from devstack.doubles.tokens import AccessToken, Tokens, issuer
from devstack.doubles.world import World

_JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class SignIn:
    """Token endpoints v1.0 (`resource=`) and v2.0 (`scope=`) of one world's tenant."""

    def __init__(self, world: World, tokens: Tokens, people: UserSignIn) -> None:
        self._world = world
        self._tokens = tokens
        self._people = people

    async def token(self, request: Request) -> JSONResponse:
        """Answer one token request."""
        async with request.form() as form:
            given = {name: value for name, value in form.items() if isinstance(value, str)}
        try:
            body = self._grant(request, _with_basic_credentials(request, given))
        except errors.SignInRefusedError as refused:
            return errors.answer(refused, self._world.clock.now())
        return JSONResponse(body, headers=errors.NO_STORE)

    def _grant(self, request: Request, given: dict[str, str]) -> dict[str, Any]:
        grant = needed(given, "grant_type")
        is_v2 = "/v2.0/" in request.url.path
        if grant in (CODE_GRANT, DEVICE_GRANT) and is_v2:
            check_tenant(self._world, request.path_params["tenant"])
            return self._people.redeem(given)
        if grant != "client_credentials":
            raise errors.unsupported_grant(grant)
        client_id = needed(given, "client_id")
        check_tenant(self._world, request.path_params["tenant"])
        refuse_before_the_credential(request)
        client = find_client(self._world, client_id)
        if assertion := given.get("client_assertion"):
            if needed(given, "client_assertion_type") != _JWT_BEARER:
                raise errors.malformed_assertion()
            check_assertion(client, assertion, self._own_names(request), self._world, self._tokens)
        elif secret := given.get("client_secret"):
            check_secret(client, secret, self._world.clock.now())
        else:
            raise errors.no_credential()
        refuse_after_the_credential(request)
        if is_v2:
            return v2_answer(self._issue(client.principal, resource_of_scope(needed(given, "scope"))))
        name = needed(given, "resource")
        return v1_answer(self._issue(client.principal, name), name)

    def _issue(self, principal: dict[str, Any], resource_name: str) -> AccessToken:
        resource = find_resource(self._world, resource_name)
        return self._tokens.mint(
            audience=resource.audience,
            app_id=principal["appId"],
            object_id=principal["id"],
            roles=roles_on(self._world, principal, resource.principal),
            version=resource.version,
        )

    def _own_names(self, request: Request) -> set[str]:
        """The audiences under which a client may address its assertion to this endpoint."""
        tenant, hosts = self._world.tenant, {"login.microsoftonline.com", request.headers["host"]}
        names = {issuer(tenant.id), issuer(tenant.id, "2.0")}
        for host in hosts:
            for name in (tenant.id, tenant.domain):
                names |= {f"https://{host}/{name}/oauth2/v2.0/token", f"https://{host}/{name}/oauth2/token"}
        return names


def _with_basic_credentials(request: Request, given: dict[str, str]) -> dict[str, str]:
    """Client id and secret may also come in the Authorization header (client_secret_basic, RFC 6749 2.3.1)."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.casefold() != "basic":
        return given
    try:
        client_id, _, secret = base64.b64decode(encoded).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return given
    return {"client_id": unquote(client_id), "client_secret": unquote(secret)} | given
