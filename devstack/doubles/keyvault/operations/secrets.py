"""The calls on live secrets."""

import base64
import binascii
import json

from devstack.doubles.documents import Document
from devstack.doubles.keyvault import errors
from devstack.doubles.keyvault.admission import Call
from devstack.doubles.keyvault.paging import page
from devstack.doubles.keyvault.presentation import secret_bundle, secret_properties, secret_summary
from devstack.doubles.keyvault.rules.values import checked_fields, checked_value
from devstack.doubles.keyvault.store import version_of


def set_secret(call: Call) -> Document:
    """Always a new version, under a name that is live or free."""
    current = call.secrets.existing(call.name)
    if current is not None and _is_managed(current):
        raise errors.managed("set")
    version = call.secrets.add_version(call.name, {"value": checked_value(call.body), **checked_fields(call.body)})
    return secret_bundle(call, call.secrets.live(call.name), version)


def get_secret(call: Call) -> Document:
    """One version, the newest by default; only `enabled` stops a reading, `nbf` and `exp` do not."""
    item = call.secrets.read(call.name)
    version = _existing_version(call, item)
    if not version["attributes"]["enabled"]:
        raise errors.disabled("get")
    return secret_bundle(call, item, version)


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
    return secret_properties(call, item, version)


def list_secrets(call: Call) -> Document:
    """The newest version of each secret, without values, under an id without a version."""
    items = call.secrets.all(deleted=False)
    return page(call, "/secrets", items, _sort_key, lambda item: secret_summary(call, item))


def list_versions(call: Call) -> Document:
    """All versions of one secret, without values: none, and no error, of one that never existed."""
    if call.secrets.never_existed(call.name):
        return {"value": [], "nextLink": None}
    item = call.secrets.read(call.name)
    versions: list[Document] = sorted(item["versions"], key=lambda version: version["version"])
    path = f"/secrets/{item['name']}/versions"
    return page(call, path, versions, lambda v: v["version"], lambda v: secret_properties(call, item, v))


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
    return secret_properties(call, item, item["versions"][-1])


def checked_backup(body: Document) -> Document:
    """The object in a backup. Raises KeyVaultError 400 for what is none."""
    text = body.get("value")
    try:
        return json.loads(base64.urlsafe_b64decode(str(text) + "=="))
    except (binascii.Error, ValueError) as error:
        raise errors.bad_parameter("Backup blob is malformed.") from error


def _existing_version(call: Call, item: Document) -> Document:
    version = version_of(item, call.path.get("version"))
    if version is None:
        raise errors.not_found("Secret", f"{call.name}/{call.path['version']}")
    return version


def _is_managed(item: Document) -> bool:
    return "kid" in item["versions"][-1]


def _sort_key(item: Document) -> str:
    return item["name"].casefold()
