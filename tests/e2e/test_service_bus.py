"""What only Service Bus has: its own clients, dead letters, locks that lapse, rights. The rest: mark `both_brokers`."""

import json
from dataclasses import replace
from typing import Any

import pytest
from azure.servicebus.exceptions import ServiceBusAuthorizationError

from demo.bus import RequesterBus
from demo.requester import bus_requester
from devstack.process import StackError
from tests.brokers import Broker
from tests.e2e.driver import Driver, eventually, request

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.xdist_group("service-bus"),
    pytest.mark.parametrize("broker", [Broker.SERVICE_BUS], indirect=True),
]

WORK, KEPT = "app-registration-work", "app-registrations-poison"


def bus(driver: Driver) -> RequesterBus:
    return bus_requester(driver.environment)


def held(driver: Driver, queue: str) -> int:
    """How many messages a queue holds, locked and scheduled ones too."""
    return sum(driver.control("GET", "/bus")[queue].values())


def test_a_request_is_sent_and_its_answer_taken_by_the_client_of_a_requester(driver: Driver) -> None:
    """Other tests go through the control plane, which is faster."""
    made = request("bus-1", "bus-app")
    bus(driver).send(json.dumps(made).encode())
    (answer,) = eventually(lambda: bus(driver).take_answers("bus-1") or None, "the answer")
    assert answer["type"] == "registrar.registration.completed.v1"
    assert bus(driver).take_answers("bus-1") == []
    events = [event["data"]["requestId"] for event in bus(driver).take_all("registrar-events")]
    assert "bus-1" in events


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
    eventually(lambda: held(driver, f"{WORK}/$DeadLetterQueue") == 0 or None, "the dead letter to be removed")


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
    with pytest.raises(StackError, match="'Send' claim"):
        stranger.send(json.dumps(request("bus-6", "bus-stranger")).encode())
    with pytest.raises(ServiceBusAuthorizationError, match="'Listen' claim"):
        stranger.peek_answers()
    # Had it arrived, it would have been served by the time at which a later request is.
    assert driver.ask(request("bus-7", "bus-later"))["data"]["status"] == "completed"
    assert driver.applications("bus-stranger") == []
