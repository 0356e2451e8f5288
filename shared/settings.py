"""The app's settings: typed, read once per worker, with all faults reported in one message."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from shared.core.naming import VAULT_URL_PATTERN


class SettingsError(ValueError):
    """Settings are missing or wrong; the message names every one of them."""


class StorageSettings(BaseModel):
    """The storage account: the Functions host's connection `AzureWebJobsStorage`.

    Either a connection string, or the three service URIs for an identity-based connection.
    """

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    connection_string: str | None = Field(None, alias="AzureWebJobsStorage", min_length=1)
    queue_service_uri: str | None = Field(None, alias="AzureWebJobsStorage__queueServiceUri")
    table_service_uri: str | None = Field(None, alias="AzureWebJobsStorage__tableServiceUri")
    blob_service_uri: str | None = Field(None, alias="AzureWebJobsStorage__blobServiceUri")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        uris = (self.queue_service_uri, self.table_service_uri, self.blob_service_uri)
        if self.connection_string is None and not all(uris):
            raise ValueError(
                "AzureWebJobsStorage is missing. Set it, or AzureWebJobsStorage__queueServiceUri, __tableServiceUri "
                "and __blobServiceUri"
            )
        return self


class Settings(BaseModel):
    """Everything the app reads from its environment. Durations carry their unit in the setting's name."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    storage: StorageSettings
    tenant_id: str = Field(alias="AZURE_TENANT_ID", pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")
    key_vault_url: str = Field(alias="KEY_VAULT_URL", pattern=VAULT_URL_PATTERN)
    policy_file: Path = Field(Path("policy.toml"), alias="POLICY_FILE")
    ticketing_file: Path = Field(Path("ticketing.toml"), alias="TICKETING_FILE")
    lag_window_seconds: int = Field(300, alias="LAG_WINDOW_SECONDS", ge=0, le=3600)
    request_deadline_hours: int = Field(24, alias="REQUEST_DEADLINE_HOURS", ge=1, le=168)
    approval_deadline_days: int = Field(14, alias="APPROVAL_DEADLINE_DAYS", ge=1, le=90)
    rotation_schedule: str = Field(alias="ROTATION_SCHEDULE", pattern=r"^\S+( \S+){5}$")
    """NCRONTAB with seconds, in UTC. Read by the host, which cannot start the trigger without it."""
    api_audience: str | None = Field(None, alias="API_AUDIENCE", pattern=r"^(?:[0-9a-fA-F-]{36}|(?:api|https)://\S+)$")
    on_premises: str = Field("", alias="ON_PREMISES_HOSTS", pattern=r"^[a-z0-9.-]+( *, *[a-z0-9.-]+)*$")
    """Hosts of ticketing systems that may have private addresses, as exact names in lower case."""
    authority_host: str = Field(
        "https://login.microsoftonline.com", alias="AZURE_AUTHORITY_HOST", pattern=r"^(?:https://)?[A-Za-z0-9.-]+/?$"
    )

    message_broker: Literal["storage", "servicebus"] = Field("storage", alias="MESSAGE_BROKER")
    """Read by `functions.brokers`, too, when the host indexes the triggers."""
    bus_namespace: str | None = Field(
        None,
        alias="MessageBus__fullyQualifiedNamespace",
        pattern=r"^[A-Za-z][A-Za-z0-9-]{4,48}[A-Za-z0-9](\.[a-z0-9-]+)+$",
    )
    """Host name of the Service Bus namespace, for an identity-based connection; the host reads the same settings."""
    bus_connection_string: str | None = Field(None, alias="MessageBus", pattern=r"(?i)^(.*;)?endpoint=sb://[^;]+")
    """The namespace's connection string. If there is one, the host uses it, and so do we."""

    @model_validator(mode="after")
    def _namespace_for_service_bus(self) -> Self:
        if self.message_broker == "servicebus" and self.bus_namespace is None and self.bus_connection_string is None:
            raise ValueError(
                "MESSAGE_BROKER is servicebus, and MessageBus__fullyQualifiedNamespace is missing. "
                "Set it, or MessageBus"
            )
        return self

    @property
    def lag_window(self) -> timedelta:
        """How long a read may be older than our own write before it counts."""
        return timedelta(seconds=self.lag_window_seconds)

    @property
    def request_deadline(self) -> timedelta:
        """How long a request may take before it is answered `failed`."""
        return timedelta(hours=self.request_deadline_hours)

    @property
    def approval_deadline(self) -> timedelta:
        """How long a request waits for a decision before it is answered `rejected`."""
        return timedelta(days=self.approval_deadline_days)

    @property
    def on_premises_hosts(self) -> frozenset[str]:
        """Names of the hosts that may have private addresses."""
        return frozenset(name.strip() for name in self.on_premises.split(",") if name.strip())

    @property
    def authority(self) -> str:
        """Base URL of Entra's sign-in, without a trailing slash. azure-identity reads the same setting."""
        return f"https://{self.authority_host.removeprefix('https://').rstrip('/')}"

    @classmethod
    def load(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the settings from an environment; empty values count as absent.

        Raises SettingsError naming every setting that is missing or wrong.
        """
        present: dict[str, Any] = {name: value for name, value in environment.items() if value.strip()}
        try:
            return cls.model_validate({**present, "storage": present})
        except ValidationError as error:
            raise SettingsError("; ".join(_fault(dict(fault)) for fault in error.errors())) from None


def _fault(fault: dict[str, Any]) -> str:
    name = ".".join(str(part) for part in fault["loc"] if part != "storage")
    return f"{name or 'storage'}: {fault['msg']}"
