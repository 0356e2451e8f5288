"""The SQL language of subscription rules: three-valued, with names of properties in any case."""

from typing import Any

import pytest

from devstack.doubles.servicebus.amqp.message import Message, Properties
from devstack.doubles.servicebus.amqp.types import Int, Long
from devstack.doubles.servicebus.entities.filters import CorrelationFilter, FalseFilter, TrueFilter, correlation_filter
from devstack.doubles.servicebus.entities.sql_filter import sql_filter
from devstack.doubles.servicebus.errors import BusError


def message(subject: str | None = None, **properties: Any) -> Message:
    sent = Message(application_properties=dict(properties))
    sent.set_properties(Properties(subject=subject, correlation_id="c-1"))
    return sent


ANSWER = message(
    "adt-client",
    type="registrar.registration.completed.v1",
    source="servicenow",
    attempt=Int(2),
    size=Long(10),
    ok=True,
)


@pytest.mark.parametrize(
    "text",
    [
        "type = 'registrar.registration.completed.v1'",
        "TYPE='registrar.registration.completed.v1' AND user.source = 'servicenow'",
        "source <> 'jira'",
        "source != 'jira' and attempt >= 2",
        "attempt < 3 AND size > 9 AND attempt <= 2",
        "sys.Label LIKE 'adt-%'",
        "sys.label LIKE 'ADT_client'",
        "[source] IN ('jira', 'servicenow')",
        "source NOT IN ('jira', 'mail')",
        "type NOT LIKE '%failed%'",
        "missing IS NULL",
        "source IS NOT NULL",
        "EXISTS(source) AND NOT EXISTS(missing)",
        "NOT (source = 'jira' OR attempt = 3)",
        "ok = TRUE",
        "missing = 'x' OR source = 'servicenow'",
        "sys.CorrelationId = 'c-1'",
        "source = 'servicenow' OR attempt = 'not a number'",
        "'it''s' = 'it''s'",
        "source LIKE 'service!_now' ESCAPE '!' OR attempt = 2",
    ],
)
def test_what_is_let_in(text: str) -> None:
    assert sql_filter(text).matches(ANSWER)


@pytest.mark.parametrize(
    "text",
    [
        "source = 'ServiceNow'",
        "missing = 'x'",
        "missing <> 'x'",
        "NOT (missing = 'x')",
        "source IN ('jira')",
        "attempt > 'two'",
        "source = 'servicenow' AND missing = 1",
        "sys.To = 'x'",
        "source",
        "sys.Label LIKE 'adt.client'",
        "source LIKE 'service!_now' ESCAPE '!'",
    ],
)
def test_what_is_kept_out(text: str) -> None:
    assert not sql_filter(text).matches(ANSWER)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "source =",
        "source = 'x",
        "(source = 'x'",
        "a b",
        "1 + 1 = 2",
        "source NOT 'x'",
        "sys.Nothing = 1",
        "x" * 1025,
    ],
)
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(BusError) as refusal:
        sql_filter(text).matches(ANSWER)
    assert refusal.value.condition == "com.microsoft:argument-error"


def test_a_correlation_filter_compares_what_it_names() -> None:
    wanted = correlation_filter({"label": "adt-client", "properties": {"source": "servicenow"}})
    assert wanted == CorrelationFilter({"label": "adt-client"}, {"source": "servicenow"})
    assert wanted.matches(ANSWER)
    assert not wanted.matches(message("adt-client", source="jira"))
    assert not wanted.matches(message("other", source="servicenow"))
    with pytest.raises(BusError, match="no property that a correlation filter can look at"):
        correlation_filter({"size": 3})


def test_everything_and_nothing() -> None:
    assert TrueFilter().matches(ANSWER)
    assert not FalseFilter().matches(ANSWER)
