"""How stored documents look to a caller: no private fields, no secrets, the selected properties in order."""

from collections.abc import Mapping
from typing import Any, cast

from devstack.doubles.documents import Document
from devstack.doubles.graph.schema import TYPES

_CREDENTIALS = ("passwordCredentials", "keyCredentials")


def public(document: Mapping[str, Any], type_name: str, select: tuple[str, ...] | None = None) -> Document:
    """The document as Graph shows it: declared properties, or the selected ones, in the schema's order.

    Secrets were never kept; a key credential's `key` shows only where the caller puts it back
    (`with_keys`).
    """
    names = [name for name in TYPES[type_name] if name in document and (select is None or name in select)]
    shown: Document = {name: document[name] for name in names}
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


def _masked(credential: Document) -> Document:
    shown = {name: value for name, value in credential.items() if not name.startswith("_")}
    for secret in ("secretText", "key"):
        if secret in shown:
            shown[secret] = None
    return shown
