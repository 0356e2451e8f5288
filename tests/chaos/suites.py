"""The suites there are, loaded when they are run: each brings its own SDKs."""

from importlib import import_module

from tests.chaos.suite import Suite

# In the order in which they are started: units of several minutes first, so that nothing waits for one at the end, and
# then the suites that most often miss something after a change, so that a run that fails does so early.
NAMES = (
    "load",
    "outage",
    "sabotage",
    "simulation",
    "lost-answers",
    "weather",
    "crash-matrix",
    "bad-input",
    "forgeries",
    "leaks",
)


def load_suite(name: str) -> Suite:
    """Return a suite by its name. Raises ValueError for a name there is not."""
    if name not in NAMES:
        raise ValueError(f"there is no suite {name}, only {', '.join(NAMES)}")
    suite: Suite = import_module(f"tests.chaos.{name.replace('-', '_')}").SUITE
    return suite
