"""Rows are read as they lie there: what the product writes, in parts, and with what a newer version adds."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from doctor.collect import rows
from doctor.evidence import (
    AuditEntry,
    Intent,
    KeptMessage,
    PendingRemoval,
    PermissionType,
    RequestedState,
    Unsettled,
    WorkMessage,
)
from shared.core.errors import UnavailableError
from shared.core.naming import unsettled_row
from tests.component import approving
from tests.fakes.world import World, example
from tests.unit.doctor.scene import OPERATION

VERSION_1 = {
    "schema_version": "1",
    "id": OPERATION,
    "request": {
        "requestId": "R1",
        "source": "queue",
        "application": {"uniqueName": "app", "displayName": "App ✓"},
        "credentials": [{"name": "client-secret", "type": "secret"}],
    },
    "generation": 2,
    "sequence": 3,
    "state": "failed",
    "reason": "refused",
    "accepted_at": "2026-11-20T12:00:00Z",
    "started_at": "2026-11-21T12:00:00.5Z",
    "credentials": {"client-secret": {"intended_at": "2026-11-21T12:00:01Z", "key_id": "key-1", "newer": 1}},
    "answer": {"time": "2026-11-21T13:00:00Z"},
    "answered_at": None,
    "something_newer": {"a": 1},
}


def test_a_row_of_version_1_in_many_parts_with_newer_fields() -> None:
    text = json.dumps(VERSION_1)
    parts = {f"value{n}": text[at : at + 100] for n, at in enumerate(range(0, len(text), 100))}
    record = rows.record({"PartitionKey": f"operation-{OPERATION}", "RowKey": "record", **parts})
    assert (record.id, record.request_id, record.unique_name, record.display_name) == (OPERATION, "R1", "app", "App ✓")
    assert (record.state, record.reason, record.generation, record.sequence) == ("failed", "refused", 2, 3)
    assert record.credentials == ("client-secret",)
    assert record.intents == {"client-secret": Intent(datetime(2026, 11, 21, 12, 0, 1, tzinfo=UTC), "key-1")}
    assert record.settled_at == datetime(2026, 11, 21, 13, 0, tzinfo=UTC)


async def test_until_when_somebody_may_decide_is_known_while_they_may() -> None:
    world = World(approving.policy())
    await world.send(approving.asking())
    await world.settle()
    waiting = approving.operation(world)
    assert waiting.approval is not None
    assert rows.record({"value0": waiting.model_dump_json()}).decide_by == waiting.approval.expires
    await approving.say(world, "approve")
    await world.settle()
    assert rows.record({"value0": approving.operation(world).model_dump_json()}).decide_by is None


async def test_what_the_product_writes_today() -> None:
    world = World()
    await world.run(example())
    (operation,) = world.operations.all()
    record = rows.record({"value0": operation.model_dump_json()})
    assert (record.id, record.unique_name, record.state) == (operation.id, operation.unique_name, "completed")
    assert record.answered_at == operation.answered_at
    assert record.answer_time == datetime.fromisoformat(world.queues.answers[0]["time"])
    assert record.intents["client-secret"].key_id == operation.credentials["client-secret"].key_id
    assert record.requested == RequestedState(
        redirect_uris=frozenset({"http://localhost"}),
        permissions=frozenset({("Azure Digital Twins", "Scope", "Read.Write")}),
        admin_consent=True,
    )
    noted = {each for text in world.audit.texts() if (each := rows.audit_entry(text)) is not None}
    given: frozenset[tuple[str, str, PermissionType]] = frozenset(
        {("0b07f429-9f4b-4714-9392-cc5e8e80c8b0", "4589bd03-58cb-4e6c-b17f-b580e39652f8", "Scope")}
    )
    assert noted == {AuditEntry("settled", operation.id, operation.unique_name, "completed", given)}


async def test_what_is_being_taken_back_is_read_from_the_apps_record() -> None:
    world = World()
    await world.run(example())
    world.clock.advance(timedelta(hours=1))
    world.faults.next("graph write_consents", "before", UnavailableError("503"))
    change = example(requestId="R2")
    change["application"] |= {"apiPermissions": [], "adminConsent": False}
    await world.send(change)
    text, _ = world.applications.rows["adt-client-dev"]
    assert rows.pending_removal({"value0": text}) == PendingRemoval("adt-client-dev", (world.clock.now(),))
    await world.settle()
    text, _ = world.applications.rows["adt-client-dev"]
    assert rows.pending_removal({"value0": text}) == PendingRemoval("adt-client-dev", ())
    assert rows.pending_removal({"value0": '{"unique_name": "app", "granted": []}'}) == PendingRemoval("app", ())


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"id": 1', json.dumps({**VERSION_1, "accepted_at": "then"})])
def test_what_is_no_record_is_said_to_be_none(text: str) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        rows.record({"value0": text})


@pytest.mark.parametrize("row_key", [OPERATION, unsettled_row(OPERATION, 2)])
def test_a_listed_operation_by_the_row_key_of_today_and_of_before(row_key: str) -> None:
    due = datetime(2026, 11, 21, tzinfo=UTC)
    assert rows.unsettled({"RowKey": row_key, "generation": 2, "due": due}) == Unsettled(OPERATION, 2, due)


def test_messages_of_ours_and_of_the_host() -> None:
    text = '{"operationId": "x", "generation": 2, "reason": "refused", "attempts": 1, "original": {}}'
    assert rows.kept_message(text) == KeptMessage("x", 2, "refused")
    assert [rows.kept_message(foreign) for foreign in ("not JSON", "[1]", "{}")] == [None] * 3
    assert rows.work_message('{"operationId": "x", "generation": 2}') == WorkMessage("x", 2)
