"""The operators' commands are told where to look by the app's own settings."""

import re

import pytest

from queues.broker import BrokerName
from queues.settings import BrokerSettings, RegistrarSettings, SettingsError


def test_storage_is_the_default_by_connection_string_or_uri() -> None:
    settings = BrokerSettings.load({"AZURE_STORAGE_CONNECTION_STRING": "UseDevelopmentStorage=true"})
    assert settings.chosen is BrokerName.STORAGE
    settings.check(BrokerName.STORAGE)
    BrokerSettings.load({"AzureWebJobsStorage__queueServiceUri": "https://x"}).check(BrokerName.STORAGE)
    assert "UseDevelopmentStorage" not in repr(settings)


def test_all_that_is_missing_is_named_at_once() -> None:
    names = "AzureWebJobsStorage (or its __queueServiceUri), MessageBus__fullyQualifiedNamespace"
    with pytest.raises(SettingsError, match=re.escape(names)):
        BrokerSettings.load({"AzureWebJobsStorage": " "}).check(BrokerName.STORAGE, BrokerName.SERVICEBUS)
    with pytest.raises(SettingsError, match="MESSAGE_BROKER is 'kafka'"):
        BrokerSettings.load({"MESSAGE_BROKER": "kafka"})
    with pytest.raises(SettingsError, match="REGISTRAR_URL is missing"):
        RegistrarSettings.load({})


def test_the_registrars_url_and_key() -> None:
    settings = RegistrarSettings.load({"REGISTRAR_URL": "https://app.example/", "REGISTRAR_FUNCTION_KEY": "k"})
    assert (settings.url, settings.key) == ("https://app.example", "k")
    assert RegistrarSettings.load({"REGISTRAR_URL": "http://x", "REGISTRAR_FUNCTION_KEY": ""}).key is None
