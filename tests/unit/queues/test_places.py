"""Every queue, topic and subscription that infra makes is a place that operators see, and no other is."""

import json
import subprocess
import sys

from queues import servicebus, storage
from queues.broker import Kind
from shared.core.naming import POISON_QUEUE
from tests.checkout import ROOT


def test_storage_has_the_queues_that_infra_makes() -> None:
    made = json.loads((ROOT / "infra/storage.json").read_text())["queues"]
    assert sorted(place.name for place in storage.PLACES) == sorted(made)
    assert [place.name for place in storage.PLACES if place.kind is Kind.KEPT] == [POISON_QUEUE]


def test_service_bus_has_the_entities_that_infra_makes_each_with_its_dead_letters() -> None:
    made = json.loads((ROOT / "infra/bus.json").read_text())
    subscriptions = [f"{topic}/{name}" for topic, each in made["topics"].items() for name in each["subscriptions"]]
    entities = [*made["queues"], *subscriptions]
    names = [place.name for place in servicebus.PLACES]
    assert sorted(names) == sorted([*entities, *(f"{name}/$DeadLetterQueue" for name in entities)])
    with_sessions = [name for name, queue in made["queues"].items() if queue.get("requiresSession")]
    assert [place.name for place in servicebus.PLACES if place.kind is Kind.KEPT] == with_sessions


def test_what_reads_storage_queues_imports_nothing_of_service_bus_and_the_other_way() -> None:
    for module, other in (("queues.storage", "azure.servicebus"), ("queues.servicebus", "azure.storage.queue")):
        program = f"import sys, queues.cli, doctor.cli, {module}; print({other!r} in sys.modules)"
        done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
        assert done.stdout == "False\n", module
