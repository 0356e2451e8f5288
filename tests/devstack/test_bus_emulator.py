"""The emulator's configuration: every entity of the project's file, within the emulator's limits."""

import pytest

from devstack.bus_emulator import NAMESPACE, emulator_config
from devstack.doubles.servicebus.entities.namespace import read_namespace
from devstack.doubles.servicebus.entities.settings import NamespaceSettings
from devstack.project import REPOSITORY, project


def test_it_has_every_entity_of_the_project_and_no_other() -> None:
    bus = project().bus
    assert bus is not None
    entities = read_namespace((REPOSITORY / bus.entities).read_text())
    config, _ = emulator_config(entities)
    (namespace,) = config["UserConfig"]["Namespaces"]
    assert namespace["Name"] == NAMESPACE
    assert {queue["Name"]: queue["Properties"]["RequiresSession"] for queue in namespace["Queues"]} == {
        name: queue.requires_session for name, queue in entities.queues.items()
    }
    assert {topic["Name"]: [one["Name"] for one in topic["Subscriptions"]] for topic in namespace["Topics"]} == {
        name: list(topic.subscriptions) for name, topic in entities.topics.items()
    }


def test_what_it_cannot_do_is_narrowed_and_said() -> None:
    config, narrowed = emulator_config(
        NamespaceSettings.model_validate(
            {
                "queues": {
                    "work": {
                        "maxDeliveryCount": 100,
                        "lockDuration": "PT30S",
                        "requiresDuplicateDetection": True,
                        "duplicateDetectionHistoryTimeWindow": "PT1H",
                        "defaultMessageTimeToLive": "PT10M",
                    }
                }
            }
        )
    )
    (queue,) = config["UserConfig"]["Namespaces"][0]["Queues"]
    assert queue["Properties"] == {
        "DeadLetteringOnMessageExpiration": False,
        "DefaultMessageTimeToLive": "PT600S",
        "LockDuration": "PT30S",
        "MaxDeliveryCount": 10,
        "RequiresSession": False,
        "RequiresDuplicateDetection": True,
        "DuplicateDetectionHistoryTimeWindow": "PT300S",
    }
    assert narrowed == ["work: maxDeliveryCount 10 instead of 100", "work: duplicates are found for PT300S only"]


def test_filters_are_kept() -> None:
    rules = {"sql": {"sqlFilter": "status = 'rejected'"}, "same": {"correlationFilter": {"label": "x"}}}
    topics = {"news": {"subscriptions": {"some": {"rules": rules}}}}
    config, _ = emulator_config(NamespaceSettings.model_validate({"topics": topics}))
    (subscription,) = config["UserConfig"]["Namespaces"][0]["Topics"][0]["Subscriptions"]
    assert [rule["Properties"] for rule in subscription["Rules"]] == [
        {"FilterType": "Sql", "SqlFilter": {"SqlExpression": "status = 'rejected'"}},
        {"FilterType": "Correlation", "CorrelationFilter": {"Label": "x"}},
    ]


def test_more_entities_than_it_holds_are_refused() -> None:
    queues: dict[str, object] = {f"q{number}": {} for number in range(51)}
    with pytest.raises(ValueError, match="50 queues and topics"):
        emulator_config(NamespaceSettings.model_validate({"queues": queues}))
