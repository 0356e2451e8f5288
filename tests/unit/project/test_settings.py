"""Settings: typed, complete, and all faults in one message."""

import pytest

from shared.settings import Settings, SettingsError

GOOD = {
    "AzureWebJobsStorage": "UseDevelopmentStorage=true",
    "AZURE_TENANT_ID": "72f988bf-0000-4000-8000-2d7cd011db47",
    "KEY_VAULT_URL": "https://contoso-registrar.vault.azure.net",
    "ROTATION_SCHEDULE": "0 7 * * * *",
}


def test_defaults_are_the_documented_ones() -> None:
    settings = Settings.load(GOOD | {"UNRELATED": "x"})
    assert settings.lag_window.total_seconds() == 300
    assert settings.request_deadline.total_seconds() == 24 * 3600
    assert str(settings.policy_file) == "policy.toml"


def test_every_fault_is_named_in_one_message() -> None:
    with pytest.raises(SettingsError) as error:
        Settings.load({"KEY_VAULT_URL": "http://elsewhere.example", "LAG_WINDOW_SECONDS": "soon"})
    text = str(error.value)
    assert all(
        name in text for name in ("AzureWebJobsStorage", "AZURE_TENANT_ID", "KEY_VAULT_URL", "LAG_WINDOW_SECONDS")
    )


def test_an_empty_setting_counts_as_absent() -> None:
    with pytest.raises(SettingsError, match="AZURE_TENANT_ID"):
        Settings.load(GOOD | {"AZURE_TENANT_ID": " "})


def test_an_identity_based_connection_needs_all_three_uris() -> None:
    uris = {
        "AzureWebJobsStorage__queueServiceUri": "https://x.queue.core.windows.net",
        "AzureWebJobsStorage__tableServiceUri": "https://x.table.core.windows.net",
        "AzureWebJobsStorage__blobServiceUri": "https://x.blob.core.windows.net",
    }
    identity = {name: value for name, value in GOOD.items() if name != "AzureWebJobsStorage"} | uris
    assert Settings.load(identity).storage.connection_string is None
    del identity["AzureWebJobsStorage__tableServiceUri"]
    with pytest.raises(SettingsError, match="AzureWebJobsStorage"):
        Settings.load(identity)


def test_service_bus_is_reached_by_identity_or_by_connection_string() -> None:
    chosen = GOOD | {"MESSAGE_BROKER": "servicebus"}
    with pytest.raises(SettingsError, match=r"MessageBus__fullyQualifiedNamespace is missing\. Set it, or MessageBus"):
        Settings.load(chosen)
    by_identity = Settings.load(chosen | {"MessageBus__fullyQualifiedNamespace": "contoso.servicebus.windows.net"})
    assert by_identity.bus_connection_string is None
    string = "Endpoint=sb://localhost;SharedAccessKeyName=k;SharedAccessKey=v;UseDevelopmentEmulator=true;"
    assert Settings.load(chosen | {"MessageBus": string}).bus_connection_string == string


def test_a_connection_string_of_something_else_is_refused_without_repeating_it() -> None:
    with pytest.raises(SettingsError, match="MessageBus") as error:
        Settings.load(GOOD | {"MessageBus": "AccountName=a;AccountKey=secret"})
    assert "secret" not in str(error.value)
