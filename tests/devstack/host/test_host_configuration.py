"""host.json, settings, connections, expressions and time spans: what the host reads before anything runs."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from devstack.host.errors import BindingError, HostError
from devstack.host.expressions import resolve_names, resolve_settings
from devstack.host.hostjson import load_host_json
from devstack.host.settings import AppSettings
from devstack.host.storage import find_account
from devstack.host.timespan import parse_timespan

NOTHING = AppSettings({})
NOW = datetime(2026, 11, 23, 12, 30, 5, tzinfo=UTC)


def write_host_json(folder: Path, **content: object) -> Path:
    (folder / "host.json").write_text(json.dumps({"version": "2.0", **content}))
    return folder


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("00:05:00", timedelta(minutes=5)),
        ("1.02:03:04.5", timedelta(days=1, hours=2, minutes=3, seconds=4.5)),
        ("10:30", timedelta(hours=10, minutes=30)),
    ],
)
def test_time_spans(text: str, expected: timedelta) -> None:
    assert parse_timespan(text) == expected


@pytest.mark.parametrize("text", ["24:00:00", "00:60:00", "00:00:60", "5", "5m", ""])
def test_what_is_no_time_span(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time span"):
        parse_timespan(text)


def test_defaults_are_the_platforms(tmp_path: Path) -> None:
    host, unknown = load_host_json(write_host_json(tmp_path), NOTHING)
    queues = host.extensions.queues
    assert host.function_timeout == timedelta(minutes=30)
    assert host.extensions.http.route_prefix == "api"
    assert (queues.batch_size, queues.max_dequeue_count, queues.message_encoding) == (16, 5, "base64")
    assert queues.visibility_timeout == timedelta(0)
    assert queues.longest_wait(NOTHING) == timedelta(minutes=1)
    assert queues.longest_wait(AppSettings({"AZURE_FUNCTIONS_ENVIRONMENT": "Development"})) == timedelta(seconds=2)
    assert unknown == []


def test_app_settings_override_host_json_without_regard_to_case(tmp_path: Path) -> None:
    write_host_json(tmp_path, functionTimeout="00:10:00", extensions={"queues": {"batchSize": 4}})
    settings = AppSettings(
        {
            "AzureFunctionsJobHost__functionTimeout": "-1",
            "AzureFunctionsJobHost__extensions__queues__BATCHSIZE": "2",
            "AzureFunctionsJobHost__extensions__http__routePrefix": "v1",
        }
    )
    host, _ = load_host_json(tmp_path, settings)
    assert host.function_timeout is None
    assert host.extensions.queues.batch_size == 2
    assert host.extensions.http.route_prefix == "v1"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ({"version": "3.0"}, "version"),
        ({"extensions": {"queues": {"batchSize": 33}}}, "extensions.queues.batchSize"),
        ({"functionTimeout": "five minutes"}, "functionTimeout"),
    ],
)
def test_an_impossible_host_json_is_refused_by_name(tmp_path: Path, content: dict[str, object], complaint: str) -> None:
    with pytest.raises(HostError, match=complaint):
        load_host_json(write_host_json(tmp_path, **content), NOTHING)


def test_unknown_keys_are_told_apart_from_those_without_a_meaning_here(tmp_path: Path) -> None:
    write_host_json(tmp_path, extensionBundle={"id": "x"}, colour=1, extensions={"http": {"size": 1}})
    _, unknown = load_host_json(tmp_path, NOTHING)
    assert unknown == ["colour", "extensions.http.size"]


def test_a_connection_is_found_with_the_prefix_first() -> None:
    settings = AppSettings({"Work": "plain", "AzureWebJobsWork": "prefixed"})
    assert find_account("Work", "queue", settings).connection_string == "prefixed"
    assert find_account("work", "queue", AppSettings({"Work": "plain"})).connection_string == "plain"


def test_development_storage_is_expanded() -> None:
    account = find_account("Work", "queue", AppSettings({"Work": "UseDevelopmentStorage=true"}))
    assert "QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1" in (account.connection_string or "")


def test_a_connection_may_be_a_group_of_settings_for_an_identity() -> None:
    settings = AppSettings(
        {
            "Work__queueServiceUri": "https://127.0.0.1:1/devstoreaccount1",
            "Work__credential": "managedidentity",
            "Work__clientId": "an-id",
            "AzureWebJobsStorage__accountName": "contoso",
        }
    )
    account = find_account("Work", "queue", settings)
    assert account.connection_string is None
    assert account.url == "https://127.0.0.1:1/devstoreaccount1"
    assert dict(account.identity) == {"credential": "managedidentity", "clientid": "an-id"}
    assert find_account("AzureWebJobsStorage", "blob", settings).url == "https://contoso.blob.core.windows.net"
    with pytest.raises(BindingError, match="Work__blobServiceUri"):
        find_account("Work", "blob", settings)


def test_settings_in_bindings() -> None:
    assert resolve_settings("%A%-%b%", AppSettings({"a": "1", "B": "2"})) == "1-2"
    with pytest.raises(BindingError, match="'%C%' does not resolve"):
        resolve_settings("%C%", NOTHING)


def test_names_in_bindings() -> None:
    data = {"Customer": {"name": "contoso"}, "count": 3}
    assert resolve_names("{customer.NAME}-{count}", data, NOW) == "contoso-3"
    assert resolve_names("{DateTime}", data, NOW) == "2026-11-23T12-30-05Z"
    assert len(resolve_names("{rand-guid}", data, NOW)) == 36
    with pytest.raises(BindingError, match="'other'"):
        resolve_names("{other}", data, NOW)
