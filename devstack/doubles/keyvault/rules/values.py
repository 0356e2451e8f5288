"""What Key Vault checks in a request's body before it stores anything.

Limits: Microsoft Learn, "About Azure Key Vault secrets" (value 25 KB, 15 tags of 512 characters).
"""

from typing import Any, cast

from devstack.doubles.documents import Document
from devstack.doubles.keyvault import errors

_VALUE_BYTES = 25_600
_CONTENT_TYPE_LENGTH = 255
_TAGS = 15
_TAG_LENGTH = 512


def checked_value(body: Document) -> str:
    """The secret's value. Raises KeyVaultError 400 when it is missing, no text or too long."""
    value = body.get("value")
    if not isinstance(value, str) or len(value.encode()) > _VALUE_BYTES:
        raise errors.invalid_value("value")
    return value


def checked_fields(body: Document) -> Document:
    """`contentType`, `tags` and `attributes` of a body as far as they are given. Raises KeyVaultError 400."""
    found: Document = {}
    content_type = body.get("contentType")
    if content_type is not None:
        if not isinstance(content_type, str) or len(content_type) > _CONTENT_TYPE_LENGTH:
            raise errors.invalid_value("contentType")
        found["contentType"] = content_type
    if body.get("tags") is not None:
        found["tags"] = _checked_tags(body["tags"])
    found["attributes"] = _checked_attributes(body.get("attributes") or {})
    return found


def _checked_tags(tags: object) -> dict[str, str]:
    if not isinstance(tags, dict):
        raise errors.invalid_value("tags")
    pairs = cast("dict[str, Any]", tags)
    texts = [text for pair in pairs.items() for text in pair]
    if len(pairs) > _TAGS or any(not isinstance(text, str) or len(text) > _TAG_LENGTH for text in texts):
        raise errors.invalid_value("tags")
    return pairs


def _checked_attributes(attributes: object) -> Document:
    if not isinstance(attributes, dict):
        raise errors.invalid_value("attributes")
    given = cast("dict[str, Any]", attributes)
    found: Document = {}
    for name, kind in (("enabled", bool), ("nbf", int), ("exp", int)):
        value = given.get(name)
        if value is None:
            continue
        if type(value) is not kind:
            raise errors.invalid_value(f"attributes.{name}")
        found[name] = value
    if "nbf" in found and "exp" in found and found["exp"] <= found["nbf"]:
        raise errors.invalid_value("attributes.exp")
    return found
