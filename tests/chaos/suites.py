"""The suites there are, loaded when they are run: each brings its own SDKs."""

from collections.abc import Mapping, Sequence
from importlib import import_module

from tests.chaos.suite import Suite

NAMES = (
    "crash-matrix",
    "load",
    "lost-answers",
    "outage",
    "weather",
    "bad-input",
    "forgeries",
    "leaks",
    "simulation",
    "sabotage",
)
BOTH_BROKERS = ("crash-matrix", "load", "lost-answers", "outage", "weather", "leaks")
"""Suites with units on Service Bus, too: what the others look at does not depend on what carries messages."""
_LONG = ("load", "outage")
"""Units of several minutes."""


def load_suite(name: str) -> Suite:
    """Return a suite by its name. Raises ValueError for a name there is not."""
    if name not in NAMES:
        raise ValueError(f"there is no suite {name}, only {', '.join(NAMES)}")
    suite: Suite = import_module(f"tests.chaos.{name.replace('-', '_')}").SUITE
    return suite


def in_order(units: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """Suites' units in the order in which they are started.

    The long ones first, so that nothing waits for one at the end. The others take turns, each suite's spread over the
    whole run: some suites need the processor all the time, others wait half of it.
    """
    placed = [
        (0.0 if suite in _LONG else (place + 1) / len(names), suite, unit)
        for suite, names in units.items()
        for place, unit in enumerate(names)
    ]
    return [(suite, unit) for _, suite, unit in sorted(placed, key=lambda each: each[0])]
