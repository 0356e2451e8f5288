"""Certificates of applications and service principals: PATCH replaces the list, reads hide the key."""

import base64
import binascii
from datetime import UTC, datetime
from typing import cast
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from devstack.doubles.documents import Document
from devstack.doubles.graph.errors import bad_request, invalid_value
from devstack.doubles.graph.rules.payload import Fields, parse_moment
from devstack.doubles.graph.rules.restrictions import check_key_allowed
from devstack.doubles.graph.store import Directory, to_seconds

_TYPES = ("AsymmetricX509Cert", "X509CertAndPassword", "Symmetric")
_USAGES = ("Verify", "Sign")
_MAX_DISPLAY_NAME = 90


def replace_keys(directory: Directory, collection: str, owner: Document, sent: list[Fields]) -> list[Document]:
    """The key credentials after a PATCH with `sent`: known keyIds without a key stay, others are read anew.

    Raises GraphError 400 for a key that is no certificate, dates outside the certificate's, or what policy
    forbids.
    """
    known = {item["keyId"]: item for item in cast("list[Document]", owner["keyCredentials"])}
    replaced: list[Document] = []
    for item in sent:
        kept = known.get(str(item.get("keyId")).casefold())
        if item.get("key") is None:
            if kept is None:
                raise invalid_value("key", "KeyCredential")
            replaced.append(kept)
        elif kept is not None and kept["key"] != item["key"]:
            message = f"Update to existing credential with KeyId '{kept['keyId']}' is not allowed."
            raise bad_request(message, "KeyNotUpdatable", "keyCredentials")
        else:
            replaced.append(kept or read_key(directory, collection, owner, item))
    return replaced


def read_key(directory: Directory, collection: str, owner: Document, sent: Fields) -> Document:
    """One new key credential as it is kept, its gaps filled from the certificate. Raises GraphError 400."""
    if sent.get("type") not in _TYPES or sent.get("usage") not in _USAGES:
        raise invalid_value("type" if sent.get("type") not in _TYPES else "usage", "KeyCredential")
    certificate = load_certificate(sent["key"]) if sent["type"] == "AsymmetricX509Cert" else None
    start, end = _validity(directory, certificate, sent)
    check_key_allowed(directory, collection, owner, sent["type"], start, end)
    name = sent.get("displayName") or (certificate.subject.rfc4514_string() if certificate else None)
    thumbprint = certificate.fingerprint(hashes.SHA1()).hex().upper() if certificate else None  # noqa: S303
    return {
        "customKeyIdentifier": sent.get("customKeyIdentifier") or thumbprint,
        "displayName": name[:_MAX_DISPLAY_NAME] if name else None,
        "endDateTime": to_seconds(end),
        "key": sent["key"],
        "keyId": str(sent.get("keyId") or uuid4()).casefold(),
        "startDateTime": to_seconds(start),
        "type": sent["type"],
        "usage": sent["usage"],
        "_activeFrom": directory.world.clock.time() + directory.world.weather.secret_activation_seconds,
    }


def load_certificate(key: str) -> x509.Certificate:
    """The certificate in a key credential's `key` (base64 DER). Raises GraphError 400."""
    try:
        return x509.load_der_x509_certificate(base64.b64decode(key))
    except (binascii.Error, ValueError) as error:
        raise bad_request("Key credential is not a valid X.509 certificate.", "InvalidValue", "key") from error


def _validity(directory: Directory, certificate: x509.Certificate | None, sent: Fields) -> tuple[datetime, datetime]:
    """From when to when the credential counts: what was sent, else the certificate's own, never beyond it."""
    earliest = certificate.not_valid_before_utc if certificate else directory.now()
    latest = certificate.not_valid_after_utc if certificate else datetime.max.replace(tzinfo=UTC)
    start = parse_moment(sent["startDateTime"]) if sent.get("startDateTime") else earliest
    end = parse_moment(sent["endDateTime"]) if sent.get("endDateTime") else latest
    if end > latest or end <= start:
        raise bad_request("Key credential end date is invalid.", "KeyCredentialsInvalidEndDate", "keyCredentials")
    return start, end
