"""The time of day at which the tests' stacks start: no hourly or nightly timer is due soon."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from azure.functions import FunctionApp

from devstack.config import Ports, StackConfig
from devstack.environment import functions_settings
from devstack.host.schedule import parse_schedule
from functions import BLUEPRINTS
from tests.checkout import ROOT
from tests.stacks import QUIET_TIME

START = datetime.combine(datetime(2026, 11, 23, tzinfo=UTC), QUIET_TIME, UTC)
OFTEN = timedelta(minutes=5)


@cache
def schedules() -> dict[str, str]:
    """The schedule of every timer, by its function."""
    # An app of the test's own: the library indexes each app once only, and another test indexes the real one.
    app = FunctionApp()
    for blueprint in BLUEPRINTS:
        app.register_functions(blueprint)
    settings = functions_settings(StackConfig(ports=Ports(**dict.fromkeys(Ports.model_fields, 1))), ROOT)
    found = dict[str, str]()
    for function in app.get_functions():
        bindings: list[Any] = function.get_bindings()
        for binding in (one.get_dict_repr() for one in bindings):
            if binding["type"] == "timerTrigger":
                schedule = str(binding["schedule"])
                found[str(function.get_function_name())] = settings.get(schedule.strip("%"), schedule)
    return found


def test_there_are_hourly_and_nightly_timers() -> None:
    assert {"anchor_audit", "sweep_credentials", "check_due_index", "report_credentials"} <= set(schedules())


@pytest.mark.parametrize(("name", "schedule"), schedules().items())
def test_rare_timers_are_not_due_soon(name: str, schedule: str) -> None:
    timer = parse_schedule(schedule, START)
    first = timer.next_after(START)
    assert timer.next_after(first) - first <= OFTEN or first - START > timedelta(minutes=50), name
