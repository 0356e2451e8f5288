"""Settings: those of the product, read from an environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from queues.broker import BrokerName


class SettingsError(ValueError):
    """A setting is missing or invalid; the message names every such setting."""


@dataclass(frozen=True)
class BrokerSettings:
    """How each broker is reached: queues by a connection string or their service's URI, the namespace by its name."""

    chosen: BrokerName = BrokerName.STORAGE
    connection_string: str | None = field(default=None, repr=False)
    queue_service_uri: str | None = None
    bus_namespace: str | None = None

    @classmethod
    def load(cls, environment: Mapping[str, str]) -> "BrokerSettings":
        """Read an environment; what the chosen broker lacks is found by `missing`. Raises SettingsError."""
        present = {name: value for name, value in environment.items() if value.strip()}
        named = present.get("MESSAGE_BROKER", BrokerName.STORAGE)
        if named not in BrokerName:
            raise SettingsError(f"MESSAGE_BROKER is {named!r}. Set it to storage or servicebus, as the app has it")
        return cls(
            chosen=BrokerName(named),
            connection_string=present.get("AzureWebJobsStorage") or present.get("AZURE_STORAGE_CONNECTION_STRING"),
            queue_service_uri=present.get("AzureWebJobsStorage__queueServiceUri"),
            bus_namespace=present.get("MessageBus__fullyQualifiedNamespace"),
        )

    def missing(self, broker: BrokerName) -> str | None:
        """Return the setting that reaching a broker takes and that is missing."""
        match broker:
            case BrokerName.STORAGE:
                is_known = self.connection_string or self.queue_service_uri
                return None if is_known else "AzureWebJobsStorage (or its __queueServiceUri)"
            case BrokerName.SERVICEBUS:
                return None if self.bus_namespace else "MessageBus__fullyQualifiedNamespace"

    def check(self, *brokers: BrokerName) -> None:
        """Raise SettingsError when a broker cannot be reached with these settings."""
        missing = [name for broker in brokers if (name := self.missing(broker))]
        if missing:
            names = ", ".join(missing)
            raise SettingsError(f"missing settings: {names}. Set them as the app has them (docs/changing-brokers.md)")


@dataclass(frozen=True)
class RegistrarSettings:
    """The registrar's HTTP API for operators: its base URL, and a function key where it asks for one."""

    url: str
    key: str | None = field(default=None, repr=False)

    @classmethod
    def load(cls, environment: Mapping[str, str]) -> "RegistrarSettings":
        """Read an environment. Raises SettingsError."""
        url = environment.get("REGISTRAR_URL", "").strip().rstrip("/")
        if not url:
            raise SettingsError(
                "REGISTRAR_URL is missing. Set it to the app's base URL, https://….azurewebsites.net, and "
                "REGISTRAR_FUNCTION_KEY to a function key: a failed request is replayed by the registrar itself"
            )
        return cls(url, environment.get("REGISTRAR_FUNCTION_KEY", "").strip() or None)
