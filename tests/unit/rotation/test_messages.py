"""What stands on `credential-rotations` is read as a hint, or not at all, whoever wrote it."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.ports import VaultPlace
from shared.rotation.messages import CheckOn, Hint, SweepOn, parse_message

NAME = "adt-client-dev--client-secret"
HINT = Hint("adt-client-dev", "client-secret")
EVENT_GRID = {
    "id": "00eccf70-95a7-4e7c-8299-2eb17ee9ad64",
    "topic": "/subscriptions/x/resourceGroups/y/providers/Microsoft.KeyVault/vaults/contoso-registrar",
    "subject": NAME,
    "eventType": "Microsoft.KeyVault.SecretNearExpiry",
    "eventTime": "2026-11-25T01:08:33.1036736Z",
    "data": {
        "Id": f"https://contoso-registrar.vault.azure.net/secrets/{NAME}/ee059b2bb5bc48398a53b168c6cdcb10",
        "VaultName": "contoso-registrar",
        "ObjectType": "Secret",
        "ObjectName ": NAME,
        "Version": "ee059b2bb5bc48398a53b168c6cdcb10",
        "NBF": "1559081980",
        "EXP": "1559082102",
    },
    "dataVersion": "1",
    "metadataVersion": "1",
}
CLOUD_EVENT = {
    "specversion": "1.0",
    "id": "1",
    "source": EVENT_GRID["topic"],
    "type": "Microsoft.KeyVault.SecretExpired",
    "subject": NAME,
    "data": {"ObjectName": NAME, "EXP": 1559082102},
}


def read(message: object) -> Any:
    return parse_message(json.dumps(message).encode())


@pytest.mark.parametrize(
    "hint",
    [
        HINT,
        Hint("a", "b", "20261126", datetime(2026, 11, 26, 12, 0, 1, tzinfo=UTC), 3, ask_directory=True),
    ],
)
def test_our_own_messages_are_read_as_they_were_written(hint: Hint) -> None:
    assert parse_message(hint.to_json().encode()) == (hint,)
    assert parse_message(SweepOn().to_json().encode()) == (SweepOn(),)
    for check in (CheckOn(3, 30), CheckOn(0, 1, VaultPlace("https://contoso.vault.azure.net", "token"), 7, 2, "link")):
        assert parse_message(check.to_json().encode()) == (check,)


def test_what_a_check_has_come_to_stands_in_four_numbers() -> None:
    check = CheckOn(part=1, parts=30, checked=7, different=2)
    assert json.loads(check.to_json())["checkIndex"] == [1, 30, 7, 2]


@pytest.mark.parametrize("event", [EVENT_GRID, [EVENT_GRID], CLOUD_EVENT, [CLOUD_EVENT]])
def test_key_vaults_events_are_read_in_both_schemas(event: object) -> None:
    assert read(event) == (HINT,)
    assert parse_message(base64.b64encode(json.dumps(event).encode())) == (HINT,)


@pytest.mark.parametrize(
    "change",
    [
        {"type": "Microsoft.KeyVault.SecretNewVersionCreated"},
        {"type": "Microsoft.Storage.BlobCreated", "data": {"url": "x"}},
        {"data": {"ObjectName": f"{NAME}--pending"}},
        {"data": {"ObjectName": "sql-password"}},
        {"data": {"ObjectName": "Upper--case"}},
        {"data": None},
    ],
)
def test_events_that_do_not_concern_us_are_no_hint_and_no_fault(change: dict[str, Any]) -> None:
    assert read(CLOUD_EVENT | change) == ()


UNREADABLE: tuple[object, ...] = (
    {},
    [],
    1,
    "text",
    {"schemaVersion": "1"},
    {"schemaVersion": "2", "uniqueName": "a", "credential": "b"},
    [1],
    [CLOUD_EVENT, 2],
    {"schemaVersion": "1", "checkIndex": [30, 30, 0, 0]},
    {"schemaVersion": "1", "checkIndex": [0, 0, 0, 0]},
    {"schemaVersion": "1", "checkIndex": [0, 1, 0, 0], "from": ["url"]},
)
ANY_JSON = st.recursive(
    st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


@pytest.mark.parametrize("message", UNREADABLE)
def test_what_is_neither_ours_nor_an_event_is_unreadable(message: object) -> None:
    assert read(message) is None


def test_what_a_message_says_beyond_the_names_is_not_believed_when_it_cannot_be() -> None:
    wild = {"listedOn": "' or 1", "since": "now", "pauses": -1}
    assert read({"schemaVersion": "1", "uniqueName": "a", "credential": "b"} | wild) == (Hint("a", "b"),)


@given(st.binary() | ANY_JSON)
def test_no_message_ends_a_worker(message: object) -> None:
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    found = parse_message(body)
    assert found is None or isinstance(found, tuple)
