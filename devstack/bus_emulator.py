"""The configuration of Microsoft's Service Bus emulator, with the entities that the project's own file names.

Shape and limits are those of Config-schema.json in Azure/azure-service-bus-emulator-installer. What the emulator cannot
do is narrowed to what it can, and said.
"""

import json
import sys
from datetime import timedelta
from typing import Any

from devstack.doubles.servicebus.entities.namespace import read_namespace
from devstack.doubles.servicebus.entities.settings import (
    NamespaceSettings,
    QueueSettings,
    RuleSettings,
    SubscriptionSettings,
    TopicProperties,
)
from devstack.project import REPOSITORY, project

FILE = REPOSITORY / ".devstack" / "servicebus-emulator.json"
NAMESPACE = "sbemulatorns"
"""The only name that the emulator takes."""
_MOST_ENTITIES = 50
_MOST_DELIVERIES = 10
_LONGEST_LIFE = timedelta(hours=1)
_LONGEST_WINDOW = timedelta(minutes=5)


def emulator_config(entities: NamespaceSettings) -> tuple[dict[str, Any], list[str]]:
    """The file's content, and what had to be narrowed, a line each. Raises ValueError for too many entities."""
    if len(entities.queues) + len(entities.topics) > _MOST_ENTITIES:
        raise ValueError(f"the emulator holds {_MOST_ENTITIES} queues and topics at most")
    narrowed: list[str] = []
    queues = [
        {"Name": name, "Properties": _receiving(name, queue, narrowed) | _detecting(name, queue, narrowed)}
        for name, queue in entities.queues.items()
    ]
    topics = [
        {
            "Name": name,
            "Properties": {"DefaultMessageTimeToLive": _life(name, topic.properties, narrowed)}
            | _detecting(name, topic.properties, narrowed),
            "Subscriptions": [
                {
                    "Name": one,
                    "Properties": _receiving(f"{name}/{one}", subscription, narrowed),
                    "Rules": [_rule(rule, settings) for rule, settings in subscription.rules.items()],
                }
                for one, subscription in topic.subscriptions.items()
            ],
        }
        for name, topic in entities.topics.items()
    ]
    namespace = {"Name": NAMESPACE, "Queues": queues, "Topics": topics}
    return {"UserConfig": {"Namespaces": [namespace], "Logging": {"Type": "Console"}}}, narrowed


def _receiving(name: str, settings: QueueSettings | SubscriptionSettings, narrowed: list[str]) -> dict[str, Any]:
    deliveries = min(settings.max_delivery_count, _MOST_DELIVERIES)
    if deliveries < settings.max_delivery_count:
        narrowed.append(f"{name}: maxDeliveryCount {deliveries} instead of {settings.max_delivery_count}")
    return {
        "DeadLetteringOnMessageExpiration": settings.dead_lettering_on_message_expiration,
        "DefaultMessageTimeToLive": _life(name, settings, narrowed),
        "LockDuration": _iso(settings.lock_duration),
        "MaxDeliveryCount": deliveries,
        "RequiresSession": settings.requires_session,
    }


def _life(name: str, settings: QueueSettings | TopicProperties, narrowed: list[str]) -> str:
    wanted = settings.default_message_time_to_live
    if wanted is None or wanted > _LONGEST_LIFE:
        narrowed.append(f"{name}: messages expire after {_iso(_LONGEST_LIFE)}")
        return _iso(_LONGEST_LIFE)
    return _iso(wanted)


def _detecting(name: str, settings: QueueSettings | TopicProperties, narrowed: list[str]) -> dict[str, Any]:
    if not settings.requires_duplicate_detection:
        return {"RequiresDuplicateDetection": False}
    window = min(settings.duplicate_detection_history_time_window, _LONGEST_WINDOW)
    if window < settings.duplicate_detection_history_time_window:
        narrowed.append(f"{name}: duplicates are found for {_iso(window)} only")
    return {"RequiresDuplicateDetection": True, "DuplicateDetectionHistoryTimeWindow": _iso(window)}


def _rule(name: str, settings: RuleSettings) -> dict[str, Any]:
    if settings.correlation_filter is not None:
        return {
            "Name": name,
            "Properties": {
                "FilterType": "Correlation",
                "CorrelationFilter": {
                    key[0].upper() + key[1:]: value for key, value in settings.correlation_filter.items()
                },
            },
        }
    expression = {"SqlExpression": settings.sql_filter or "1 = 1"}
    return {"Name": name, "Properties": {"FilterType": "Sql", "SqlFilter": expression}}


def _iso(duration: timedelta) -> str:
    return f"PT{duration.total_seconds():.0f}S"


def main() -> int:
    """Write the file, and say what the emulator does differently. Return the exit code."""
    bus = project().bus
    if bus is None:
        print("devstack.toml names no Service Bus namespace.", file=sys.stderr)
        return 1
    config, narrowed = emulator_config(read_namespace((REPOSITORY / bus.entities).read_text()))
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(config, indent=2) + "\n")
    print(f"{FILE.relative_to(REPOSITORY)} is written. The emulator's limits differ:")
    for line in narrowed:
        print(f"  {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
