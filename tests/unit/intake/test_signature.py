"""A webhook's sender proves itself, or nothing is read: every forgery is refused."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from shared.intake.signature import KeyedProof, NotProvenError, check
from shared.intake.sources import HmacProof, StandardWebhooksProof, TokenProof

BODY = b'{"number": "RITM1"}'
KEY, OTHER = "whsec_" + base64.b64encode(b"k" * 32).decode(), "whsec_" + base64.b64encode(b"o" * 32).decode()
STANDARD = StandardWebhooksProof(method="standard_webhooks", secrets=("S",))
HMAC = HmacProof(method="hmac", secrets=("S",), header="X-Hub-Signature", prefix="sha256=")
BASE64 = HmacProof(method="hmac", secrets=("S",), header="X-Signature", encoding="base64")
TOKEN = TokenProof(method="token", secrets=("S",), header="X-Token")
BEARER = TokenProof(method="token", secrets=("S",), header="Authorization", prefix="Bearer ")


def signed(key: str = KEY, body: bytes = BODY, ago: timedelta = timedelta(0)) -> dict[str, str]:
    at = datetime.now(UTC) - ago
    signature = Webhook(key).sign("msg_1", at, body.decode())
    return {"webhook-id": "msg_1", "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


def digest(key: str, body: bytes = BODY) -> bytes:
    return hmac.digest(key.encode(), body, hashlib.sha256)


def good() -> dict[str, tuple[KeyedProof, tuple[str, ...], Mapping[str, str]]]:
    """Every way to prove oneself, signed now: what is signed when tests are collected is old when they run."""
    return {
        "standard webhooks": (STANDARD, (KEY,), signed()),
        "standard webhooks, the second key": (STANDARD, (OTHER, KEY), signed()),
        "standard webhooks, one of two signatures": (
            STANDARD,
            (KEY,),
            signed() | {"webhook-signature": f"v1,AAAA {signed()['webhook-signature']}"},
        ),
        "standard webhooks, four minutes old": (STANDARD, (KEY,), signed(ago=timedelta(minutes=4))),
        "hmac": (HMAC, ("key",), {"x-hub-signature": f"sha256={digest('key').hex()}"}),
        "hmac, the second key": (HMAC, ("old", "key"), {"x-hub-signature": f"sha256={digest('key').hex()}"}),
        "hmac in base64": (BASE64, ("key",), {"x-signature": base64.b64encode(digest("key")).decode()}),
        "token": (TOKEN, ("s3cret",), {"x-token": "s3cret"}),
        "token, the second one": (TOKEN, ("", "s3cret"), {"x-token": "s3cret"}),
        "bearer": (BEARER, ("s3cret",), {"authorization": "Bearer s3cret"}),
    }


def forged() -> dict[str, tuple[KeyedProof, tuple[str, ...], Mapping[str, str], bytes]]:
    """Everything that proves nothing."""
    return {
        "nothing": (STANDARD, (KEY,), {}, BODY),
        "another key": (STANDARD, (KEY,), signed(OTHER), BODY),
        "an altered body": (STANDARD, (KEY,), signed(), BODY.replace(b"1", b"2")),
        "six minutes old": (STANDARD, (KEY,), signed(ago=timedelta(minutes=6)), BODY),
        "six minutes early": (STANDARD, (KEY,), signed(ago=-timedelta(minutes=6)), BODY),
        "another time than signed": (STANDARD, (KEY,), signed() | {"webhook-timestamp": "1"}, BODY),
        "a fresh time on an old signature": (
            STANDARD,
            (KEY,),
            signed(ago=timedelta(hours=1)) | {"webhook-timestamp": signed()["webhook-timestamp"]},
            BODY,
        ),
        "another id": (STANDARD, (KEY,), signed() | {"webhook-id": "msg_2"}, BODY),
        "no version": (STANDARD, (KEY,), signed() | {"webhook-signature": "AAAA"}, BODY),
        "too many parts": (STANDARD, (KEY,), signed() | {"webhook-signature": "v1,A,B"}, BODY),
        "no base64": (STANDARD, (KEY,), signed() | {"webhook-signature": "v1,%%%"}, BODY),
        "another version": (STANDARD, (KEY,), signed() | {"webhook-signature": "v1a,AAAA"}, BODY),
        "a time that is none": (STANDARD, (KEY,), signed() | {"webhook-timestamp": "nan"}, BODY),
        "a time beyond all time": (STANDARD, (KEY,), signed() | {"webhook-timestamp": "1e300"}, BODY),
        "an endless signature": (STANDARD, (KEY,), signed() | {"webhook-signature": "v1,A " * 2000}, BODY),
        "a body that is no text": (STANDARD, (KEY,), signed(), b"\xff"),
        "no secret set": (STANDARD, ("", ""), signed(), BODY),
        "hmac: nothing": (HMAC, ("key",), {}, BODY),
        "hmac: another key": (HMAC, ("key",), {"x-hub-signature": f"sha256={digest('other').hex()}"}, BODY),
        "hmac: an altered body": (HMAC, ("key",), {"x-hub-signature": f"sha256={digest('key').hex()}"}, BODY + b" "),
        "hmac: no prefix": (HMAC, ("key",), {"x-hub-signature": digest("key").hex()}, BODY),
        "hmac: cut": (HMAC, ("key",), {"x-hub-signature": f"sha256={digest('key').hex()[:32]}"}, BODY),
        "hmac: no hex": (HMAC, ("key",), {"x-hub-signature": "sha256=xyz"}, BODY),
        "hmac: empty": (HMAC, ("key",), {"x-hub-signature": "sha256="}, BODY),
        "hmac: no secret set": (HMAC, ("",), {"x-hub-signature": f"sha256={digest('').hex()}"}, BODY),
        "hmac: in another header": (HMAC, ("key",), {"x-signature": f"sha256={digest('key').hex()}"}, BODY),
        "token: nothing": (TOKEN, ("s3cret",), {}, BODY),
        "token: another": (TOKEN, ("s3cret",), {"x-token": "s3creT"}, BODY),
        "token: in other letters": (TOKEN, ("s3cret",), {"x-token": "S3CRET"}, BODY),
        "token: with more": (TOKEN, ("s3cret",), {"x-token": "s3cret "}, BODY),
        "token: empty, and none set": (TOKEN, ("",), {"x-token": ""}, BODY),
        "bearer: no scheme": (BEARER, ("s3cret",), {"authorization": "s3cret"}, BODY),
        "a principal header": (BEARER, ("s3cret",), {"x-ms-client-principal": "s3cret"}, BODY),
    }


@pytest.mark.parametrize("what", good())
def test_who_holds_a_secret_is_let_in(what: str) -> None:
    proof, secrets, headers = good()[what]
    check(proof, secrets, headers, BODY)


@pytest.mark.parametrize("what", forged())
def test_a_forgery_is_refused(what: str) -> None:
    proof, secrets, headers, body = forged()[what]
    with pytest.raises(NotProvenError) as refused:
        check(proof, secrets, headers, body)
    assert not any(secret in str(refused.value) for secret in secrets if secret)
