"""What a requester does with an answer: read the secret from the vault, and sign in with it."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from azure.identity import ClientSecretCredential
from azure.keyvault.secrets import KeyVaultSecretIdentifier, SecretClient

from demo.answer import Answer, Data
from demo.bus import RequesterBus
from demo.control import ControlPlane
from demo.queues import Requester, RequesterQueues
from devstack.process import StackError

_POLL_SECONDS = 0.25
_FIRST_PATIENCE_SECONDS = 15.0
"""Until the first call to a service: the worker may still be starting."""
_PATIENCE_SECONDS = 1.5
_FIRST_MOVE_SECONDS = 15
_LONGEST_MOVE_SECONDS = 3600
_MOST_MOVED_SECONDS = 25 * 3600
"""More than the 24 hours after which every request has its answer."""


@dataclass(frozen=True)
class Proof:
    """A token was obtained with the stored secret, good for so many seconds."""

    client_id: str
    resource_uri: str
    seconds: float


def read_secret_and_sign_in(data: Data) -> Proof:
    """Read the first credential's value as the requester, and get a token for the first API with it.

    The requester holds Key Vault Secrets User on the vault and nothing else. The value stays in this function.
    """
    tenant, client = data.tenant_id or "", data.client_id or ""
    requester = ClientSecretCredential(
        tenant, os.environ["DEVSTACK_REQUESTER_CLIENT_ID"], os.environ["DEVSTACK_REQUESTER_CLIENT_SECRET"]
    )
    where = KeyVaultSecretIdentifier(data.credentials[0].key_vault_secret_uri)
    with SecretClient(where.vault_url, requester) as vault:
        value = vault.get_secret(where.name).value or ""
    resource = data.api_permissions[0].resource_uri
    token = ClientSecretCredential(tenant, client, value).get_token(f"{resource}/.default")
    return Proof(client, resource, token.expires_on - time.time())


def await_answer(queues: Requester, control: ControlPlane, request_id: str, tell: Callable[[str], None]) -> Answer:
    """Wait for the answer to a request. When no service is called for a while, move the stack clock.

    By a little after anything happened, else by twice as much as the last time.
    Raises StackError when there is none after more than a day of the stack's time.
    """
    moved, move = 0, _FIRST_MOVE_SECONDS
    seen, patience = control.calls(), _FIRST_PATIENCE_SECONDS
    quiet_since = time.monotonic()
    while moved <= _MOST_MOVED_SECONDS:
        if answers := queues.take_answers(request_id):
            return Answer.of(answers[-1])
        calls = control.calls()
        if calls != seen:
            seen, patience, quiet_since = calls, _PATIENCE_SECONDS, time.monotonic()
            move = _FIRST_MOVE_SECONDS
        elif time.monotonic() - quiet_since > patience:
            tell(f"nothing happens: the stack's clock moves {move} s forward")
            control.advance(move)
            moved, move = moved + move, min(move * 2, _LONGEST_MOVE_SECONDS)
            patience, quiet_since = _PATIENCE_SECONDS, time.monotonic()
        time.sleep(_POLL_SECONDS)
    raise StackError(f"{request_id} has no answer after {moved // 3600} hours on the stack's clock")


def connect(environment: Mapping[str, str] = os.environ) -> tuple[Requester, ControlPlane]:
    """The queues and the control plane that the environment names."""
    return requester(environment), ControlPlane(environment["DEVSTACK_CONTROL_URL"])


def has_bus(environment: Mapping[str, str]) -> bool:
    """Return whether messages travel over Service Bus."""
    return environment["MESSAGE_BROKER"] == "servicebus"


def requester(environment: Mapping[str, str]) -> Requester:
    """The requester's side of the broker that the environment names."""
    if has_bus(environment):
        return bus_requester(environment)
    return RequesterQueues(environment["AZURE_STORAGE_CONNECTION_STRING"], environment["REQUESTS_CA_BUNDLE"])


def bus_requester(environment: Mapping[str, str]) -> RequesterBus:
    """The requester's side of the Service Bus namespace."""
    return RequesterBus(
        namespace=environment["MessageBus__fullyQualifiedNamespace"],
        tenant_id=environment["AZURE_TENANT_ID"],
        client_id=environment["DEVSTACK_REQUESTER_CLIENT_ID"],
        client_secret=environment["DEVSTACK_REQUESTER_CLIENT_SECRET"],
        proxy=environment["HTTPS_PROXY"],
        ca_bundle=environment["REQUESTS_CA_BUNDLE"],
    )
