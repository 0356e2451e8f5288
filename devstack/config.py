"""What one local stack is: its state folder, its ports, its ids and its generated secrets.

The supervisor writes `stack.json` before anything starts; every process of the stack reads it from there.
"""

import os
import secrets
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from devstack.ports import Ports, choose_ports, is_free
from devstack.project import ConfigError, Vault, project


def _new_id() -> str:
    return str(uuid4())


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)


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
    """What the app and the ticketing systems prove themselves to each other with.

    `servicenow_user` and `jira_user` (an e-mail address) are the app's accounts there, with password and API token.
    `hook` signs what is sent to a plain receiver of webhooks (standardwebhooks.com).
    """

    servicenow_user: str = Field(default_factory=lambda: project().ticketing.servicenow_user)
    servicenow_password: str = Field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    jira_user: str = Field(default_factory=lambda: project().ticketing.jira_user)
    jira_token: str = Field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)
    hook: str = Field(default_factory=lambda: f"whsec_{b64encode(secrets.token_bytes(24)).decode()}", repr=False)


def _clients() -> dict[str, Client]:
    return {name: Client() for name in project().clients}


class StackConfig(_Model):
    """The contents of `stack.json` (camelCase JSON): what is generated for one stack, and what its start asked for.

    `app` is the Functions app's user-assigned identity, `api` the app's own API, which tokens are for, `clients` are
    those of `devstack.toml`, by name. `webhook_token` is what ServiceNow sends, `jira_webhook_token` what Jira does;
    `ticketing` is for the other direction. With `identity_based_storage` Azurite speaks HTTPS and the app reaches it
    with its identity's tokens, else over HTTP by the account's key. With `recording` the app reaches it through the
    gateways of the doubles, so that its calls are noted and can be disturbed. `bus_entities` is a file with what the
    Service Bus namespace holds, in the place of the one that `devstack.toml` names. `settings` are app settings that
    the start asked for, over those of `devstack.toml`.
    """

    tenant_id: str = Field(default_factory=_new_id)
    vault_name: str = Field(default_factory=lambda: project().vault.name)
    identity_header: str = Field(default_factory=lambda: secrets.token_hex(32), repr=False)
    ports: Ports
    administrator: Client = Field(default_factory=Client)
    clients: dict[str, Client] = Field(default_factory=_clients)
    app: ManagedIdentity = Field(default_factory=ManagedIdentity)
    api: ManagedIdentity = Field(default_factory=ManagedIdentity)
    webhook_vault_name: str = Field(default_factory=lambda: project().webhook_vault.name)
    webhook_token: str = Field(default_factory=lambda: secrets.token_hex(32), repr=False)
    jira_webhook_token: str = Field(default_factory=lambda: secrets.token_hex(32), repr=False)
    ticketing: TicketingSecrets = Field(default_factory=TicketingSecrets)
    identity_based_storage: bool = False
    recording: bool = False
    bus_entities: str | None = None
    settings: dict[str, str] = {}

    def identity(self, name: str) -> ManagedIdentity:
        """An identity by its name in `devstack.toml`: `administrator`, `app`, or a client's. Raises ConfigError."""
        found = {"administrator": self.administrator, "app": self.app, **self.clients}.get(name)
        if found is None:
            raise ConfigError(f"devstack.toml gives a role to {name!r}, which is no client that it names")
        return found

    def filled_in(self, texts: Mapping[str, str]) -> dict[str, str]:
        """Texts of `devstack.toml` with this stack's values in the place of `{names}`. Raises ConfigError."""
        filled = dict[str, str]()
        for name, text in texts.items():
            try:
                filled[name] = text.format_map(self._values)
            except KeyError as unknown:
                names = ", ".join(self._values)
                raise ConfigError(f"devstack.toml names {{{unknown.args[0]}}}; there are: {names}") from unknown
            except (ValueError, IndexError, AttributeError) as error:
                what = f"{name} is no text with names in braces; a brace itself is written twice"
                raise ConfigError(f"devstack.toml: {what}: {error}") from error
        return filled

    @property
    def _values(self) -> dict[str, str | dict[str, str]]:
        """What `devstack.toml` may name in its texts; `reference` has Key Vault references to the app's secrets."""
        return {
            "tenant_id": self.tenant_id,
            "app_client_id": self.app.client_id,
            "api_client_id": self.api.client_id,
            "vault_url": self.vault_url,
            "bus_namespace": self.bus_namespace,
            "functions_url": f"http://127.0.0.1:{self.ports.functions}",
            "control_url": f"http://127.0.0.1:{self.ports.control}",
            "ticketing_url": self.ticketing_url,
            "servicenow_user": self.ticketing.servicenow_user,
            "servicenow_password": self.ticketing.servicenow_password,
            "servicenow_webhook_token": self.webhook_token,
            "jira_user": self.ticketing.jira_user,
            "jira_token": self.ticketing.jira_token,
            "jira_webhook_token": self.jira_webhook_token,
            "hook_secret": self.ticketing.hook,
            "setting": {**project().app.settings, **self.settings},
            "reference": {name: self.webhook_reference(name) for name in project().webhook_vault.secrets},
        }

    @property
    def vaults(self) -> dict[str, Vault]:
        """Both vaults by the names that they have in this stack."""
        return {self.vault_name: project().vault, self.webhook_vault_name: project().webhook_vault}

    @property
    def webhook_secrets(self) -> dict[str, str]:
        """What the vault that no team reads holds, by the secrets' names."""
        return self.filled_in(project().webhook_vault.secrets)

    def webhook_reference(self, name: str) -> str:
        """An app setting that stands for one of `webhook_secrets`. Raises KeyError."""
        if name not in project().webhook_vault.secrets:
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

    @property
    def bus_namespace(self) -> str:
        """The Service Bus namespace's host name, as Azure would give it; empty without one."""
        bus = project().bus
        return f"{bus.name}.servicebus.windows.net" if bus else ""

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
        take_port: Callable[[int], bool] = is_free,
        identity_based_storage: bool = False,
        recording: bool = False,
        bus_entities: Path | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> Self:
        """Make or refresh a state folder's configuration before a start, and save it.

        Ids and secrets are made once. Ports are too, but a remembered port that is taken meanwhile is chosen anew.
        Ports in `fixed_ports` (by service) are fixed by the user: ConfigError when taken. `take_port` may reserve what
        is chosen.
        """
        fixed = fixed_ports or {}
        if StateFolder(state).config.exists():
            config = cls.load(state)
            if config.clients.keys() != project().clients.keys():
                raise ConfigError(f"{state} has other clients than devstack.toml names; `make clean` removes it")
            ports = choose_ports(fixed, config.ports.model_dump(), take=take_port)
        else:
            ports = choose_ports(fixed, take=take_port)
            config = cls(ports=ports)
        asked = {
            "identity_based_storage": identity_based_storage,
            "recording": recording,
            "bus_entities": str(bus_entities) if bus_entities else None,
        }
        config = config.model_copy(update={"ports": ports, **asked, "settings": dict(settings or {})})
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
