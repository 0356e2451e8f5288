"""The tenant's app management policy: may applications have secrets, and for how long?

The document `policies/defaultAppManagementPolicy` is Graph's tenantAppManagementPolicy; without one, or with
`isEnabled` false, nothing is restricted. Existing credentials keep working. Source: Microsoft Learn,
applicationauthenticationmethodpolicy.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import cast

from devstack.doubles.documents import Document
from devstack.doubles.graph.directory import Directory
from devstack.doubles.graph.errors import GraphError, invalid_value
from devstack.doubles.graph.exchange import NO_CONTENT, Answer, Request, context
from devstack.doubles.graph.payload import check_payload, merge, parse_moment
from devstack.doubles.graph.presentation import public

COLLECTION = "policies"
POLICY_ID = "defaultAppManagementPolicy"

_SECTIONS = {"applications": "applicationRestrictions", "servicePrincipals": "servicePrincipalRestrictions"}
_RESTRICTIONS = (
    "passwordAddition",
    "passwordLifetime",
    "customPasswordAddition",
    "symmetricKeyAddition",
    "symmetricKeyLifetime",
    "asymmetricKeyLifetime",
)
_DURATION = re.compile(r"P(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?")


def get_policy(directory: Directory, request: Request) -> Answer:
    """`GET /policies/defaultAppManagementPolicy`."""
    body = {"@odata.context": context("policies/defaultAppManagementPolicy/$entity")}
    return Answer(200, body | public(_policy(directory), "tenantAppManagementPolicy"))


def update_policy(directory: Directory, request: Request) -> Answer:
    """`PATCH /policies/defaultAppManagementPolicy`."""
    changes = check_payload(request.body, "tenantAppManagementPolicy", read_only=("id", "deletedDateTime"))
    merged = merge(_policy(directory), changes, "tenantAppManagementPolicy")
    for restriction in _restrictions(merged):
        _check_restriction(restriction)
    directory.world.documents.put(COLLECTION, POLICY_ID, merged)
    return NO_CONTENT


def check_password_allowed(
    directory: Directory, collection: str, owner: Document, start: datetime, end: datetime
) -> None:
    """Raises GraphError 400 if the policy forbids `owner` a new secret, or one that lives so long."""
    _check(directory, collection, owner, "passwordCredentials", ("passwordAddition", "passwordLifetime"), end - start)


def check_key_allowed(directory: Directory, collection: str, owner: Document, start: datetime, end: datetime) -> None:
    """Raises GraphError 400 if the policy forbids `owner` a certificate that lives so long."""
    _check(directory, collection, owner, "keyCredentials", ("", "asymmetricKeyLifetime"), end - start)


def _restrictions(policy: Document) -> Iterator[Document]:
    for name in _SECTIONS.values():
        section = cast("dict[str, list[Document]]", policy[name] or {})
        for restrictions in section.values():
            yield from restrictions


def _check_restriction(restriction: Document) -> None:
    kind = restriction.get("restrictionType")
    if kind not in _RESTRICTIONS or restriction.get("state") not in (None, "enabled", "disabled"):
        raise invalid_value("restrictionType" if kind not in _RESTRICTIONS else "state", "CredentialConfiguration")
    lifetime = restriction.get("maxLifetime")
    if kind.endswith("Lifetime") != (lifetime is not None) or (lifetime and not _DURATION.fullmatch(lifetime)):
        raise invalid_value("maxLifetime", "CredentialConfiguration")


def _policy(directory: Directory) -> Document:
    return directory.primary.get(COLLECTION, POLICY_ID) or {
        "id": "00000000-0000-0000-0000-000000000000",
        "deletedDateTime": None,
        "displayName": "Default app management tenant policy",
        "description": "Default tenant policy that enforces app management restrictions on applications and "
        "service principals. To apply policy to targeted resources, create a new policy under "
        "appManagementPolicies collection.",
        "isEnabled": False,
        "applicationRestrictions": {"passwordCredentials": [], "keyCredentials": []},
        "servicePrincipalRestrictions": {"passwordCredentials": [], "keyCredentials": []},
    }


def _check(
    directory: Directory, collection: str, owner: Document, kind: str, types: tuple[str, str], lifetime: timedelta
) -> None:
    policy = _policy(directory)
    if not policy["isEnabled"]:
        return
    blocking, limiting = types
    section = cast("Document", policy[_SECTIONS[collection]] or {})
    for restriction in cast("list[Document]", section.get(kind) or []):
        if restriction.get("state") == "disabled" or not _applies(restriction, owner):
            continue
        if restriction["restrictionType"] == blocking:
            raise _not_allowed(policy["id"])
        if restriction["restrictionType"] == limiting and lifetime > parse_duration(restriction["maxLifetime"]):
            raise _too_long(policy["id"])


def _applies(restriction: Document, owner: Document) -> bool:
    since = restriction.get("restrictForAppsCreatedAfterDateTime")
    return since is None or parse_moment(owner["createdDateTime"]) >= parse_moment(since)


def parse_duration(text: str) -> timedelta:
    """An ISO 8601 duration in days, hours, minutes and seconds. Raises ValueError."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"not a duration: {text}")
    return timedelta(**{unit: int(value) for unit, value in found.groupdict(default="0").items()})


def _too_long(policy_id: str) -> GraphError:
    message = f"Credential lifetime exceeds the max value allowed as per assigned policy '{policy_id}'."
    details = [{"code": "InvalidKeyEndDate", "message": message, "target": "EndDate"}]
    return GraphError(400, "CredentialInvalidLifetimeAsPerAppPolicy", message, details)


def _not_allowed(policy_id: str) -> GraphError:
    message = f"Credential type not allowed as per assigned policy '{policy_id}'."
    return GraphError(400, "CredentialTypeNotAllowedAsPerAppPolicy", message)
