"""The audit record of a real stack: written by timers, clean when all is well, and each tampering is found."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from azure.data.tables import TableClient, TableServiceClient, UpdateMode
from azure.storage.blob import BlobServiceClient, ContainerClient

from doctor.audit.collect import collect
from doctor.audit.evidence import AuditEvidence
from doctor.audit.judgement import findings
from doctor.audit.storage import open_storage
from doctor.settings import StorageSettings
from tests.brokers import Broker
from tests.e2e.driver import Driver, eventually, request
from tests.stacks import start_stack

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
CHAIN = "chain"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, broker: Broker) -> Iterator[Driver]:
    """A stack of its own, with three registrations in its chain and an anchor that knows of two.

    Its timer does not anchor: five past an hour it would come first, and the first anchor of a day stays.
    """
    own = {"AzureWebJobs.anchor_audit.Disabled": "true"} | broker.settings()
    with start_stack(tmp_path_factory.mktemp("audited"), settings=own, forked=True) as stack:
        driver = Driver(stack)
        for number in (1, 2):
            register(driver, number)
        driver.start("anchor_audit")
        eventually(lambda: anchors(driver) or None, "the anchor")
        register(driver, 3)
        yield driver


def register(driver: Driver, number: int) -> None:
    """Have an app registered, and its entries taken into the chain by the timer."""
    answer = driver.ask(request(f"AUD-{number}", f"audited-{number}"))
    assert answer["data"]["status"] == "completed"
    driver.advance(61)
    eventually(lambda: not list(table(driver, "auditoutbox").list_entities()) or None, "the outbox to be empty")


def audit(driver: Driver, *arguments: str) -> tuple[int, str]:
    """Run the command behind make audit-verify or make audit-export; exit code and what it says."""
    command = [sys.executable, "-m", "devstack", "run", "--state", str(driver.stack.state), "--"]
    command += [sys.executable, "-m", "doctor.audit", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def found(driver: Driver) -> set[str]:
    """Codes of the breaches, as the command judges, without the time that a process takes to start."""

    async def look() -> AuditEvidence:
        settings = StorageSettings.load_for_audit(driver.environment)
        async with open_storage(settings, use_env_settings=False) as storage:
            return await collect(storage)

    evidence = asyncio.run(look())
    assert evidence.gaps == []
    return {finding.kind.value for finding in findings(evidence)}


def table(driver: Driver, name: str) -> Any:
    """A table, whose stubs are incomplete."""
    connection_string = driver.environment["AZURE_STORAGE_CONNECTION_STRING"]
    return TableClient.from_connection_string(connection_string, name)


@contextmanager
def container(driver: Driver) -> Generator[ContainerClient]:
    """The anchors, as somebody reaches them who may write blobs."""
    connection_string = driver.environment["AZURE_STORAGE_CONNECTION_STRING"]
    with BlobServiceClient.from_connection_string(connection_string) as blobs:
        yield blobs.get_container_client("audit-anchors")


def anchors(driver: Driver) -> list[str]:
    with container(driver) as blobs:
        return [blob.name for blob in blobs.list_blobs()]


@pytest.fixture
def restored(stack: Driver) -> Iterator[Driver]:
    """The stack, whose chain and operations are put back as they were."""
    before = {name: list(table(stack, name).list_entities()) for name in ("audit", "operations")}
    yield stack
    for name, rows in before.items():
        client = table(stack, name)
        for row in client.list_entities():
            client.delete_entity(row["PartitionKey"], row["RowKey"])
        for row in rows:
            client.create_entity(row)
    assert found(stack) == set()


@pytest.fixture
def planted(restored: Driver) -> Iterator[Driver]:
    """The stack, from whose container what a test plants is taken away again."""
    before = set(anchors(restored))
    yield restored
    with container(restored) as blobs:
        for name in set(anchors(restored)) - before:
            blobs.delete_blob(name)


def links(driver: Driver) -> list[dict[str, Any]]:
    rows = table(driver, "audit").query_entities(f"PartitionKey eq '{CHAIN}' and RowKey lt 'head'")
    return [dict(row) for row in rows]


def test_a_registration_leaves_its_entries_and_the_record_is_whole(stack: Driver) -> None:
    code, text = audit(stack, "verify")
    assert (code, "The audit record is whole" in text) == (0, True), text
    code, text = audit(stack, "export")
    assert code == 0
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["number"] for line in lines] == list(range(1, 7))
    assert [line["hash"] for line in lines[:-1]] == [line["previousHash"] for line in lines[1:]]
    entries = [json.loads(line["entry"]) for line in lines]
    assert [(entry["kind"], entry["what"]["requestId"]) for entry in entries] == [
        (kind, f"AUD-{number}") for number in (1, 2, 3) for kind in ("accepted", "settled")
    ]
    (app,) = stack.applications("audited-1")
    assert entries[1]["ids"]["clientId"] == app["appId"]
    assert entries[1]["ids"]["credentials"][0]["keyId"] == app["passwordCredentials"][0]["keyId"]
    assert entries[0]["who"] == {"requestedBy": "ada@contoso.example"}


def test_the_export_goes_into_a_file(stack: Driver, tmp_path: Path) -> None:
    assert audit(stack, "export", "--file", str(tmp_path / "record.jsonl")) == (0, "")
    assert len((tmp_path / "record.jsonl").read_text().splitlines()) == 6


def test_an_altered_entry_is_found(restored: Driver) -> None:
    row = links(restored)[1]
    row["value0"] = row["value0"].replace("ada@contoso.example", "eve@contoso.example")
    table(restored, "audit").update_entity(row, mode=UpdateMode.REPLACE)
    code, text = audit(restored, "verify", "--json")
    (breach,) = json.loads(text)["breaches"]
    assert (code, breach["code"], breach["about"]) == (1, "entry_altered", "entry 2")
    assert breach["advice"]


def test_a_removed_middle_is_found(restored: Driver) -> None:
    row = links(restored)[2]
    for key in (row["RowKey"], f"id-{row['entryId']}"):
        table(restored, "audit").delete_entity(CHAIN, key)
    assert found(restored) == {"entry_missing", "not_recorded"}


def test_a_removed_last_entry_is_found_even_if_the_head_was_put_right(restored: Driver) -> None:
    *_, before, last = links(restored)
    client = table(restored, "audit")
    for key in (last["RowKey"], f"id-{last['entryId']}"):
        client.delete_entity(CHAIN, key)
    assert found(restored) == {"end_missing", "not_recorded"}
    head = client.get_entity(CHAIN, "head")
    client.update_entity(head | {"count": int(before["RowKey"]), "hash": before["hash"]}, mode=UpdateMode.REPLACE)
    assert found(restored) == {"not_recorded"}


def test_a_removed_request_is_found(restored: Driver) -> None:
    client = table(restored, "operations")
    for row in list(client.list_entities()):
        if row["requestId"] == "AUD-2":
            client.delete_entity(row["PartitionKey"], row["RowKey"])
    assert found(restored) == {"request_missing"}


def test_an_altered_request_is_found(restored: Driver) -> None:
    client = table(restored, "operations")
    (row,) = client.query_entities("RowKey eq 'record' and requestId eq 'AUD-1'")
    row["value0"] = row["value0"].replace("ada@contoso.example", "eve@contoso.example")
    client.update_entity(row, mode=UpdateMode.REPLACE)
    assert found(restored) == {"request_altered"}


def test_a_chain_cut_before_its_anchor_is_found(restored: Driver) -> None:
    rows, client = links(restored), table(restored, "audit")
    for row in rows[2:]:
        for key in (row["RowKey"], f"id-{row['entryId']}"):
            client.delete_entity(CHAIN, key)
    head = client.get_entity(CHAIN, "head")
    client.update_entity(head | {"count": 2, "hash": rows[1]["hash"]}, mode=UpdateMode.REPLACE)
    assert found(restored) == {"end_missing", "not_recorded"}


def plant(driver: Driver, day: str, count: int = 0) -> None:
    """Write an anchor for a day, as the registrar did before anchors named each other."""
    text = json.dumps({"at": f"{day}T00:05:00Z", "count": count, "head": "0" * 64}, sort_keys=True)
    with container(driver) as blobs:
        blobs.upload_blob(f"{day}.json", text.replace(" ", "").encode())


def test_anchors_that_were_planted_are_found_and_hide_no_removal(planted: Driver) -> None:
    """Anchors on days to come; then a request is removed, and chain, index and head are made to fit again."""
    today = datetime.strptime(max(anchors(planted)), "%Y-%m-%d.json").replace(tzinfo=UTC)
    days = [f"{today + timedelta(days=ahead):%Y-%m-%d}" for ahead in (-1, 1, 2, 3)]
    for day in days:
        plant(planted, day)
    code, text = audit(planted, "verify", "--json")
    breaches = {each["about"] for each in json.loads(text)["breaches"] if each["code"] == "anchor_foreign"}
    assert (code, breaches) == (1, {f"anchor of {days[0]}", *(f"anchor {day}.json" for day in days[1:])})
    driver = planted
    driver.start("anchor_audit")
    eventually(lambda: list(table(driver, "auditoutbox").list_entities()) or None, "the note of a planted anchor")
    driver.advance(61)
    eventually(lambda: not list(table(driver, "auditoutbox").list_entities()) or None, "the outbox to be empty")
    last = json.loads(links(driver)[-1]["value0"])
    assert (last["kind"], last["what"]["anchor"]) == ("anchor_foreign", f"{days[1]}.json")
    rows, client = links(driver), table(driver, "audit")
    for row in rows[2:]:
        for key in (row["RowKey"], f"id-{row['entryId']}"):
            client.delete_entity(CHAIN, key)
    head = client.get_entity(CHAIN, "head")
    client.update_entity(head | {"count": 2, "hash": rows[1]["hash"]}, mode=UpdateMode.REPLACE)
    assert {"anchor_foreign", "end_missing"} <= found(driver)


def test_the_day_of_a_move_is_a_day(stack: Driver) -> None:
    assert audit(stack, "verify", "--moved-at", "2020-01-01")[0] == 0
    assert audit(stack, "verify", "--moved-at", "yesterday")[0] == 2


def test_what_cannot_be_read_is_not_clean(stack: Driver) -> None:
    connection_string = stack.environment["AZURE_STORAGE_CONNECTION_STRING"]
    with TableServiceClient.from_connection_string(connection_string) as client:
        tables: Any = client
        tables.delete_table("auditoutbox")
        try:
            code, text = audit(stack, "verify")
            assert code == 2
            assert "not read" in text
            assert "The audit record is whole" not in text
        finally:
            tables.create_table("auditoutbox")
