"""The same suites on both brokers: names say which, Service Bus has its share, and figures are kept apart."""

from datetime import UTC, datetime

import pytest

from tests.brokers import Broker, split, tenth
from tests.chaos import reliability
from tests.chaos.crash_matrix.suite import Unit
from tests.chaos.on_the_wire.actions import ACTIONS
from tests.chaos.on_the_wire.part import of_the_bus
from tests.chaos.on_the_wire.points import Point
from tests.chaos.record import UnitRecord
from tests.chaos.suite import Result, Size
from tests.chaos.suites import BOTH_BROKERS, NAMES, load_suite

SEND = Point("servicebus", "SEND app-registration-work", "", 1)
SETTLE = Point("servicebus", "SETTLE app-registrations completed", "host", 1)
SAVE, READ = Point("table", "PUT operations", "worker", 1), Point("graph", "GET /applications", "", 1)


@pytest.mark.parametrize("suite", NAMES)
def test_service_bus_has_its_share_of_each_suite_that_depends_on_a_broker(suite: str) -> None:
    units = [split(unit) for unit in load_suite(suite).units(Size.FULL)]
    on_bus = [unit for unit, broker in units if broker is Broker.SERVICE_BUS]
    assert bool(on_bus) == (suite in BOTH_BROKERS)
    assert len({*units}) == len(units)
    if suite in ("crash-matrix", "lost-answers"):
        assert {unit.partition("/")[0] for unit in on_bus} == {action.name for action in ACTIONS}


def test_a_tenth_is_always_the_same_and_at_least_one() -> None:
    units = [str(number) for number in range(50)]
    assert tenth(units, "weather") == tenth(units, "weather")
    assert len(tenth(units, "weather")) == 5
    assert len(tenth(units[:4], "leaks")) == 1
    with pytest.raises(ValueError, match="elsewhere"):
        split("1@elsewhere")


def test_on_service_bus_there_is_a_death_at_every_call_to_it_and_one_more() -> None:
    unit = Unit.read("register/each/1-of-1@servicebus")
    *at_calls, other = unit.deaths([SAVE, SEND, READ, SETTLE])
    assert [(killed, when, points) for killed, when, points in at_calls] == [
        ("worker", "before", [SEND]),
        ("worker", "after", [SEND]),
        ("host", "before", [SEND, SETTLE]),
        ("host", "after", [SEND, SETTLE]),
    ]
    assert len(other[2]) == 1
    assert not other[2][0].by_bus


def test_on_service_bus_every_send_loses_its_answer_and_one_other_call() -> None:
    chosen = of_the_bus([SAVE, SEND, READ], "seed")
    assert SEND in chosen
    assert len(chosen) == 2


def test_figures_of_both_brokers_are_kept_apart() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    units = {"1": 3.0, "2": 4.0, "2@servicebus": 5.0}
    records = [
        UnitRecord(suite="weather", unit=unit, seconds=1, finished=now, result=Result(figures={"messages": count}))
        for unit, count in units.items()
    ]
    assert reliability.by_broker(records) == {Broker.STORAGE: {"messages": 7}, Broker.SERVICE_BUS: {"messages": 5}}


@pytest.mark.parametrize("ran", [[Broker.STORAGE], [Broker.SERVICE_BUS], list(Broker)])
def test_the_document_shows_the_figures_of_one_broker_or_both(ran: list[Broker]) -> None:
    figures = reliability.read_figures()
    weather = figures.suites["weather"]
    weather.figures = {broker: {"messages": 4711.0} for broker in ran}
    weather.units = dict.fromkeys(ran, 1)
    document = reliability.render(figures)
    assert f"| figure | {' | '.join(broker.label for broker in ran)} |" in document
    assert f"| messages |{' 4,711 |' * len(ran)}" in document
