"""Reads webhooks' secrets from the settings: which are usable, and what is wrong with the others. Pure.

A malformed secret counts as not set: it verifies nothing. Messages about it reveal neither its characters nor its
length: anyone may read them.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from shared.intake.sources import HmacProof, StandardWebhooksProof, Ticketing, TokenProof
from shared.tickets.configuration import GenericUpdates

_REFERENCE = "@Microsoft.KeyVault("
_STANDARD_PREFIX, _STANDARD_BYTES = "whsec_", range(24, 65)
"""Of a symmetric key (Standard Webhooks specification, "Signature scheme")."""
_SHORTEST, _LEAST_DIFFERENT = 24, 8
"""Characters of an HMAC key or a token, and how many different ones: 24 random hexadecimal digits are 96 bits."""


@dataclass(frozen=True)
class Secrets:
    """`usable` by setting, empty if there is none; `malformed` and `unresolved` are sentences that name settings."""

    usable: Mapping[str, str]
    malformed: tuple[str, ...] = ()
    unresolved: tuple[str, ...] = ()


def read_secrets(environment: Mapping[str, str], ticketing: Ticketing) -> Secrets:
    """Read the secrets that ticketing.toml names.

    The platform resolves Key Vault references before the worker sees them. One that it could not resolve is passed
    on verbatim (Microsoft Learn, "Use Key Vault references"), and anyone could guess that: it is not a secret.
    """
    found = {name: environment.get(name, "") for name in sorted(ticketing.settings())}
    unresolved = [name for name, value in found.items() if value.startswith(_REFERENCE)]
    usable, malformed = found | dict.fromkeys(unresolved, ""), list[str]()
    for source, name, is_standard in _webhooks(ticketing):
        why = _fault(found[name], is_standard=is_standard) if usable[name] else None
        if why is not None:
            usable[name] = ""
            malformed.append(f"{name}: {why}; until it is right, the source {source} does not use it")
    told = (
        f"{name}: the platform could not resolve its Key Vault reference; it counts as not set" for name in unresolved
    )
    return Secrets(usable, tuple(malformed), tuple(told))


def _webhooks(ticketing: Ticketing) -> Iterator[tuple[str, str, bool]]:
    """List (source, setting, whether it is a key of Standard Webhooks)."""
    for source in ticketing.sources:
        if isinstance(source.proof, StandardWebhooksProof | HmacProof | TokenProof):
            for name in source.proof.secrets:
                yield source.name, name, isinstance(source.proof, StandardWebhooksProof)
        if isinstance(source.updates, GenericUpdates):
            for name in source.updates.secrets:
                yield source.name, name, True


def _fault(value: str, *, is_standard: bool) -> str | None:
    if any(char.isspace() or not char.isprintable() for char in value):
        return "it holds white space or control characters, perhaps a line's end"
    if is_standard:
        return _standard_fault(value)
    if len(value) < _SHORTEST:
        return f"it is shorter than {_SHORTEST} characters"
    if len(set(value)) < _LEAST_DIFFERENT:
        return f"it has fewer than {_LEAST_DIFFERENT} different characters"
    return None


def _standard_fault(value: str) -> str | None:
    if not value.startswith(_STANDARD_PREFIX):
        return f"it does not begin with {_STANDARD_PREFIX}"
    try:
        key = base64.b64decode(value.removeprefix(_STANDARD_PREFIX), validate=True)
    except (ValueError, binascii.Error):
        return f"what follows {_STANDARD_PREFIX} is not base64"
    if len(key) not in _STANDARD_BYTES:
        least, most = _STANDARD_BYTES[0], _STANDARD_BYTES[-1]
        return f"what follows {_STANDARD_PREFIX} does not stand for {least} to {most} bytes"
    return "its bytes are all alike" if len(set(key)) == 1 else None
