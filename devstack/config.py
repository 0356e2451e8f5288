"""What one local stack is: its state folder, its ports, its ids and its generated secrets.

The supervisor writes `stack.json` before anything starts; every process of the stack reads it from there.
"""

import os
import random
import secrets
import socket
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

_PORT_RANGE = range(20_000, 30_000)
"""Below the ranges from which Linux (32768 up) and macOS (49152 up) lend ports to outgoing connections, so
that a remembered port is rarely lost to one; away from the usual ones of Azurite (10000 up) and Core Tools."""


def _new_id() -> str:
    return str(uuid4())


class ConfigError(Exception):
    """The state folder or a wish for a port does not allow a stack to run; the text is for the user."""


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)


class Ports(_Model):
    """TCP ports on 127.0.0.1, one per service of the stack.

    `blob`, `queue` and `table` are Azurite's own; the gateways stand before them for the app whose calls are recorded.
    `ticketing` is 0 in a file that is older than it, until the next start chooses one.
    """

    https: int
    proxy: int
    identity: int
    control: int
    blob: int
    queue: int
    table: int
    functions: int
    functions_2: int
    blob_gateway: int
    queue_gateway: int
    table_gateway: int
    ticketing: int = 0


class ManagedIdentity(_Model):
    """A service principal without a secret of its own. `object_id` is the service principal's id."""

    client_id: str = Field(default_factory=_new_id)
    object_id: str = Field(default_factory=_new_id)


class Client(ManagedIdentity):
    """A seeded application that signs in with a client secret."""

    client_secret: str = Field(default_factory=lambda: secrets.token_urlsafe(30), repr=False)


@dataclass(frozen=True)
class StateFolder:
    """Where the files of one stack lie."""

    root: Path

    @property
    def config(self) -> Path:
        """Ports, ids and secrets, readable by the owner alone."""
        return self.root / "stack.json"

    @property
    def clock(self) -> Path:
        """The stack clock's offset; see `devstack.clock`."""
        return self.root / "clock"

    @property
    def certificates(self) -> Path:
        """The stack's own CA and the server's certificate; see `devstack.certificates`."""
        return self.root / "certificates"

    @property
    def documents(self) -> Path:
        """The doubles' documents."""
        return self.root / "doubles.db"

    @property
    def azurite(self) -> Path:
        """Azurite's files."""
        return self.root / "azurite"

    @property
    def logs(self) -> Path:
        """One log per process."""
        return self.root / "logs"

    @property
    def temporary(self) -> Path:
        """Where the processes put temporary files, so that a search for secrets sees them."""
        return self.root / "temporary"

    @property
    def template(self) -> Path:
        """Socket of the process that forks the others, where one does; see `devstack.template`."""
        return self.root / "template.sock"

    @property
    def lock(self) -> Path:
        """Locked by the running supervisor, so that no two stacks share a folder."""
        return self.root / "lock"


class TicketingSecrets(_Model):
    """What the registrar and the ticketing systems prove themselves to each other with.

    `servicenow_user` and `jira_user` (an e-mail address) are the registrar's accounts there, with password and API
    token. `hook` signs what is sent to a plain receiver of webhooks (standardwebhooks.com).
    """

    servicenow_user: str = "registrar.integration"
    servicenow_password: str = Field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    jira_user: str = "registrar@contoso.example"
    jira_token: str = Field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)
    hook: str = Field(default_factory=lambda: f"whsec_{b64encode(secrets.token_bytes(24)).decode()}", repr=False)


