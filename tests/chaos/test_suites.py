"""The small size of every suite: enough to notice what breaks; `make chaos` runs them in full."""

import pytest

from tests.chaos.runner import run_here
from tests.chaos.suite import Size
from tests.chaos.suites import NAMES, load_suite

UNITS = [
    pytest.param(name, unit, id=f"{name}-{unit}".replace("/", "-"), marks=pytest.mark.xdist_group(f"{name}-{unit}"))
    for name in NAMES
    for unit in load_suite(name).units(Size.SMALL)
]


@pytest.mark.chaos
@pytest.mark.usefixtures("shared_template")
@pytest.mark.parametrize(("suite", "unit"), UNITS)
def test_nothing_is_broken(suite: str, unit: str) -> None:
    result = run_here(suite, unit)
    again = f"again: .venv/bin/python -m tests.chaos unit {suite} {unit}"
    assert not result.breaches, "\n".join([*result.breaches, again])
    assert any(result.figures.values()), "a unit that counts nothing proves nothing"
