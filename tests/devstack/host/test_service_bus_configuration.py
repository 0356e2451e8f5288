"""Service Bus triggers, connections and options, as the host reads them before anything runs."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest

from devstack.host.errors import BindingError, HostError
from devstack.host.hostjson import ServiceBusOptions, load_host_json
from devstack.host.service_bus import ServiceBusClients
from devstack.host.service_bus_trigger import ServiceBusTrigger, read_service_bus_trigger
from devstack.host.settings import AppSettings


def test_a_queue_with_the_platforms_defaults() -> None:
    trigger = read_service_bus_trigger({"name": "m", "queueName": "Work", "cardinality": "one"})
    assert trigger == ServiceBusTrigger(
        "m", "Work", None, "ServiceBus", binary=False, completes=True, has_sessions=False
    )
    assert trigger.path == "Work"


def test_a_subscription_with_everything_said() -> None:
    trigger = read_service_bus_trigger(
        {
            "name": "m",
            "topicName": "events",
            "subscriptionName": "all/$DeadLetterQueue",
            "connection": "Bus",
            "dataType": "BINARY",
            "autoCompleteMessages": False,
            "isSessionsEnabled": True,
        }
    )
    assert (trigger.connection, trigger.binary, trigger.completes, trigger.has_sessions) == ("Bus", True, False, True)
    assert trigger.path == "events/Subscriptions/all/$DeadLetterQueue"


@pytest.mark.parametrize(
    ("binding", "message"),
    [
        ({"queueName": "q", "cardinality": "MANY"}, "one Service Bus message per call"),
        ({}, "either a queue, or a topic and its subscription"),
        ({"topicName": "t"}, "either a queue, or a topic and its subscription"),
        ({"queueName": "q", "topicName": "t", "subscriptionName": "s"}, "either a queue, or a topic"),
    ],
)
def test_what_is_no_trigger_of_this_host(binding: dict[str, object], message: str) -> None:
    with pytest.raises(BindingError, match=message):
        read_service_bus_trigger({"name": "m", **binding})


def test_options_default_to_the_extensions(tmp_path: Path) -> None:
    options = _options(tmp_path)
    assert options.auto_complete_messages
    assert options.max_auto_lock_renewal_duration == timedelta(minutes=5)
    assert options.max_concurrent_sessions == 8
    assert options.session_idle_timeout == timedelta(minutes=1)
    assert options.calls() % 16 == 0


@pytest.mark.parametrize(
    ("option", "value"),
    [("prefetchCount", 10), ("maxConcurrentCallsPerSession", 2), ("sessionIdleTimeout", "00:00:00")],
)
def test_an_option_that_would_change_what_happens_is_refused(tmp_path: Path, option: str, value: object) -> None:
    with pytest.raises(HostError, match=rf"extensions\.serviceBus.*{option}"):
        _options(tmp_path, **{option: value})


def test_a_connection_that_no_setting_describes() -> None:
    clients = ServiceBusClients(AppSettings({"Bus__clientId": "x"}))
    with pytest.raises(BindingError, match="Bus__fullyQualifiedNamespace"):
        asyncio.run(clients.client("Bus"))


def _options(folder: Path, **options: object) -> ServiceBusOptions:
    (folder / "host.json").write_text(json.dumps({"version": "2.0", "extensions": {"serviceBus": options}}))
    host, _ = load_host_json(folder, AppSettings({}))
    return host.extensions.service_bus
