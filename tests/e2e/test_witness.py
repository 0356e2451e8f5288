"""The witness of the real-stack suites: what it saw adds up, and whatever is not as promised it says."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.brokers import Broker
from tests.chaos.check import Witness
from tests.e2e.driver import Driver, request
from tests.stacks import start_stack

pytestmark = pytest.mark.e2e


@pytest.fixture
def witness(tmp_path: Path, broker: Broker) -> Iterator[Witness]:
    with start_stack(tmp_path, settings=broker.settings(), forked=True) as stack:
        yield Witness(Driver(stack))


def test_duplicates_refusals_and_unreadable_messages_add_up_and_tampering_shows(witness: Witness) -> None:
    driver = witness.driver
    witness.remember_foreign()
    first, other = request("W-1", "witnessed"), request("W-1", "other-body")
    sent = [first, first, other, request("W-2", "second"), {"requestId": "W-3"}, {"requestId": "no id"}]
    for body in sent:
        driver.send(body)
    assert not witness.settle()
    assert witness.breaches(sent) == []
    assert len({answer["id"] for answer in witness.answers_to("W-1")}) == 2

    assert [breach[:6] for breach in witness.breaches([*sent, request("LOST", "lost")])] == ["5: LOS"]

    (foreign,) = driver.graph("/applications?$filter=displayName eq 'Requester'")["value"]
    (ours,) = driver.applications("witnessed")
    for app, name in ((foreign, "by hand"), (ours, f"reg:{'e' * 32} lost")):
        driver.graph(f"/applications/{app['id']}/addPassword", {"passwordCredential": {"displayName": name}})
    driver.advance(5)  # the evidence is dated in whole seconds; nothing younger is judged
    touched, lost = sorted(witness.breaches(sent), reverse=True)
    assert touched.startswith(f"4: Requester ({foreign['appId']}): this application is somebody else's, and was")
    assert lost.startswith("2: witnessed: the live secret")

    driver.fault(service="graph", kind="throttle", retryAfter=0, path="/applications", times=99)
    assert any(breach.startswith("could not look: applications") for breach in witness.breaches(sent))
