"""make doctor on a real stack: silent when all is well, blind when it cannot look, and right about what is planted."""

import json
import ssl
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from azure.data.tables import TableClient, UpdateMode
from azure.servicebus import ServiceBusClient, ServiceBusMessage

from tests.brokers import Broker
from tests.e2e.driver import Driver, eventually, request
from tests.e2e.mailboxes import open_mailboxes
from tests.stacks import start_stack

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
NOBODY = "f" * 32


@pytest.fixture
def stack(tmp_path: Path, broker: Broker) -> Iterator[Driver]:
    """A stack of its own with two apps: what other tests leave behind is not to be found."""
    with start_stack(tmp_path, settings=broker.settings(), forked=True) as stack:
        driver = Driver(stack)
        for name in ("doc-1", "doc-2"):
            assert driver.ask(request(name.upper(), name))["data"]["status"] == "completed"
        yield driver


def doctor(driver: Driver, *options: str) -> tuple[int, str]:
    """Run the command behind make doctor; exit code and what it says."""
    command = [sys.executable, "-m", "devstack", "run", "--state", str(driver.stack.state), "--"]
    command += [sys.executable, "-m", "doctor", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def found(driver: Driver, *options: str) -> tuple[int, dict[tuple[str, str], dict[str, Any]], list[dict[str, Any]]]:
    """The same as data: exit code, breaches by (invariant, about), what was done."""
    code, text = doctor(driver, "--json", *options)
    told = json.loads(text)
    return code, {(each["invariant"], each["about"]): each for each in told["breaches"]}, told["done"]


def test_all_is_well_unless_it_cannot_be_looked_at(stack: Driver) -> None:
    stack.advance(3600)
    code, text = doctor(stack)
    assert (code, "Every promise is kept." in text) == (0, True), text
    for service, path in (("graph", "/applications"), ("keyvault", "/secrets")):
        stack.fault(service=service, path=path, kind="throttle", retryAfter=0, times=999)
        code, text = doctor(stack)
        assert code == 2, (path, text)
        assert "not checked:" in text
        assert "Every promise is kept." not in text
        stack.control("DELETE", "/faults")


def test_what_is_planted_is_found_and_what_is_surely_right_is_mended(stack: Driver) -> None:
    (app,) = stack.applications("doc-1")
    lost = add_password(stack, app["id"], f"reg:{operation_of(stack, 'doc-1')} lost")
    unknown = add_password(stack, app["id"], f"reg:{NOBODY} whose?")
    by_hand = add_password(stack, app["id"], "made in the portal")
    forget_message(stack, "doc-2")
    stack.advance(3600)
    overwrite_value(stack, "doc-1")
    publish(stack, stack.stored("doc-2"))
    stack.advance(3600)

    code, breaches, done = found(stack)
    assert (code, done) == (1, [])
    assert breaches.keys() == {
        ("2", "doc-1"),
        ("3", "doc-1--client-secret"),
        ("5", "DOC-2"),
        ("6", "doc-2--client-secret"),
    }
    assert all(breach["advice"] for breach in breaches.values())
    assert key_ids(stack) >= {lost, unknown, by_hand}

    code, left, done = found(stack, "--fix")
    assert {each["repair"] for each in done} == {"RemovePassword", "ListUnsettled"}
    assert code == 1
    assert unknown in left["2", "doc-1"]["what"]
    assert not left["2", "doc-1"]["canBeFixed"]
    assert lost not in key_ids(stack)
    assert key_ids(stack) >= {unknown, by_hand}

    stack.advance(300)
    eventually(lambda: record(stack, "doc-2")["state"] == "completed" or None, "the forgotten operation to go on")
    _, left, done = found(stack, "--fix")
    assert done == []
    assert left.keys() == {("2", "doc-1"), ("3", "doc-1--client-secret"), ("6", "doc-2--client-secret")}


def add_password(driver: Driver, object_id: str, display_name: str) -> str:
    body = {"passwordCredential": {"displayName": display_name}}
    return driver.graph(f"/applications/{object_id}/addPassword", body)["keyId"]


def key_ids(driver: Driver) -> set[str]:
    (app,) = driver.applications("doc-1")
    return {password["keyId"] for password in app["passwordCredentials"]}


def overwrite_value(driver: Driver, unique_name: str) -> None:
    """Somebody stores something else under the name that clients read, and keeps the tags."""
    vault, name = driver.vault(driver.stack.config.administrator), f"{unique_name}--client-secret"
    kept = vault.get_secret(name).properties
    vault.set_secret(name, "not what the directory knows", tags=kept.tags, expires_on=kept.expires_on)


def publish(driver: Driver, value: str) -> None:
    with open_mailboxes(driver.environment) as mailboxes:
        mailboxes.put("registrar-events", json.dumps({"text": f"the secret is {value}."}).encode())


def operations(driver: Driver) -> Any:
    """Table operations, whose stubs are incomplete."""
    connection_string = driver.environment["AZURE_STORAGE_CONNECTION_STRING"]
    return TableClient.from_connection_string(connection_string, "operations")


def row(driver: Driver, unique_name: str) -> dict[str, Any]:
    (found,) = operations(driver).query_entities(f"RowKey eq 'record' and uniqueName eq '{unique_name}'")
    return found


def record(driver: Driver, unique_name: str) -> dict[str, Any]:
    return json.loads(row(driver, unique_name)["value0"])


def operation_of(driver: Driver, unique_name: str) -> str:
    return record(driver, unique_name)["id"]


def forget_message(driver: Driver, unique_name: str) -> None:
    """An operation on its way, as it is after its message and its place on the list were lost."""
    entity = row(driver, unique_name)
    value = json.loads(entity["value0"])
    value |= {"state": "waiting", "reason": "throttled", "answer": None, "answered_at": None}
    entity |= {"value0": json.dumps(value), "state": "waiting"}
    operations(driver).update_entity(entity, mode=UpdateMode.REPLACE)


@pytest.mark.thorough
@pytest.mark.parametrize("broker", ["storage", "servicebus"])
def test_a_lost_message_is_sent_again_on_the_broker_that_the_app_has(tmp_path: Path, broker: str) -> None:
    """And what is published there is found."""
    with start_stack(tmp_path, settings={"MESSAGE_BROKER": broker}, forked=True) as stack:
        driver = Driver(stack)
        assert driver.ask(request("LOST-1", "lost"))["data"]["status"] == "completed"
        driver.advance(3600)
        code, text = doctor(driver)
        assert code == 0, text
        stack.halt("host")
        forget_message(driver, "lost")
        listed = unsettled(driver, operation_of(driver, "lost"))
        value = driver.stored("lost")
        publish_on(driver, broker, value)
        driver.advance(3600)

        code, breaches, done = found(driver)
        assert (code, breaches.keys(), done) == (1, {("5", "LOST-1"), ("6", "lost--client-secret")}, [])
        _, left, done = found(driver, "--fix")
        assert [each["repair"] for each in done] == ["SendWork"]
        assert work(driver, broker) == [listed]
        assert left.keys() == breaches.keys()  # until the app has done it
        assert not left["5", "LOST-1"]["canBeFixed"]
        stack.restart("host")
        eventually(lambda: record(driver, "lost")["state"] == "completed" or None, "the forgotten operation to go on")


def unsettled(driver: Driver, operation_id: str) -> str:
    """List an operation as one that should have gone on already; its id."""
    table: Any = TableClient.from_connection_string(driver.environment["AZURE_STORAGE_CONNECTION_STRING"], "unsettled")
    with table:
        due = datetime.now(UTC)
        table.upsert_entity(
            {"PartitionKey": "unsettled", "RowKey": operation_id, "schemaVersion": "1", "generation": 1, "due": due}
        )
    return operation_id


def publish_on(driver: Driver, broker: str, value: str) -> None:
    if broker == "storage":
        publish(driver, value)
        return
    with administrator(driver) as client, client.get_topic_sender("registrar-events") as sender:
        sender.send_messages(ServiceBusMessage(json.dumps({"text": f"the secret is {value}."})))


def work(driver: Driver, broker: str) -> list[str]:
    """The operations whose messages wait on the queue of work."""
    if broker == "storage":
        return [message["operationId"] for message in driver.messages("app-registration-work")]
    with administrator(driver) as client, client.get_queue_receiver("app-registration-work") as receiver:
        return [json.loads(str(message))["operationId"] for message in receiver.peek_messages(32)]


def administrator(driver: Driver) -> ServiceBusClient:
    """The namespace, as one who may do everything."""
    at = urlsplit(driver.environment["HTTPS_PROXY"])
    options: dict[str, Any] = {
        "ssl_context": ssl.create_default_context(cafile=driver.environment["SSL_CERT_FILE"]),
        "http_proxy": {"proxy_hostname": at.hostname, "proxy_port": at.port},
    }
    config = driver.stack.config
    return ServiceBusClient(config.bus_namespace, driver.credential(config.administrator), **options)
