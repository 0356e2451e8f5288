"""The time of day at which the tests' stacks start: no timer of the hour or of the night comes soon."""

from datetime import UTC, datetime, timedelta

import pytest

import function_app
from devstack.config import Ports, StackConfig
from devstack.environment import functions_settings
from devstack.host.schedule import parse_schedule
from tests.checkout import ROOT
from tests.stacks import QUIET_TIME

START = datetime.combine(datetime(2026, 11, 23, tzinfo=UTC), QUIET_TIME, UTC)
OFTEN = timedelta(minutes=5)


def schedules() -> dict[str, str]:
    """The schedule of every timer, by its function."""
    settings = functions_settings(StackConfig(ports=Ports(**dict.fromkeys(Ports.model_fields, 1))), ROOT)
    triggers = {function.get_function_name(): function.get_trigger() for function in function_app.app.get_functions()}
    timers = {name: one.get_dict_repr() for name, one in triggers.items() if one.get_binding_name() == "timerTrigger"}
    return {name: settings.get(one["schedule"].strip("%"), one["schedule"]) for name, one in timers.items()}


def test_there_are_timers_of_the_hour_and_of_the_night() -> None:
    assert {"anchor_audit", "sweep_credentials", "check_due_index", "report_credentials"} <= set(schedules())


@pytest.mark.parametrize(("name", "schedule"), schedules().items())
def test_what_comes_seldom_does_not_come_soon(name: str, schedule: str) -> None:
    timer = parse_schedule(schedule, START)
    first = timer.next_after(START)
    assert timer.next_after(first) - first <= OFTEN or first - START > timedelta(minutes=50), name
