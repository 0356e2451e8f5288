"""The doctor's settings: those of the product, read from an environment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

from doctor.patience import Patience
from queues.broker import BrokerName
from queues.settings import BrokerSettings, SettingsError
from shared.policy.policy_file import Policy, load_policy

type StorageService = Literal["table", "queue", "blob"]


@dataclass(frozen=True)
class StorageSettings:
    """The registrar's storage account: its connection string, or else the URIs of the services that are read."""

    connection_string: str | None = None
    table_service_uri: str | None = None
    blob_service_uri: str | None = None

    @classmethod
    def load_for_audit(cls, environment: Mapping[str, str]) -> "StorageSettings":
        """Read the settings for verifying the audit record: tables and blobs. Raises SettingsError."""
        services: tuple[StorageService, ...] = ("table", "blob")
        storage = _storage(_present(environment), services)
        if storage is None:
            raise _missing([_storage_setting(services)], "docs/audit.md")
        return storage


@dataclass(frozen=True)
class Settings:
    """The settings for examining a tenant; the names are those of the app's own."""

    tenant_id: str
    vault_urls: tuple[str, ...]
    storage: StorageSettings
    broker: BrokerSettings
    policy: Policy
    patience: Patience
    authority: str = "https://login.microsoftonline.com"

    @classmethod
    def load(cls, environment: Mapping[str, str]) -> "Settings":
        """Read an environment. Raises SettingsError, or PolicyError for an invalid policy file."""
        present = _present(environment)
        broker = BrokerSettings.load(present)
        services: tuple[StorageService, ...] = ("table", "queue") if broker.chosen is BrokerName.STORAGE else ("table",)
        storage = _storage(present, services)
        missing = [name for name in ("AZURE_TENANT_ID", "KEY_VAULT_URL") if name not in present]
        if storage is None:
            missing.append(_storage_setting(services))
        if broker.chosen is BrokerName.SERVICEBUS and (name := broker.missing(broker.chosen)):
            missing.append(name)
        if missing or storage is None:
            raise _missing(missing, "docs/runbook.md")
        policy = load_policy(Path(present.get("POLICY_FILE", "policy.toml")))
        return cls(
            tenant_id=present["AZURE_TENANT_ID"],
            vault_urls=_vault_urls(present["KEY_VAULT_URL"], policy),
            storage=storage,
            broker=broker,
            policy=policy,
            patience=_patience(present),
            authority=_authority(present.get("AZURE_AUTHORITY_HOST", "login.microsoftonline.com")),
        )


def _present(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if value.strip()}


def _storage(present: Mapping[str, str], services: Sequence[StorageService]) -> StorageSettings | None:
    """Read the account's settings; None if neither a connection string nor every service's URI is set."""
    uris = {service: present.get(f"AzureWebJobsStorage__{service}ServiceUri") for service in services}
    connection_string = present.get("AzureWebJobsStorage") or present.get("AZURE_STORAGE_CONNECTION_STRING")
    if connection_string is None and not all(uris.values()):
        return None
    return StorageSettings(connection_string, uris.get("table"), uris.get("blob"))


def _storage_setting(services: Sequence[StorageService]) -> str:
    return f"AzureWebJobsStorage (or its {' and '.join(f'__{service}ServiceUri' for service in services)})"


def _missing(names: Sequence[str], document: str) -> SettingsError:
    return SettingsError(f"missing settings: {', '.join(names)}. Set them as the app has them ({document})")


def _vault_urls(default: str, policy: Policy) -> tuple[str, ...]:
    """Return the vault of the settings, and those of the policy."""
    urls = (default, *(rule.url for rule in policy.vaults))
    return tuple(dict.fromkeys(url.rstrip("/") for url in urls))


def _authority(host: str) -> str:
    return host.rstrip("/") if "://" in host else f"https://{host.rstrip('/')}"


def _patience(environment: Mapping[str, str]) -> Patience:
    try:
        return Patience(
            lag=timedelta(seconds=int(environment.get("LAG_WINDOW_SECONDS", "300"))),
            deadline=timedelta(hours=int(environment.get("REQUEST_DEADLINE_HOURS", "24"))),
        )
    except ValueError:
        names = ("LAG_WINDOW_SECONDS", "REQUEST_DEADLINE_HOURS")
        held = ", ".join(f"{name} is {environment[name]!r}" for name in names if name in environment)
        raise SettingsError(f"{' and '.join(names)} must be whole numbers: {held}") from None
