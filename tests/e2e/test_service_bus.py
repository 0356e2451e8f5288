"""The product on Service Bus: the same answers, the same kept failures, by the same functions."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from azure.servicebus.exceptions import ServiceBusAuthorizationError

from demo.bus import RequesterBus
from demo.requester import bus_requester
from devstack.process import StackError
from tests.e2e.driver import Driver, eventually, request, rotation
from tests.policies import opened_settings
from tests.stacks import start_stack

pytestmark = pytest.mark.e2e

WORK, KEPT = "app-registration-work", "app-registrations-poison"


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    settings = opened_settings(tmp_path_factory.mktemp("policy")) | {"MESSAGE_BROKER": "servicebus"}
    with start_stack(tmp_path_factory.mktemp("stack"), settings=settings, forked=True) as stack:
        yield Driver(stack)


def bus(driver: Driver) -> RequesterBus:
    return bus_requester(driver.environment)


def counts(driver: Driver) -> dict[str, dict[str, int]]:
    """How many messages each queue and subscription holds."""
    return driver.control("GET", "/bus")


def held(driver: Driver, queue: str) -> int:
    return sum(counts(driver)[queue].values())


def test_a_registration_and_a_rotation_are_completed(driver: Driver) -> None:
    answer = driver.ask(request("bus-1", "bus-app"))
    assert answer["type"] == "registrar.registration.completed.v1"
    assert len(driver.applications("bus-app")) == 1
    first = driver.stored("bus-app")
    assert driver.sign_in(answer["data"]["clientId"], first)
    driver.advance(600)  # what was stored moments ago is not replaced
    rotated = driver.ask(rotation("bus-2", "bus-app"), moving_clock=True)
    assert rotated["data"]["status"] == "completed"
    assert driver.stored("bus-app") != first
    events = [event["type"] for event in bus(driver).take_all("registrar-events")]
    assert "registrar.credential.rotated.v1" in events


def test_a_request_that_repeats_one_is_answered_again(driver: Driver) -> None:
    made = request("bus-3", "bus-again")
    first, again = driver.ask(made), driver.ask(made)
    assert (again["id"], again["data"]["clientId"]) == (first["id"], first["data"]["clientId"])
    assert len(driver.applications("bus-again")) == 1


@pytest.mark.parametrize("member", ["EnqueuedTimeUtc", "SequenceNumber", "DeliveryCount", "UserProperties"])
def test_a_payload_hides_none_of_the_messages_own_properties(driver: Driver, member: str) -> None:
    """As text it would: the function would not even start, and the message would become a dead letter."""
    body: dict[str, Any] = {**request(f"bus-{member}", "bus-hidden"), member: "x"}
    answer = driver.ask(body)
    assert [error["field"] for error in answer["data"]["errors"]] == [member]


def test_what_the_host_gives_up_on_is_kept_with_its_reason(driver: Driver) -> None:
    """A work message that is none fails ten times at once, and is a dead letter then."""
    before = held(driver, KEPT)
    bus(driver).send_to(WORK, b'{"no": "work"}')
    eventually(lambda: held(driver, f"{WORK}/$DeadLetterQueue") or None, "the dead letter")
    driver.start("settle_poison")
    eventually(lambda: held(driver, KEPT) > before or None, "the kept message")
    assert held(driver, f"{WORK}/$DeadLetterQueue") == 0


def test_a_worker_that_dies_gives_its_message_back(driver: Driver) -> None:
    driver.send(request("bus-5", "bus-crash"))
    driver.stack.kill("host")
    driver.stack.restart("host")
    answer = driver.answer("bus-5", moving_clock=True, within=90)
    assert answer["data"]["status"] == "completed"
    assert len(driver.applications("bus-crash")) == 1


def test_nobody_without_a_role_sends_or_receives(driver: Driver) -> None:
    reader = driver.stack.config.clients["reader"]
    stranger = replace(bus(driver), client_id=reader.client_id, client_secret=reader.client_secret)
    before = counts(driver)
    with pytest.raises(StackError, match="'Send' claim"):
        stranger.send(b"{}")
    with pytest.raises(ServiceBusAuthorizationError, match="'Listen' claim"):
        stranger.peek_answers()
    assert counts(driver) == before
