"""What clients are told: the claims of tokens, the token endpoints' answers, the discovery document.

Claims: Microsoft Learn, access-token-claims-reference, id-token-claims-reference, optional-claims-reference.
"""

import hashlib
from typing import Any

from devstack.doubles.documents import Document
from devstack.doubles.entra import user_errors
from devstack.doubles.entra.rules.people import ScopeRequest, UserClient, includes_idtyp_for_users
from devstack.doubles.entra.rules.resources import assigned_roles
from devstack.doubles.entra.rules.tenants import ANY_TENANT
from devstack.doubles.tokens import LIFETIME_SECONDS, AccessToken, issuer
from devstack.doubles.world import World


def access_claims(world: World, client: UserClient, user: Document, asked: ScopeRequest) -> dict[str, Any]:
    """What an access token says of a user.

    Raises SignInRefusedError for a user who is not assigned to the resource.
    """
    principal = asked.resource.principal
    roles = assigned_roles(world, user, principal)
    if roles is None:
        raise user_errors.user_not_assigned(user, principal)
    is_v2 = asked.resource.version == "2.0"
    claims: dict[str, Any] = {
        "aud": asked.resource.audience,
        "azp" if is_v2 else "appid": client.app_id,
        "azpacr" if is_v2 else "appidacr": "0" if client.is_public else "1",
        "name": user["displayName"],
        "oid": user["id"],
        "scp": " ".join(asked.scopes),
        "sub": pairwise(user, principal["appId"]),
        **({"preferred_username": user["userPrincipalName"]} if is_v2 else _v1_names(user)),
    }
    if roles:
        claims["roles"] = roles
    if includes_idtyp_for_users(world, principal):
        claims["idtyp"] = "user"
    return claims


def id_claims(world: World, client: UserClient, user: Document, nonce: str | None) -> dict[str, Any]:
    """What an ID token tells a client of its user; `roles` are those on the client itself."""
    claims: dict[str, Any] = {
        "aud": client.app_id,
        "name": user["displayName"],
        "oid": user["id"],
        "preferred_username": user["userPrincipalName"],
        "sub": pairwise(user, client.app_id),
    }
    for principal in world.primary().find("servicePrincipals", "appId", client.app_id):
        if roles := assigned_roles(world, user, principal):
            claims["roles"] = roles
    if nonce is not None:
        claims["nonce"] = nonce
    return claims


def pairwise(user: Document, app_id: str) -> str:
    """The `sub` of a user at one application: no other application sees the same."""
    return hashlib.sha256(f"{user['id']}/{app_id}".encode()).hexdigest()[:43]


def v2_answer(token: AccessToken) -> dict[str, Any]:
    """The answer of the v2.0 endpoint to an application."""
    return {
        "token_type": "Bearer",
        "expires_in": LIFETIME_SECONDS,
        "ext_expires_in": LIFETIME_SECONDS,
        "access_token": token.text,
    }


def v1_answer(token: AccessToken, resource_name: str) -> dict[str, str]:
    """The v1.0 endpoint gives numbers as text, and names the resource."""
    return {
        "token_type": "Bearer",
        "expires_in": str(LIFETIME_SECONDS),
        "ext_expires_in": str(LIFETIME_SECONDS),
        "expires_on": str(token.expires_on),
        "not_before": str(token.not_before),
        "resource": resource_name,
        "access_token": token.text,
    }


def configuration(base: str, tenant: str, version: str) -> dict[str, Any]:
    """The discovery document of a tenant; `version` is 1.0 or 2.0."""
    root = f"{base}/{tenant}"
    suffix = "/v2.0" if version == "2.0" else ""
    shown = "{tenantid}" if tenant in ANY_TENANT else tenant
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
        "tenant_region_scope": None if tenant in ANY_TENANT else "EU",
        "cloud_instance_name": "microsoftonline.com",
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": "graph.microsoft.com",
        "rbac_url": "https://pas.windows.net",
    }


def _v1_names(user: Document) -> dict[str, str]:
    return {"upn": user["userPrincipalName"], "unique_name": user["userPrincipalName"]}