class StackConfig(_Model):
    """The contents of `stack.json` (camelCase JSON).

    `registrar` is the Functions app's user-assigned identity, `api` the registrar's own API, which tokens are for,
    `reader` a client that holds its role Registrar.Reader, and `approver` one that holds Registrar.Approver, too.
    `webhook_token` is what ServiceNow sends, `jira_webhook_token` what Jira does, and `ticketing` is for the other
    direction. With `identity_based_storage` Azurite speaks HTTPS and the app reaches it with that identity's tokens,
    else over HTTP by the account's key. With `recording` the app reaches it through the gateways of the doubles, so
    that its calls are noted and can be disturbed.
    """

    tenant_id: str = Field(default_factory=_new_id)
    vault_name: str = "contoso-registrar"
    identity_header: str = Field(default_factory=lambda: secrets.token_hex(32), repr=False)
    ports: Ports
    administrator: Client = Field(default_factory=Client)
    requester: Client = Field(default_factory=Client)
    registrar: ManagedIdentity = Field(default_factory=ManagedIdentity)
    api: ManagedIdentity = Field(default_factory=ManagedIdentity)
    reader: Client = Field(default_factory=Client)
    approver: Client = Field(default_factory=Client)
    webhook_vault_name: str = "contoso-webhooks"
    webhook_token: str = Field(default_factory=lambda: secrets.token_hex(32), repr=False)
    jira_webhook_token: str = Field(default_factory=lambda: secrets.token_hex(32), repr=False)
    ticketing: TicketingSecrets = Field(default_factory=TicketingSecrets)
    identity_based_storage: bool = False
    recording: bool = False

    @property
    def webhook_secrets(self) -> dict[str, str]:
        """What the vault that no team reads holds, by the secrets' names."""
        return {
            "servicenow-webhook-token": self.webhook_token,
            "jira-webhook-token": self.jira_webhook_token,
            "servicenow-password": self.ticketing.servicenow_password,
            "jira-token": self.ticketing.jira_token,
            "ticket-hook-secret": self.ticketing.hook,
        }

    def webhook_reference(self, name: str) -> str:
        """An app setting that stands for one of `webhook_secrets`."""
        if name not in self.webhook_secrets:
            raise KeyError(name)
        return f"@Microsoft.KeyVault(SecretUri=https://{self.webhook_vault_name}.vault.azure.net/secrets/{name})"

    @property
    def ticketing_url(self) -> str:
        """Where ServiceNow, Jira and the receiver of webhooks are."""
        return f"https://localhost:{self.ports.ticketing}"

    @property
    def vault_url(self) -> str:
        """The vault's URL, as Azure would give it."""
        return f"https://{self.vault_name}.vault.azure.net"

    @classmethod
    def load(cls, state: Path) -> Self:
        """Read a state folder's configuration. Raises ConfigError when there is none or it cannot be read."""
        file = StateFolder(state).config
        try:
            return cls.model_validate_json(file.read_text())
        except FileNotFoundError as missing:
            raise ConfigError(f"there is no stack in {state}: {file.name} is missing") from missing
        except ValidationError as invalid:
            raise ConfigError(f"{file} is not a stack's configuration; `make clean` removes it") from invalid

    @classmethod
    def prepare(
        cls,
        state: Path,
        fixed_ports: Mapping[str, int] | None = None,
        *,
        identity_based_storage: bool = False,
        recording: bool = False,
    ) -> Self:
        """Make or refresh a state folder's configuration before a start, and save it.

        Ids and secrets are made once. Ports are too, but a remembered port that somebody else took meanwhile
        is chosen anew. Ports in `fixed_ports` (by service) are wishes of the user: ConfigError when taken.
        """
        fixed = fixed_ports or {}
        if StateFolder(state).config.exists():
            config = cls.load(state)
            ports = choose_ports(fixed, config.ports.model_dump())
        else:
            ports = choose_ports(fixed)
            config = cls(ports=ports)
        wanted = {"identity_based_storage": identity_based_storage, "recording": recording}
        config = config.model_copy(update={"ports": ports, **wanted})
        config.save(state)
        return config

    def save(self, state: Path) -> None:
        """Write `stack.json`, readable by its owner alone, in one step."""
        file = StateFolder(state).config
        state.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(self.model_dump_json(by_alias=True, indent=2) + "\n")
        draft.replace(file)


def choose_ports(fixed: Mapping[str, int], remembered: Mapping[str, int] | None = None) -> Ports:
    """One port per service: the user's wish, else the remembered one while it is free, else a free one.

    Raises ConfigError for an unknown service, and when a wished-for port is taken.
    """
    services = tuple(Ports.model_fields)
    for service, port in fixed.items():
        if service not in services:
            raise ConfigError(f"there is no port for {service!r}; there are: {', '.join(services)}")
        if not is_free(port):
            raise ConfigError(f"port {port} ({service}) is taken by another program")
    if len(set(fixed.values())) < len(fixed):
        raise ConfigError("two services cannot share a port")
    kept = dict(fixed)
    for service, port in (remembered or {}).items():
        if port and service not in kept and port not in kept.values() and is_free(port):
            kept[service] = port
    fresh = _free_ports(avoid=set(kept.values()))
    return Ports.model_validate({service: kept.get(service) or next(fresh) for service in services})


def is_free(port: int) -> bool:
    """Whether a server could listen on the port of 127.0.0.1 now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _free_ports(avoid: set[int]) -> Iterator[int]:
    candidates = [port for port in _PORT_RANGE if port not in avoid]
    random.shuffle(candidates)
    yield from (port for port in candidates if is_free(port))
    raise ConfigError(f"no free port between {_PORT_RANGE.start} and {_PORT_RANGE.stop - 1}")
