"""Whole documents from the few fields a seed gives: the rest is what Graph or Azure would have filled in."""

import base64
import hashlib
from datetime import timedelta
from typing import Any, cast
from uuid import UUID, uuid4

from devstack.doubles.documents import Document
from devstack.doubles.graph.store import to_seconds
from devstack.doubles.graph.templates import new_application, new_service_principal
from devstack.doubles.world import World


def application(world: World, given: Document) -> Document:
    """An application; a password credential may give its `secretText`, which is hashed."""
    bare = new_application(world.tenant, world.clock.now(), given["displayName"])
    return _with_credentials(world, _laid_over(bare, given))


def service_principal(world: World, given: Document) -> Document:
    """A service principal; what it does not give is taken from the tenant's application of that `appId`."""
    found = world.primary().find("applications", "appId", given["appId"])
    bare = new_service_principal(world.clock.now(), given["appId"], world.tenant.id)
    if found:
        copied = ("displayName", "signInAudience", "appRoles")
        bare |= {name: found[0][name] for name in copied}
        bare["oauth2PermissionScopes"] = found[0]["api"]["oauth2PermissionScopes"]
        bare["servicePrincipalNames"] = [given["appId"], *found[0]["identifierUris"]]
    document = _laid_over(bare, given)
    document["appDisplayName"] = document["appDisplayName"] or document["displayName"]
    return _with_credentials(world, document)


def user(world: World, given: Document) -> Document:
    """A member of the tenant, whose mail is the userPrincipalName unless another (or none) is given."""
    first, _, last = given["displayName"].partition(" ")
    object_id: str = given.get("id") or str(uuid4())
    mail: str | None = given.get("mail", given["userPrincipalName"])
    bare: Document = {
        "id": object_id,
        "deletedDateTime": None,
        "accountEnabled": True,
        "businessPhones": [],
        "createdDateTime": to_seconds(world.clock.now()),
        "givenName": first,
        "surname": last or None,
        "mail": mail,
        "otherMails": [],
        "proxyAddresses": [f"SMTP:{mail}"] if mail else [],
        "securityIdentifier": _security_identifier(object_id),
        "userType": "Member",
    }
    return bare | given


def _security_identifier(object_id: str) -> str:
    """`S-1-12-1-...`: the object id as four 32-bit numbers, as Entra derives it for cloud accounts."""
    raw = UUID(object_id).bytes_le
    return "-".join(("S-1-12-1", *(str(int.from_bytes(raw[at : at + 4], "little")) for at in range(0, 16, 4))))


def vault(given: Document) -> Document:
    """A vault with ninety days of soft delete, without purge protection, and nobody's yet."""
    bare: Document = {
        "location": "westeurope",
        "recoverableDays": 90,
        "purgeProtection": False,
        "roleAssignments": [],
    }
    return bare | given | {"name": given["name"].casefold()}


def app_role_assignment(world: World, principal: Document, resource: Document, role_id: str) -> Document:
    """An app role of `resource` that is assigned to `principal`, a service principal or a user."""
    raw = UUID(principal["id"]).bytes_le + uuid4().bytes
    return {
        "id": base64.urlsafe_b64encode(raw).decode().rstrip("="),
        "deletedDateTime": None,
        "appRoleId": role_id,
        "createdDateTime": to_seconds(world.clock.now()),
        "principalDisplayName": principal["displayName"],
        "principalId": principal["id"],
        "principalType": "User" if "userPrincipalName" in principal else "ServicePrincipal",
        "resourceDisplayName": resource["displayName"],
        "resourceId": resource["id"],
    }


def _laid_over(bare: Document, given: Document) -> Document:
    """`given` over `bare`; complex properties one level deeper, as Graph merges them."""
    document = dict(bare)
    for name, value in given.items():
        current = document.get(name)
        if isinstance(current, dict) and isinstance(value, dict):
            document[name] = cast("Document", current) | cast("Document", value)
        else:
            document[name] = value
    return document


def _with_credentials(world: World, document: Document) -> Document:
    passwords = cast("list[Document]", document["passwordCredentials"])
    document["passwordCredentials"] = [_password(world, given) for given in passwords]
    return document


def _password(world: World, given: dict[str, Any]) -> Document:
    now = world.clock.now()
    bare: Document = {
        "customKeyIdentifier": None,
        "displayName": None,
        "endDateTime": to_seconds(now + timedelta(days=730)),
        "hint": None,
        "keyId": str(uuid4()),
        "secretText": None,
        "startDateTime": to_seconds(now),
        "_activeFrom": 0.0,
    }
    credential = bare | given
    if (secret := credential.pop("secretText")) is not None:
        credential |= {"hint": secret[:3], "_hash": hashlib.sha256(secret.encode()).hexdigest()}
    return credential | {"secretText": None}
