"""Which application signs in, and whether its secret is right."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from devstack.doubles.documents import Document
from devstack.doubles.entra import errors
from devstack.doubles.world import World


@dataclass(frozen=True)
class Client:
    """A client application of the tenant with its service principal there."""

    application: Document
    principal: Document

    @property
    def app_id(self) -> str:
        """The client id."""
        return self.application["appId"]

    def credentials(self, collection: str) -> list[Document]:
        """The `passwordCredentials` or `keyCredentials` of both objects: Entra accepts either object's."""
        return [*self.application.get(collection, ()), *self.principal.get(collection, ())]


def find_client(world: World, client_id: str) -> Client:
    """The client with that id. Raises SignInRefusedError when it cannot sign in to the tenant at all."""
    view = world.primary()
    applications = view.find("applications", "appId", client_id)
    if not applications:
        raise errors.unknown_application(client_id, world.tenant.display_name)
    principals = view.find("servicePrincipals", "appId", client_id)
    if not principals:
        raise errors.no_service_principal(client_id, world.tenant.id)
    client = Client(applications[0], principals[0])
    if client.application.get("isDisabled") or client.principal.get("accountEnabled") is False:
        raise errors.disabled_application(client_id, client.principal.get("displayName") or "")
    return client


def check_secret(client: Client, secret: str, now: datetime) -> None:
    """Raises SignInRefusedError unless `secret` is one of the client's, known to this endpoint and not expired."""
    digest = hashlib.sha256(secret.encode()).hexdigest()
    usable = [
        credential
        for credential in client.credentials("passwordCredentials")
        if hmac.compare_digest(credential["_hash"], digest) and is_active(credential, now)
    ]
    if not usable:
        raise errors.wrong_secret(client.app_id)
    if all(has_ended(credential, now) for credential in usable):
        raise errors.expired_secret(client.app_id)


def is_active(credential: dict[str, Any], now: datetime) -> bool:
    """Return whether the endpoint knows the credential yet, and its time has come."""
    if credential.get("_activeFrom", 0.0) > now.timestamp():
        return False
    start = credential.get("startDateTime")
    return start is None or datetime.fromisoformat(start) <= now


def has_ended(credential: dict[str, Any], now: datetime) -> bool:
    """Return whether the credential's `endDateTime` has passed."""
    end = credential.get("endDateTime")
    return end is not None and datetime.fromisoformat(end) <= now
