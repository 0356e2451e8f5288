"""Tokens that hold the approver's role, or seem to, and decide nothing: of apps, of parties, of nobody for certain.

Those that Entra would not issue are signed with its key all the same: what the registrar checks is seen, not whether
somebody else checks it, too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import jwt

from devstack.doubles.tokens import Tokens
from devstack.sign_in import user_token
from devstack.stack import Stack

REQUESTER, APPROVER, READER = "radia", "margaret", "alan"


@dataclass(frozen=True)
class Approvers:
    """People of one stack, and what forgers make of their tokens. `app_token` is of an app with the role."""

    stack: Stack
    app_token: str

    def good(self) -> str:
        """The token of a person who may decide."""
        return user_token(self.stack, APPROVER)

    def forged(self, now: datetime) -> dict[str, str]:
        """Tokens that decide nothing, by what is wrong with each."""
        claims = jwt.decode(self.good(), options={"verify_signature": False})

        def made(**changes: Any) -> str:
            return self._signed(claims | changes, now)

        return {
            "an app with the role": self.app_token,
            "the requester": user_token(self.stack, REQUESTER),
            "a person without the role": user_token(self.stack, READER),
            "an ID token of the API itself": made(azp=None, scp=None, idtyp=None, nonce="n"),
            "no scope": made(scp=None),
            "a scope of another API": made(scp="Mail.Send Files.Read.All"),
            "an app's scopes": made(idtyp="app"),
            "a kind of token that nobody knows": made(idtyp="device"),
            "an app that says that it is a person": made(scp=None, idtyp="user", sub=claims["oid"]),
            "scopes as a list": made(scp=["user_impersonation"]),
        }

    def _signed(self, claims: Mapping[str, Any], now: datetime) -> str:
        """The claims, those that are not None, under the signature of the stack's Entra."""
        tokens = Tokens(self.stack.config.tenant_id, now.timestamp, self.stack.state)
        own = ("iss", "iat", "nbf", "exp", "tid", "uti", "ver")
        kept = {name: value for name, value in claims.items() if value is not None and name not in own}
        return tokens.sign(kept, version="2.0").text
