"""What `devstack.toml` says: the tenant that a stack starts with, and what the app under test is given.

All that is particular to one app is in that file, beside the app's own; no module of the stack knows it.
"""

import tomllib
from functools import cache
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

REPOSITORY = Path(__file__).resolve().parent.parent
"""The checkout: the app under test, `devstack.toml`, and `node_modules` with Azurite."""
FILE = REPOSITORY / "devstack.toml"


class ConfigError(Exception):
    """A configuration does not allow a stack to run; the text is for the user."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TenantNames(_Part):
    """The names of the one tenant: `domain` is people's sign-in names have, `mail_domain` their addresses."""

    display_name: str
    domain: str
    mail_domain: str


class App(_Part):
    """The Functions app: its identity's name and roles, its settings, its storage's layout, what workers import."""

    name: str
    graph_roles: list[str] = []
    storage: str
    preload: list[str] = []
    withheld: list[str] = []
    settings: dict[str, str] = {}


class Api(_Part):
    """The app's own API: a file with the application as Graph takes it, and the scope that people's tokens have."""

    application: str
    unique_name: str
    scope: str


class Program(_Part):
    """A client with a secret; `api_roles` are those of the app's API that it holds."""

    display_name: str
    api_roles: list[str] = []


class Person(_Part):
    """A user of the tenant. `name` is the part before the @; `mail` and `aliases` are without their domain, too."""

    name: str
    display_name: str
    mail: str | None = None
    aliases: list[str] = []
    is_blocked: bool = False
    api_roles: list[str] = []


class Vault(_Part):
    """A vault: who holds which built-in roles (`administrator`, `app`, or a client's name), and its first secrets."""

    name: str
    roles: dict[str, list[str]] = {}
    secrets: dict[str, str] = {}


class Bus(_Part):
    """A Service Bus namespace: a file with its entities, and who holds which built-in roles, as for a vault."""

    name: str
    entities: str
    roles: dict[str, list[str]] = {}


class JiraProject(_Part):
    """The one project of the Jira double; `form` maps names in events to the issue's custom fields."""

    project_key: str
    project_name: str
    form: dict[str, str] = {}


class Ticketing(_Part):
    """The app's accounts in the ticketing systems, and where and how those tell it of events.

    `events_path` may name the `{source}`, servicenow or jira; `token_header` carries its token.
    """

    servicenow_user: str
    jira_user: str
    events_path: str
    token_header: str
    jira: JiraProject


class Guide(_Part):
    """What is said of the app when the stack has started."""

    text: str = ""


class Project(_Part):
    """The contents of `devstack.toml`."""

    tenant: TenantNames
    app: App
    api: Api
    clients: dict[str, Program] = {}
    client_environment: dict[str, str] = {}
    vault: Vault
    webhook_vault: Vault
    bus: Bus | None = None
    ticketing: Ticketing
    people: list[Person] = []
    guide: Guide = Guide()

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read a file. Raises ConfigError when it is missing or says what nothing knows."""
        try:
            return cls.model_validate(tomllib.loads(file.read_text()))
        except FileNotFoundError as missing:
            raise ConfigError(f"{file} is missing: it says what the stack holds; see devstack/README.md") from missing
        except (tomllib.TOMLDecodeError, ValidationError) as invalid:
            raise ConfigError(f"{file} cannot be used: {invalid}") from invalid


@cache
def project() -> Project:
    """The project of this checkout, read once per process. Raises ConfigError."""
    return Project.read(FILE)
