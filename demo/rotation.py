"""What a client sees of a rotation: it keeps signing in, while the stack clock is moved by months."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientSecretCredential
from azure.keyvault.secrets import KeyVaultSecret, KeyVaultSecretIdentifier, SecretClient

from demo.answer import Data
from demo.control import ControlPlane
from devstack.process import StackError

_POLL_SECONDS = 0.25
_MOVE = timedelta(minutes=10)
_MOST_MOVES = 200
_LOOKS_BETWEEN_MOVES = 4
_BEFORE_EXPIRY = timedelta(days=30)
"""When policy.toml has a credential replaced, if the request does not say; a little earlier by a draw."""


@dataclass(frozen=True)
class Rotated:
    """A rotation as two clients saw it: one reads the newest version every time, one keeps what it has read."""

    sign_ins: int
    old_version: str
    new_version: str
    expires: datetime
    old_until: datetime
    """How long the old one signed in, by the new one's tags."""


class Clients:
    """Two clients of one registration, who hold Key Vault Secrets User on the vault and nothing else."""

    def __init__(self, data: Data, control: ControlPlane, tell: Callable[[str], None]) -> None:
        self._data = data
        self._control = control
        self._tell = tell
        self._where = KeyVaultSecretIdentifier(data.credentials[0].key_vault_secret_uri)
        self._resource = data.api_permissions[0].resource_uri
        self._sign_ins = 0

    def live_through_a_rotation(self) -> Rotated:
        """Move the clock to the day on which the secret is due, and sign in all the time until the old one is gone.

        Raises ClientAuthenticationError when a sign-in is refused that should not be, StackError when nothing happens.
        """
        old = self._newest()
        expires = old.properties.expires_on
        if expires is None:
            raise StackError(f"{old.name} has no expiry")
        self._move_to(expires - _BEFORE_EXPIRY, "the day on which the secret is due for replacement")

        def replaced() -> KeyVaultSecret | None:
            newest = self._sign_in_with_newest()
            self._sign_in(old)  # who keeps what it has read is not disturbed
            return newest if newest.properties.version != old.properties.version else None

        new = self._eventually(replaced, "a new version")
        old_until = datetime.fromisoformat((new.properties.tags or {})["retireAfter"])
        self._tell(f"Key Vault has a new version; the old one also works, until {old_until:%Y-%m-%d %H:%M} UTC")
        self._move_to(old_until, "the end of the overlap")
        self._eventually(lambda: self._is_refused(old), "the old secret to stop working")
        return Rotated(
            self._sign_ins,
            old.properties.version or "",
            new.properties.version or "",
            new.properties.expires_on or old_until,
            old_until,
        )

    def _is_refused(self, old: KeyVaultSecret) -> bool | None:
        self._sign_in_with_newest()
        try:
            self._sign_in(old)
        except ClientAuthenticationError:
            return True
        return None

    def _eventually[T](self, look: Callable[[], T | None], what: str) -> T:
        for _ in range(_MOST_MOVES):
            for _ in range(_LOOKS_BETWEEN_MOVES):
                if (found := look()) is not None:
                    return found
                time.sleep(_POLL_SECONDS)
            self._control.advance(int(_MOVE.total_seconds()))
        raise StackError(f"gave up waiting for {what}")

    def _move_to(self, moment: datetime, what: str) -> None:
        seconds = int((moment - self._control.now()).total_seconds())
        if seconds > 0:
            self._tell(f"the stack's clock moves {seconds / 86400:.0f} days forward, to {what}")
            self._control.advance(seconds)

    def _sign_in_with_newest(self) -> KeyVaultSecret:
        newest = self._newest()
        self._sign_in(newest)
        return newest

    def _sign_in(self, secret: KeyVaultSecret) -> None:
        """Get a token from the endpoint: a credential that has just been made has none in its cache."""
        tenant, client = self._data.tenant_id or "", self._data.client_id or ""
        ClientSecretCredential(tenant, client, secret.value or "").get_token(f"{self._resource}/.default")
        self._sign_ins += 1

    def _newest(self) -> KeyVaultSecret:
        requester = ClientSecretCredential(
            self._data.tenant_id or "",
            os.environ["DEVSTACK_REQUESTER_CLIENT_ID"],
            os.environ["DEVSTACK_REQUESTER_CLIENT_SECRET"],
        )
        with SecretClient(self._where.vault_url, requester) as vault:
            return vault.get_secret(self._where.name)
