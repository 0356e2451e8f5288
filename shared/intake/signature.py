"""Verifies a webhook's bytes and headers against the source's secrets, before anything is parsed.

Pure, and constant-time in the secret. The reason for a failure is for our log only, never for the sender.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence

from standardwebhooks import Webhook, WebhookVerificationError

from shared.intake.sources import HmacProof, StandardWebhooksProof, TokenProof

type KeyedProof = StandardWebhooksProof | HmacProof | TokenProof
_LONGEST = 4096
"""The longest header with a signature or token."""


class NotProvenError(Exception):
    """The sender is not verified to be the source; the text says why, without a secret."""


def check(proof: KeyedProof, secrets: Sequence[str], headers: Mapping[str, str], body: bytes) -> None:
    """Return if one of the secrets verifies the sender. Raises NotProvenError.

    `headers` have names in lower case; `secrets` are tried in order, and an empty one proves nothing.
    """
    usable = [secret for secret in secrets if secret]
    if not usable:
        raise NotProvenError("the source's secret is not set")
    match proof:
        case StandardWebhooksProof():
            _check_standard(usable, headers, body)
        case HmacProof():
            _check_hmac(proof, usable, headers, body)
        case TokenProof():
            _check_token(proof, usable, headers)


def _check_standard(secrets: Sequence[str], headers: Mapping[str, str], body: bytes) -> None:
    """Verify by the library: the time within five minutes of now, and any of several signatures in one header."""
    given = {name: headers.get(name, "") for name in ("webhook-id", "webhook-timestamp", "webhook-signature")}
    if any(len(value) > _LONGEST for value in given.values()):
        raise NotProvenError("a header of the signature is too long")
    why = "no signature matches"
    for secret in secrets:
        try:
            Webhook(secret).verify(body, given, json_parse=False)
        except WebhookVerificationError as error:
            why = str(error)
        except (ValueError, OverflowError):  # malformed headers raise various errors
            why = "the signature's headers are malformed"
        else:
            return
    raise NotProvenError(why)


def _check_hmac(proof: HmacProof, secrets: Sequence[str], headers: Mapping[str, str], body: bytes) -> None:
    text = _after_prefix(headers.get(proof.header), proof.prefix)
    try:
        given = bytes.fromhex(text) if proof.encoding == "hex" else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise NotProvenError("the signature is malformed") from None
    # All are compared: the time taken does not reveal which one matched.
    fits = [hmac.compare_digest(hmac.digest(secret.encode(), body, hashlib.sha256), given) for secret in secrets]
    if not any(fits):
        raise NotProvenError("no signature matches")


def _check_token(proof: TokenProof, secrets: Sequence[str], headers: Mapping[str, str]) -> None:
    given = hashlib.sha256(_after_prefix(headers.get(proof.header), proof.prefix).encode()).digest()
    # Digests have a fixed length: comparing the tokens themselves would reveal theirs.
    fits = [hmac.compare_digest(hashlib.sha256(secret.encode()).digest(), given) for secret in secrets]
    if not any(fits):
        raise NotProvenError("the token does not match")


def _after_prefix(value: str | None, prefix: str) -> str:
    if value is None or len(value) > _LONGEST:
        raise NotProvenError("the header that proves the sender is missing, or too long")
    if not value.startswith(prefix):
        raise NotProvenError("the header that proves the sender does not begin with the configured prefix")
    return value[len(prefix) :]
