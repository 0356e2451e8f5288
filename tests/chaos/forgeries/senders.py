"""The sources of a stack, one for each way of proof: what a good message of each is like, and what forgers send."""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from standardwebhooks import Webhook

type Headers = Mapping[str, str]

SETTINGS = ("STANDARD_SECRET", "HMAC_SECRET", "TOKEN_SECRET")
TICKETING = """
version = "1"

[[sources]]
name = "standard"
requests_per_minute = 6000
proof = { method = "standard_webhooks", secrets = ["STANDARD_SECRET"] }
mapping = { whole = "request" }

[[sources]]
name = "hmac"
requests_per_minute = 6000
proof = { method = "hmac", secrets = ["HMAC_SECRET"], header = "X-Hub-Signature", prefix = "sha256=" }
mapping = { whole = "request" }

[[sources]]
name = "token"
requests_per_minute = 6000
proof = { method = "token", secrets = ["TOKEN_SECRET"], header = "X-Registrar-Token" }
accept_token_decisions = true
updates = { url = "TICKET_HOOK_URL", secrets = ["TICKET_HOOK_SECRET"] }
mapping = { whole = "request", fields = { ticket = "request.ticket" } }
[sources.decision]
when = "decision"
request_id = "requestId"
id = "id"
outcome = "decision"
decided_at = "at"
ticket = "ticket"
decided_by_object_id = "by"

[[sources]]
name = "entra"
requests_per_minute = 6000
proof = { method = "entra", role = "Registrar.Approver" }
mapping = { whole = "request" }
"""
"""The last one takes tokens of a role that a client of the stack holds."""


@dataclass(frozen=True)
class Senders:
    """The secrets of one stack's sources, and two bearer tokens: one that counts, and one without the role."""

    bearer: Callable[[], str]
    other_bearer: Callable[[], str]
    foreign_bearer: Callable[[], str]
    """For another API."""
    standard: str = field(default_factory=lambda: f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}")
    hmac: str = field(default_factory=lambda: secrets.token_hex(32))
    token: str = field(default_factory=lambda: secrets.token_hex(32))

    def settings(self) -> dict[str, str]:
        """The app settings with these secrets."""
        return dict(zip(SETTINGS, (self.standard, self.hmac, self.token), strict=True))

    def good(self, source: str, body: bytes, now: datetime) -> Headers:
        """What the true sender of a source would send with a body."""
        match source:
            case "standard":
                return signed(self.standard, body, now)
            case "hmac":
                return {"X-Hub-Signature": f"sha256={digest(self.hmac, body)}"}
            case "token":
                return {"X-Registrar-Token": self.token}
            case _:
                return {"Authorization": f"Bearer {self.bearer()}"}

    def forged(self, source: str, body: bytes, now: datetime) -> dict[str, tuple[Headers, bytes]]:
        """What forgers send with a body, by what is wrong with it."""
        good = self.good(source, body, now)
        altered = body.replace(b'"requestedBy"', b'"requestedBy" ')
        common: dict[str, tuple[Headers, bytes]] = {
            "no proof": ({}, body),
            "a principal header": ({"X-MS-CLIENT-PRINCIPAL": _PRINCIPAL, "X-MS-CLIENT-PRINCIPAL-ID": "x"}, body),
            "a function key": ({"x-functions-key": self.token}, body),
            **{
                f"the proof of {other}": (self.good(other, body, now), body)
                for other in ("standard", "hmac", "token", "entra")
                if other != source
            },
            "letters in another case": ({name: value.swapcase() for name, value in good.items()}, body),
            "half of it": ({name: value[: len(value) // 2] for name, value in good.items()}, body),
            "a byte more": ({name: f"{value}0" for name, value in good.items()}, body),
        }
        own: dict[str, tuple[Headers, bytes]] = {}
        if source == "standard":
            own = {
                "a wrong key": (signed(Senders.standard_key(), body, now), body),
                "an altered body": (good, altered),
                "an old time": (signed(self.standard, body, now - timedelta(minutes=6)), body),
                "a time to come": (signed(self.standard, body, now + timedelta(minutes=6)), body),
                "an old message under a new time": (
                    {**signed(self.standard, body, now - timedelta(hours=1)), **_time_of(good)},
                    body,
                ),
                "another id": ({**good, "webhook-id": "msg_0"}, body),
            }
        elif source == "hmac":
            own = {
                "a wrong key": ({"X-Hub-Signature": f"sha256={digest(secrets.token_hex(32), body)}"}, body),
                "an altered body": (good, altered),
                "another header": ({"X-Hub-Signature-256": good["X-Hub-Signature"]}, body),
                "no prefix": ({"X-Hub-Signature": digest(self.hmac, body)}, body),
            }
        elif source == "token":
            own = {"a wrong key": ({"X-Registrar-Token": secrets.token_hex(32)}, body)}
        else:
            own = {
                "a token for another API": ({"Authorization": f"Bearer {self.foreign_bearer()}"}, body),
                "a token without the role": ({"Authorization": f"Bearer {self.other_bearer()}"}, body),
                "a token signed by nobody": ({"Authorization": f"Bearer {unsigned(self.bearer())}"}, body),
            }
        return common | own

    @staticmethod
    def standard_key() -> str:
        """A key of somebody else's."""
        return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


_PRINCIPAL = base64.b64encode(json.dumps({"userId": "x", "userRoles": ["Registrar.Approver"]}).encode()).decode()


def signed(key: str, body: bytes, at: datetime) -> dict[str, str]:
    """Headers of Standard Webhooks."""
    message_id = f"msg_{hashlib.sha256(body).hexdigest()[:20]}"
    signature = Webhook(key).sign(message_id, at, body.decode())
    return {"webhook-id": message_id, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


def digest(key: str, body: bytes) -> str:
    """HMAC-SHA256 in hex."""
    return hmac.digest(key.encode(), body, hashlib.sha256).hex()


def unsigned(token: str) -> str:
    """The same claims under `alg: none`."""
    _, claims, _ = token.split(".")
    head = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    return f"{head}.{claims}."


def _time_of(headers: Headers) -> dict[str, str]:
    return {"webhook-timestamp": headers["webhook-timestamp"]}
