"""The calls on live secrets."""

import base64
import binascii
import json

from starlette.routing import Route

from devstack.doubles.documents import Document
from devstack.doubles.keyvault import errors
from devstack.doubles.keyvault.gateway import Call, Gateway
from devstack.doubles.keyvault.paging import page
from devstack.doubles.keyvault.store import version_of
from devstack.doubles.keyvault.validation import checked_fields, checked_value


def routes(gateway: Gateway) -> list[Route]:
    """The routes of this file, the more special ones first."""
    name, version = "/secrets/{name}", "/secrets/{name}/{version}"
    metadata = "secrets/readMetadata/action"
    return [
        *gateway.routes("GET", "/secrets", metadata, list_secrets),
        *gateway.routes("POST", "/secrets/restore", "secrets/restore/action", restore, creates=True),
        *gateway.routes("POST", f"{name}/backup", "secrets/backup/action", backup),
        *gateway.routes("GET", f"{name}/versions", metadata, list_versions),
        *gateway.routes("PUT", name, "secrets/setSecret/action", set_secret, creates=True),
        *gateway.routes("GET", name, "secrets/getSecret/action", get_secret),
        *gateway.routes("GET", version, "secrets/getSecret/action", get_secret),
        *gateway.routes("PATCH", name, "secrets/setSecret/action", update),
        *gateway.routes("PATCH", version, "secrets/setSecret/action", update),
    ]


def set_secret(call: Call) -> Document:
    """Always a new version, under a name that is live or free."""
    current = call.secrets.existing(call.name)
    if current is not None and _is_managed(current):
        raise errors.managed("set")
    version = call.secrets.add_version(call.name, {"value": checked_value(call.body), **checked_fields(call.body)})
    return bundle(call, call.secrets.live(call.name), version)


def get_secret(call: Call) -> Document:
    """One version, the newest by default; only `enabled` stops a reading, `nbf` and `exp` do not."""
    item = call.secrets.read(call.name)
    version = _existing_version(call, item)
    if not version["attributes"]["enabled"]:
        raise errors.disabled("get")
    return bundle(call, item, version)


def update(call: Call) -> Document:
    """Change what the body names; the value cannot be changed and is not returned."""
    item = call.secrets.live(call.name)
    if _is_managed(item):
        raise errors.managed("update")
    version = _existing_version(call, item)
    given = checked_fields(call.body)
    version["attributes"] |= given.pop("attributes") | {"updated": call.secrets.now()}
    version |= given
    call.secrets.save(item)
    return properties(call, item, version)


def list_secrets(call: Call) -> Document:
    """The newest version of each secret, without values, under an id without a version."""
    items = call.secrets.all(deleted=False)
    return page(call, "/secrets", items, _sort_key, lambda item: summary(call, item))


def list_versions(call: Call) -> Document:
    """All versions of one secret, without values: none, and no error, of one that never existed."""
    if call.secrets.never_existed(call.name):
        return {"value": [], "nextLink": None}
    item = call.secrets.read(call.name)
    versions: list[Document] = sorted(item["versions"], key=lambda version: version["version"])
    path = f"/secrets/{item['name']}/versions"
    return page(call, path, versions, lambda v: v["version"], lambda v: properties(call, item, v))


def backup(call: Call) -> Document:
    """An opaque copy of all versions, which only a vault can read."""
    item = call.secrets.live(call.name)
    return {"value": base64.urlsafe_b64encode(json.dumps(item).encode()).decode().rstrip("=")}


def restore(call: Call) -> Document:
    """All versions again, with their old ids, under a name that is free."""
    value = checked_backup(call.body)
    if call.secrets.existing(value["name"]) is not None:
        raise errors.already_exists("Secret", value["name"])
    item = value | {"vault": call.vault["name"]}
    call.secrets.save(item)
    return properties(call, item, item["versions"][-1])


def checked_backup(body: Document) -> Document:
    """The object in a backup. Raises KeyVaultError 400 for what is none."""
    text = body.get("value")
    try:
        return json.loads(base64.urlsafe_b64decode(str(text) + "=="))
    except (binascii.Error, ValueError) as error:
        raise errors.bad_parameter("Backup blob is malformed.") from error


def bundle(call: Call, item: Document, version: Document) -> Document:
    """A secret version with its value."""
    return {"value": version["value"], **properties(call, item, version)}


def properties(call: Call, item: Document, version: Document) -> Document:
    """A secret version without its value."""
    return _shown(call, version, f"{call.base}/secrets/{item['name']}/{version['version']}")


def summary(call: Call, item: Document) -> Document:
    """The newest version as lists show it."""
    return _shown(call, item["versions"][-1], f"{call.base}/secrets/{item['name']}")


def _shown(call: Call, version: Document, identifier: str) -> Document:
    recovery = {"recoveryLevel": call.recovery_level, "recoverableDays": call.vault["recoverableDays"]}
    shown: Document = {"id": identifier, "attributes": version["attributes"] | recovery, "tags": version["tags"]}
    if "contentType" in version:
        shown["contentType"] = version["contentType"]
    if "kid" in version:
        shown |= {"kid": version["kid"], "managed": True}
    return shown


def _existing_version(call: Call, item: Document) -> Document:
    version = version_of(item, call.path.get("version"))
    if version is None:
        raise errors.not_found("Secret", f"{call.name}/{call.path['version']}")
    return version


def _is_managed(item: Document) -> bool:
    return "kid" in item["versions"][-1]


def _sort_key(item: Document) -> str:
    return item["name"].casefold()
