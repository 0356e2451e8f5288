"""The runner of the reliability suites goes on where it stopped, and publishes only what is complete and sound."""

from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.chaos import reliability, runner
from tests.chaos.record import Records, UnitRecord
from tests.chaos.suite import Result
from tests.chaos.suites import NAMES, in_order

UNITS = [("weather", "seed/1"), ("weather", "seed/2"), ("load", "all")]


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Units that were really run; those whose name ends with 2 find a breach."""
    units = list[str]()

    def run_apart(suite: str, unit: str, _: None) -> UnitRecord:
        units.append(f"{suite} {unit}")
        result = Result(figures={"requests": 10}, breaches=["5: lost"] if unit.endswith("2") else [])
        return UnitRecord(suite=suite, unit=unit, seconds=1, result=result)

    monkeypatch.setattr(runner, "run_apart", run_apart)
    monkeypatch.setattr(runner, "Processes", nullcontext)
    return units


def test_what_ran_soundly_is_not_run_again_and_what_broke_is(tmp_path: Path, ran: list[str]) -> None:
    records, reported = Records(lambda _: "code", tmp_path), list[UnitRecord]()
    runner.run_all(UNITS[:2], records, reported.append, at_once=2)
    assert sorted(ran) == ["weather seed/1", "weather seed/2"]
    ran.clear()
    found = runner.run_all(UNITS, records, reported.append, at_once=2)
    assert sorted(ran) == ["load all", "weather seed/2"]
    assert sorted(record.unit for record in found if record.is_sound) == ["all", "seed/1"]
    assert len(reported) == 4


def test_another_state_of_the_code_has_no_records(tmp_path: Path, ran: list[str]) -> None:
    runner.run_all(UNITS[:1], Records(lambda _: "one", tmp_path), lambda _: None, at_once=1)
    assert Records(lambda _: "two", tmp_path).read(*UNITS[0]) is None
    assert Records(lambda _: "one", tmp_path).read(*UNITS[0]) is not None
    assert len(ran) == 1


def test_long_units_come_first_and_the_suites_of_the_others_take_turns() -> None:
    units = {"weather": ["1", "2", "3", "4"], "load": ["a", "b"], "leaks": ["x", "y"]}
    expected = ["load a", "load b", "weather 1", "weather 2", "leaks x", "weather 3", "weather 4", "leaks y"]
    assert [" ".join(each) for each in in_order(units)] == expected


def test_figures_are_summed_and_maxima_are_not() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    results = [Result(figures={"requests": 2}, maxima={"growth": part}) for part in (3, 1)]
    records = [UnitRecord(suite="load", unit=str(n), seconds=1, finished=now, result=r) for n, r in enumerate(results)]
    assert reliability.summed(records) == {"requests": 4, "growth": 3}


def test_the_published_document_is_the_one_that_its_figures_give() -> None:
    figures = reliability.read_figures()
    assert reliability.DOCUMENT.read_text() == reliability.render(figures)
    assert set(figures.suites) <= set(NAMES)
    assert all(suite.figures for suite in figures.suites.values())
