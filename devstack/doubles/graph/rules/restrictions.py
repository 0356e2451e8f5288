"""App management policies, the tenant's and apps' own: may applications have secrets, for how long, and which URIs?

The document `policies/defaultAppManagementPolicy` is Graph's tenantAppManagementPolicy; without one, or with
`isEnabled` false, nothing is restricted. An app can have one policy of its own, of another shape: what that defines
counts instead of the tenant's, what it does not mention is the tenant's. Existing credentials keep working. Source:
Microsoft Learn, applicationauthenticationmethodpolicy (v1.0, 2024-09-13) and "Configure restrictions on how
applications can be configured".
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, cast

from devstack.doubles.documents import Document
from devstack.doubles.graph.errors import GraphError, bad_request
from devstack.doubles.graph.rules.payload import parse_moment
from devstack.doubles.graph.rules.policies import parse_duration
from devstack.doubles.graph.store import Directory

COLLECTION = "policies"
POLICY_ID = "defaultAppManagementPolicy"
_SECTIONS = {"applications": "applicationRestrictions", "servicePrincipals": "servicePrincipalRestrictions"}


def tenant_policy(directory: Directory) -> Document:
    """The tenant's policy, which always exists."""
    return directory.primary.get(COLLECTION, POLICY_ID) or {
        "id": "00000000-0000-0000-0000-000000000000",
        "deletedDateTime": None,
        "displayName": "Default app management tenant policy",
        "description": "Default tenant policy that enforces app management restrictions on applications and "
        "service principals. To apply policy to targeted resources, create a new policy under "
        "appManagementPolicies collection.",
        "isEnabled": False,
        "applicationRestrictions": {"passwordCredentials": [], "keyCredentials": [], "identifierUris": None},
        "servicePrincipalRestrictions": {"passwordCredentials": [], "keyCredentials": []},
    }


def own_policies(directory: Directory, owner_id: str) -> list[Document]:
    """The policies assigned to an application or service principal: one at most."""
    return [policy for policy in directory.primary.all(COLLECTION) if owner_id in policy.get("_appliesTo", [])]


def check_password_allowed(
    directory: Directory, collection: str, owner: Document, start: datetime, end: datetime
) -> None:
    """Raises GraphError 400 if a policy forbids `owner` a new secret, or one that lives so long.

    `customPasswordAddition` is for values that the caller chooses; here the service makes them.
    """
    _check_credential(directory, collection, owner, ("passwordAddition", "passwordLifetime"), end - start)


def check_key_allowed(
    directory: Directory, collection: str, owner: Document, kind: str, start: datetime, end: datetime
) -> None:
    """Raises GraphError 400 if a policy forbids `owner` a key of this kind, or one that lives so long."""
    symmetric = ("symmetricKeyAddition", "symmetricKeyLifetime")
    names = symmetric if kind == "Symmetric" else ("", "asymmetricKeyLifetime")
    _check_credential(directory, collection, owner, names, end - start)


def check_identifier_uris_allowed(directory: Directory, application: Document, before: list[str]) -> None:
    """Raises GraphError 400 if a policy forbids a URI that comes: all but the default ones, or those of nobody's."""
    tenant = directory.world.tenant
    app_id = application["appId"].casefold()
    default = (f"api://{app_id}", f"api://{tenant.id}/{app_id}")
    for uri in application["identifierUris"]:
        if uri in before or uri.casefold() in default:
            continue
        own = any(part in uri.casefold() for part in (app_id, tenant.id.casefold(), tenant.domain.casefold()))
        for name, fits in (("nonDefaultUriAddition", False), ("uriAdditionWithoutUniqueTenantIdentifier", own)):
            found = _restriction(directory, "applications", application, name)
            receives_v2 = application["api"].get("requestedAccessTokenVersion") == 2
            if found is None or fits or (found.get("excludeAppsReceivingV2Tokens") and receives_v2):
                continue
            message = f"Failed to add identifier URI {uri}, as per the app management policy of the organization."
            raise bad_request(message, "InvalidValue", "identifierUris")


def _check_credential(
    directory: Directory, collection: str, owner: Document, names: tuple[str, str], lifetime: timedelta
) -> None:
    addition, limit = names
    found = _restriction(directory, collection, owner, addition)
    if found is not None:
        raise _not_allowed(found["_policy"])
    found = _restriction(directory, collection, owner, limit)
    if found is not None and lifetime > parse_duration(found["maxLifetime"]):
        raise _too_long(found["_policy"])


def _restriction(directory: Directory, collection: str, owner: Document, name: str) -> Document | None:
    """The restriction of this name that applies to `owner` and the caller; the first policy that has it decides."""
    for policy, restrictions in _policies(directory, collection, owner):
        found = restrictions.get(name)
        if found is not None:
            holds = found.get("state") != "disabled" and _applies(found, owner) and not _is_exempt(directory, found)
            return {**found, "_policy": policy["id"]} if holds else None
    return None


def _policies(directory: Directory, collection: str, owner: Document) -> Iterator[tuple[Document, dict[str, Document]]]:
    for policy in own_policies(directory, owner["id"]):
        if policy["isEnabled"]:
            section = cast("Document", policy["restrictions"] or {})
            yield policy, _by_name(section, section.get("applicationRestrictions") or {})
    policy = tenant_policy(directory)
    if policy["isEnabled"]:
        section = cast("Document", policy[_SECTIONS[collection]] or {})
        yield policy, _by_name(section, section)


def _by_name(credentials: Document, application: Document) -> dict[str, Document]:
    lists = ("passwordCredentials", "keyCredentials")
    entries = [entry for name in lists for entry in cast("list[Document]", credentials.get(name) or [])]
    found = {entry["restrictionType"]: entry for entry in entries}
    uris = cast("dict[str, Document | None]", application.get("identifierUris") or {})
    return found | {name: entry for name, entry in uris.items() if entry is not None}


def _applies(restriction: Document, owner: Document) -> bool:
    since = restriction.get("restrictForAppsCreatedAfterDateTime")
    return since is None or parse_moment(owner["createdDateTime"]) >= parse_moment(since)


def _is_exempt(directory: Directory, restriction: Document) -> bool:
    """Return whether the caller bears an attribute that the restriction excludes."""
    actors = cast("Document", restriction.get("excludeActors") or {})
    exemptions = cast("list[Document]", actors.get("customSecurityAttributes") or [])
    caller = directory.caller
    if not exemptions or caller is None:
        return False
    principal = directory.primary.get("servicePrincipals", caller.object_id) or {}
    sets = cast("dict[str, dict[str, Any]]", principal.get("_customSecurityAttributes") or {})
    borne = {f"{name}_{attribute}": value for name, found in sets.items() for attribute, value in found.items()}
    return any(borne.get(exemption["id"]) == exemption["value"] for exemption in exemptions)


def _too_long(policy_id: str) -> GraphError:
    message = f"Credential lifetime exceeds the max value allowed as per assigned policy '{policy_id}'."
    details = [{"code": "InvalidKeyEndDate", "message": message, "target": "EndDate"}]
    return GraphError(400, "CredentialInvalidLifetimeAsPerAppPolicy", message, details)


def _not_allowed(policy_id: str) -> GraphError:
    message = f"Credential type not allowed as per assigned policy '{policy_id}'."
    return GraphError(400, "CredentialTypeNotAllowedAsPerAppPolicy", message)
