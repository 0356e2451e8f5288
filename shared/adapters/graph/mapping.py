"""Maps between Graph's JSON and the domain's values, both ways. Pure."""

import base64
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any, cast

from shared.adapters.graph.models import (
    ApiAnswer,
    ApplicationAnswer,
    ImplicitGrantAnswer,
    KeyCredentialAnswer,
    PasswordCredentialAnswer,
    RedirectUrisAnswer,
    RequiredResourceAccessAnswer,
    ResourceAccessAnswer,
    ScopeAnswer,
    ServicePrincipalAnswer,
    WebAnswer,
)
from shared.model.directory import (
    Api,
    ApiPermission,
    ApplicationState,
    KeyCredential,
    PasswordCredential,
    PermissionType,
    PublicCertificate,
    RequiredPermission,
    SeenApplication,
    SeenCredentials,
    SeenPrincipal,
)

APPLICATION_FIELDS = [
    "id",
    "appId",
    "createdDateTime",
    "displayName",
    "signInAudience",
    "tags",
    "isFallbackPublicClient",
    "publicClient",
    "web",
    "spa",
    "requiredResourceAccess",
    "api",
    "passwordCredentials",
    "keyCredentials",
]
PRINCIPAL_FIELDS = ["id", "accountEnabled"]
CREDENTIAL_FIELDS = ["appId", "uniqueName", "tags", "passwordCredentials", "keyCredentials"]
API_FIELDS = [
    "id",
    "appId",
    "displayName",
    "appOwnerOrganizationId",
    "accountEnabled",
    "oauth2PermissionScopes",
    "appRoles",
]


def application_body(state: ApplicationState) -> dict[str, Any]:
    """Return a state as Graph's application; collections are sorted, so that equal states give equal bodies."""
    access: dict[str, list[dict[str, str]]] = defaultdict(list)
    for permission in sorted(state.required_permissions, key=lambda p: (p.resource_app_id, p.type, p.id)):
        access[permission.resource_app_id].append({"id": permission.id, "type": permission.type})
    # Only where the audience requires it: other values are others' choice, and a PATCH of `api` leaves the rest of it.
    version = state.requested_access_token_version if state.has_personal_accounts else None
    return {
        "displayName": state.display_name,
        "signInAudience": state.sign_in_audience,
        **({"api": {"requestedAccessTokenVersion": version}} if version is not None else {}),
        "tags": sorted(state.tags),
        "isFallbackPublicClient": state.is_fallback_public_client,
        "publicClient": {"redirectUris": sorted(state.public_client_redirect_uris)},
        "web": {
            "redirectUris": sorted(state.web_redirect_uris),
            "implicitGrantSettings": {
                "enableIdTokenIssuance": state.enable_id_token_issuance,
                "enableAccessTokenIssuance": state.enable_access_token_issuance,
            },
        },
        "spa": {"redirectUris": sorted(state.spa_redirect_uris)},
        "requiredResourceAccess": [
            {"resourceAppId": resource, "resourceAccess": entries} for resource, entries in access.items()
        ],
    }


def application_from(answer: ApplicationAnswer) -> SeenApplication:
    """Read Graph's application. Raises ValueError when a required field is missing."""
    web = answer.object("web", WebAnswer)
    implicit = web.object("implicitGrantSettings", ImplicitGrantAnswer)
    state = ApplicationState(
        display_name=answer.required("displayName"),
        sign_in_audience=answer.required("signInAudience"),
        public_client_redirect_uris=answer.object("publicClient", RedirectUrisAnswer).strings_of("redirectUris"),
        is_fallback_public_client=answer.flag("isFallbackPublicClient"),
        web_redirect_uris=web.strings_of("redirectUris"),
        enable_id_token_issuance=implicit.flag("enableIdTokenIssuance"),
        enable_access_token_issuance=implicit.flag("enableAccessTokenIssuance"),
        spa_redirect_uris=answer.object("spa", RedirectUrisAnswer).strings_of("redirectUris"),
        required_permissions=frozenset(
            RequiredPermission(
                resource_app_id=resource.required("resourceAppId"),
                id=access.required("id"),
                type=cast("PermissionType", access.required("type")),
            )
            for resource in answer.list("requiredResourceAccess", RequiredResourceAccessAnswer)
            for access in resource.list("resourceAccess", ResourceAccessAnswer)
        ),
        tags=answer.strings_of("tags"),
        requested_access_token_version=answer.object("api", ApiAnswer).number("requestedAccessTokenVersion"),
    )
    seen = credentials_from(answer)
    created = answer.moment("createdDateTime")
    return SeenApplication(answer.required("id"), seen.client_id, state, seen.passwords, seen.keys, created)


def credentials_from(answer: ApplicationAnswer) -> SeenCredentials:
    """Read an application's credentials."""
    passwords = tuple(
        PasswordCredential(
            key_id=password.required("keyId"),
            display_name=password.string("displayName"),
            end=password.moment("endDateTime"),
        )
        for password in answer.list("passwordCredentials", PasswordCredentialAnswer)
    )
    return SeenCredentials(answer.required("appId"), passwords, keys_from(answer))


def keys_from(answer: ApplicationAnswer) -> tuple[KeyCredential, ...]:
    """Read an application's certificates, with everything that has to be sent back of each."""
    return tuple(
        KeyCredential(
            key_id=key.required("keyId"),
            display_name=key.string("displayName"),
            end=key.moment("endDateTime"),
            thumbprint=(key.string("customKeyIdentifier") or "").upper(),
            sent_back={name: key.values.get(name) for name in KeyCredentialAnswer.strings}
            | {name: _utc(key.moment(name)) for name in KeyCredentialAnswer.moments},
        )
        for key in answer.list("keyCredentials", KeyCredentialAnswer)
    )


def keys_body(keys: tuple[KeyCredential, ...], add: tuple[PublicCertificate, str] | None) -> list[dict[str, Any]]:
    """Return an application's whole list of certificates; a new one gets its keyId and times from Graph."""
    entries = [dict(key.sent_back) for key in keys]
    if add is not None:
        certificate, display_name = add
        entries.append(
            {
                "type": "AsymmetricX509Cert",
                "usage": "Verify",
                "key": base64.b64encode(certificate.der).decode(),
                "displayName": display_name,
            }
        )
    return entries


def _utc(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment is not None else None


def api_from(answer: ServicePrincipalAnswer) -> Api:
    """Read an API from its service principal; roles that only users can hold are left out."""
    permissions = [
        ApiPermission(scope.required("id"), scope.required("value"), "Scope", scope.flag("isEnabled"))
        for scope in answer.list("oauth2PermissionScopes", ScopeAnswer)
        if scope.string("value")
    ]
    permissions += [
        ApiPermission(role.required("id"), role.required("value"), "Role", role.flag("isEnabled"))
        for role in answer.list("appRoles", ScopeAnswer)
        if role.string("value") and "Application" in role.strings_of("allowedMemberTypes")
    ]
    return Api(
        service_principal_id=answer.required("id"),
        app_id=answer.required("appId"),
        display_name=answer.required("displayName"),
        owner_organization_id=answer.string("appOwnerOrganizationId"),
        permissions=tuple(permissions),
        enabled=is_enabled(answer),
    )


def principal_from(answer: ServicePrincipalAnswer) -> SeenPrincipal:
    """Read an application's own service principal."""
    return SeenPrincipal(answer.required("id"), is_enabled(answer))


def is_enabled(answer: ServicePrincipalAnswer) -> bool:
    """Return whether tokens are issued to and for a service principal: only an explicit false stops them."""
    return answer.values.get("accountEnabled") is not False
