"""The two brokers, as a parameter of tests: the same test or unit runs on either."""

from collections.abc import Sequence
from enum import StrEnum
from random import Random


class Broker(StrEnum):
    """What carries messages; the value is that of the setting `MESSAGE_BROKER`."""

    STORAGE = "storage"
    SERVICE_BUS = "servicebus"

    @property
    def label(self) -> str:
        """What people call it."""
        return "storage queues" if self is Broker.STORAGE else "Service Bus"

    def settings(self) -> dict[str, str]:
        """The app settings by which a stack uses it."""
        return {"MESSAGE_BROKER": self.value}

    def mark(self, unit: str) -> str:
        """The name of a unit on this broker; on storage queues, which came first, it is the bare one."""
        return unit if self is Broker.STORAGE else f"{unit}@{self}"


def split(unit: str) -> tuple[str, Broker]:
    """A unit's bare name, and the broker that its name says. Raises ValueError for a broker there is not."""
    bare, _, broker = unit.partition("@")
    return bare, Broker(broker or Broker.STORAGE)


def tenth(units: Sequence[str], suite: str) -> list[str]:
    """A tenth of a suite's units, at least one, by their names on Service Bus; which ones follows from its name."""
    chosen = Random(suite).sample(range(len(units)), max(1, len(units) // 10))
    return [Broker.SERVICE_BUS.mark(units[place]) for place in sorted(chosen)]
