"""The doctor is told where to look by the app's own settings."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from doctor.settings import Settings, SettingsError
from queues.broker import BrokerName

ROOT = Path(__file__).parents[3]
ENVIRONMENT = {
    "AZURE_TENANT_ID": "tenant",
    "KEY_VAULT_URL": "https://contoso.vault.azure.net/",
    "AZURE_STORAGE_CONNECTION_STRING": "UseDevelopmentStorage=true",
    "POLICY_FILE": str(ROOT / "policy.toml"),
}


def test_a_connection_string_or_an_identity_based_connection() -> None:
    by_key = Settings.load({**ENVIRONMENT, "LAG_WINDOW_SECONDS": "60"})
    assert by_key.storage.connection_string == "UseDevelopmentStorage=true"
    assert by_key.vault_urls == ("https://contoso.vault.azure.net",)
    assert by_key.patience.lag == timedelta(minutes=1)
    services = {f"AzureWebJobsStorage__{kind}ServiceUri": f"https://x.{kind}.example" for kind in ("table", "queue")}
    by_identity = Settings.load({**ENVIRONMENT, "AZURE_STORAGE_CONNECTION_STRING": "", **services})
    assert by_identity.storage.connection_string is None
    assert by_identity.storage.table_service_uri == "https://x.table.example"


def test_the_broker_is_the_one_that_the_app_has() -> None:
    assert Settings.load(ENVIRONMENT).broker.chosen is BrokerName.STORAGE
    chosen = {"MESSAGE_BROKER": "servicebus", "MessageBus__fullyQualifiedNamespace": "x.servicebus.windows.net"}
    tables = {"AzureWebJobsStorage__tableServiceUri": "https://x.table.example"}
    broker = Settings.load({**ENVIRONMENT, "AZURE_STORAGE_CONNECTION_STRING": "", **tables, **chosen}).broker
    assert (broker.chosen, broker.bus_namespace) == (BrokerName.SERVICEBUS, "x.servicebus.windows.net")
    with pytest.raises(SettingsError, match="MessageBus__fullyQualifiedNamespace"):
        Settings.load({**ENVIRONMENT, "MESSAGE_BROKER": "servicebus"})
    with pytest.raises(SettingsError, match="MESSAGE_BROKER is 'kafka'"):
        Settings.load({**ENVIRONMENT, "MESSAGE_BROKER": "kafka"})


def test_the_policys_vaults_are_looked_into_as_well(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('version = "1"\n[[vaults]]\nunique_name = "f-.*"\nurl = "https://finance.vault.azure.net/"\n')
    settings = Settings.load({**ENVIRONMENT, "POLICY_FILE": str(policy)})
    assert settings.vault_urls == ("https://contoso.vault.azure.net", "https://finance.vault.azure.net")


def test_all_that_is_missing_is_named_at_once() -> None:
    with pytest.raises(SettingsError, match=re.compile("AZURE_TENANT_ID, KEY_VAULT_URL, AzureWebJobsStorage")):
        Settings.load({})
    with pytest.raises(SettingsError, match="REQUEST_DEADLINE_HOURS"):
        Settings.load({**ENVIRONMENT, "REQUEST_DEADLINE_HOURS": "soon"})
