"""Where to look: the product's own settings, read from an environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from doctor.breach import Patience
from shared.policy.model import Policy, load_policy


class SettingsError(ValueError):
    """The environment does not say where to look; the message names every setting that is missing."""


@dataclass(frozen=True)
class Settings:
    """The names are those of the app's own settings; storage is a connection string or two service URIs."""

    tenant_id: str
    vault_urls: tuple[str, ...]
    policy: Policy
    patience: Patience
    authority: str = "https://login.microsoftonline.com"
    storage_connection_string: str | None = None
    table_service_uri: str | None = None
    queue_service_uri: str | None = None

    @classmethod
    def load(cls, environment: Mapping[str, str]) -> "Settings":
        """Read an environment. Raises SettingsError, or PolicyError for what is wrong with the policy file."""
        present = {name: value for name, value in environment.items() if value.strip()}
        connection_string = present.get("AzureWebJobsStorage") or present.get("AZURE_STORAGE_CONNECTION_STRING")
        table, queue = (present.get(f"AzureWebJobsStorage__{kind}ServiceUri") for kind in ("table", "queue"))
        missing = [name for name in ("AZURE_TENANT_ID", "KEY_VAULT_URL") if name not in present]
        if connection_string is None and not (table and queue):
            missing.append("AzureWebJobsStorage (or its __tableServiceUri and __queueServiceUri)")
        if missing:
            raise SettingsError(
                f"missing settings: {', '.join(missing)}. Set them as the app has them (docs/runbook.md)"
            )
        policy = load_policy(Path(present.get("POLICY_FILE", "policy.toml")))
        return cls(
            tenant_id=present["AZURE_TENANT_ID"],
            vault_urls=_vaults(present["KEY_VAULT_URL"], policy),
            policy=policy,
            patience=_patience(present),
            authority=_authority(present.get("AZURE_AUTHORITY_HOST", "login.microsoftonline.com")),
            storage_connection_string=connection_string,
            table_service_uri=table,
            queue_service_uri=queue,
        )


def _vaults(default: str, policy: Policy) -> tuple[str, ...]:
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
