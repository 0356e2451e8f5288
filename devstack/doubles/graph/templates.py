"""Bare objects, with the service's defaults and its order of properties (a recorded create of 2024-11)."""

from datetime import datetime
from typing import cast
from uuid import uuid4

from devstack.doubles.documents import Document
from devstack.doubles.graph.rules.redirect_uris import redirect_uri_settings
from devstack.doubles.graph.store import to_seconds
from devstack.doubles.world import Tenant


def new_application(tenant: Tenant, now: datetime, display_name: str) -> Document:
    """An application nobody has configured yet, with ids of its own and no owner."""
    return {
        "id": str(uuid4()),
        "deletedDateTime": None,
        "appId": str(uuid4()),
        "applicationTemplateId": None,
        "disabledByMicrosoftStatus": None,
        "createdDateTime": to_seconds(now),
        "displayName": display_name,
        "description": None,
        "groupMembershipClaims": None,
        "identifierUris": [],
        "isDeviceOnlyAuthSupported": None,
        "isFallbackPublicClient": None,
        "nativeAuthenticationApisEnabled": None,
        "notes": None,
        "publisherDomain": tenant.domain,
        "serviceManagementReference": None,
        "signInAudience": "AzureADMyOrg",
        "tags": [],
        "tokenEncryptionKeyId": None,
        "uniqueName": None,
        "samlMetadataUrl": None,
        "defaultRedirectUri": None,
        "certification": None,
        "optionalClaims": None,
        "servicePrincipalLockConfiguration": None,
        "requestSignatureVerification": None,
        "addIns": [],
        "appRoles": [],
        "keyCredentials": [],
        "passwordCredentials": [],
        "requiredResourceAccess": [],
        "verifiedPublisher": _no_publisher(),
        **_complex_defaults(),
        "_owners": [],
    }


def new_service_principal(now: datetime, app_id: str, owner_tenant_id: str) -> Document:
    """A service principal of an application, before anything is copied from it."""
    return {
        "id": str(uuid4()),
        "deletedDateTime": None,
        "accountEnabled": True,
        "alternativeNames": [],
        "appDisplayName": None,
        "appDescription": None,
        "appId": app_id,
        "applicationTemplateId": None,
        "appOwnerOrganizationId": owner_tenant_id,
        "appRoleAssignmentRequired": False,
        "createdDateTime": to_seconds(now),
        "description": None,
        "disabledByMicrosoftStatus": None,
        "displayName": None,
        "homepage": None,
        "loginUrl": None,
        "logoutUrl": None,
        "notes": None,
        "notificationEmailAddresses": [],
        "preferredSingleSignOnMode": None,
        "preferredTokenSigningKeyThumbprint": None,
        "replyUrls": [],
        "servicePrincipalNames": [app_id],
        "servicePrincipalType": "Application",
        "signInAudience": None,
        "tags": [],
        "tokenEncryptionKeyId": None,
        "samlSingleSignOnSettings": None,
        "addIns": [],
        "appRoles": [],
        "info": _no_links(),
        "keyCredentials": [],
        "oauth2PermissionScopes": [],
        "passwordCredentials": [],
        "resourceSpecificApplicationPermissions": [],
        "verifiedPublisher": _no_publisher(),
        "_owners": [],
        "_tags": [],
    }


def completed(application: Document) -> Document:
    """A copy with what the service fills in: missing parts of complex values, origins, redirect URI settings."""
    defaults = {name: value for name, value in _complex_defaults().items() if application[name] is not None}
    filled = {**application, **{name: {**value, **application[name]} for name, value in defaults.items()}}
    filled["appRoles"] = [{**_ROLE, **role, "origin": "Application"} for role in application["appRoles"]]
    if filled["api"] is not None:
        scopes = cast("list[Document]", filled["api"]["oauth2PermissionScopes"])
        filled["api"]["oauth2PermissionScopes"] = [{**_SCOPE, **scope} for scope in scopes]
    if filled["web"] is not None:
        filled["web"]["implicitGrantSettings"] = _NO_GRANTS | (filled["web"]["implicitGrantSettings"] or {})
        filled["web"]["redirectUriSettings"] = redirect_uri_settings(filled["web"])
    if filled["optionalClaims"] is not None:
        claims = cast("dict[str, list[Document] | None]", filled["optionalClaims"])
        filled["optionalClaims"] = {
            token: [{**_CLAIM, **claim} for claim in claims.get(token) or []] for token in _TOKENS
        }
    return filled


_ROLE: Document = {"description": None, "displayName": None, "isEnabled": True, "value": None}
_SCOPE: Document = {
    "adminConsentDescription": None,
    "adminConsentDisplayName": None,
    "isEnabled": True,
    "type": "User",
    "userConsentDescription": None,
    "userConsentDisplayName": None,
}
_CLAIM: Document = {"additionalProperties": [], "essential": False, "source": None}
_TOKENS = ("accessToken", "idToken", "saml2Token")
_NO_GRANTS = {"enableAccessTokenIssuance": False, "enableIdTokenIssuance": False}


def _complex_defaults() -> Document:
    return {
        "api": {
            "acceptMappedClaims": None,
            "knownClientApplications": [],
            "requestedAccessTokenVersion": None,
            "oauth2PermissionScopes": [],
            "preAuthorizedApplications": [],
        },
        "info": _no_links(),
        "parentalControlSettings": {"countriesBlockedForMinors": [], "legalAgeGroupRule": "Allow"},
        "publicClient": {"redirectUris": []},
        "web": {
            "homePageUrl": None,
            "logoutUrl": None,
            "redirectUris": [],
            "implicitGrantSettings": dict(_NO_GRANTS),
            "redirectUriSettings": [],
        },
        "spa": {"redirectUris": []},
    }


def _no_links() -> Document:
    return dict.fromkeys(("logoUrl", "marketingUrl", "privacyStatementUrl", "supportUrl", "termsOfServiceUrl"))


def _no_publisher() -> Document:
    return dict.fromkeys(("displayName", "verifiedPublisherId", "addedDateTime"))
