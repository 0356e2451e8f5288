"""How stored documents look to a caller: no private fields, no secrets, the selected properties in order."""

import json
from collections.abc import Mapping
from typing import Any, cast
from zlib import crc32

from devstack.doubles.documents import Document
from devstack.doubles.graph.schema import TYPES

_CREDENTIALS = ("passwordCredentials", "keyCredentials")
_WITHOUT_ORDER = frozenset({"redirectUris", "replyUrls", "appRoles", "oauth2PermissionScopes", "servicePrincipalNames"})


def public(document: Mapping[str, Any], type_name: str, select: tuple[str, ...] | None = None) -> Document:
    """The document as Graph shows it: declared properties, or the selected ones, in the schema's order.

    Secrets were never kept; a key credential's `key` shows only where the caller puts it back
    (`with_keys`).
    """
    names = [name for name in TYPES[type_name] if name in document and (select is None or name in select)]
    shown: Document = {name: _in_no_order(name, document[name]) for name in names}
    for name in _CREDENTIALS:
        if name in shown:
            shown[name] = [_masked(item) for item in cast("list[Document]", shown[name])]
    return shown


def with_keys(shown: Document, document: Mapping[str, Any]) -> Document:
    """The shown document with the certificates' public keys, which only `$select=keyCredentials` on one object gets."""
    keys = {item["keyId"]: item.get("key") for item in cast("list[Document]", document["keyCredentials"])}
    credentials = [{**item, "key": keys[item["keyId"]]} for item in cast("list[Document]", shown["keyCredentials"])]
    return {**shown, "keyCredentials": credentials}


def typed(document: Mapping[str, Any], type_name: str, select: tuple[str, ...] | None = None) -> Document:
    """The document among directory objects of several types: with its `@odata.type`."""
    return {"@odata.type": f"#microsoft.graph.{type_name}", **public(document, type_name, select)}


def _in_no_order(name: str, value: Any) -> Any:  # noqa: ANN401 - any JSON
    """The value with its unordered lists, and those of its parts, in another order than they were written in.

    The service keeps none (seen in recorded exchanges). The order is the same each time, so that a fault can be seen
    again.
    """
    if isinstance(value, dict):
        return {inner: _in_no_order(inner, each) for inner, each in cast("Document", value).items()}
    if name not in _WITHOUT_ORDER or not isinstance(value, list):
        return value
    written = cast("list[Any]", value)
    shuffled = sorted(written, key=lambda each: crc32(json.dumps(each, sort_keys=True).encode()))
    return shuffled if shuffled != written else shuffled[::-1]


def _masked(credential: Document) -> Document:
    shown = {name: value for name, value in credential.items() if not name.startswith("_")}
    for secret in ("secretText", "key"):
        if secret in shown:
            shown[secret] = None
    return shown
