"""Rules of a subscription: listed, added, removed."""

from typing import Any

from devstack.doubles.servicebus.amqp.types import Described, Int, ULong
from devstack.doubles.servicebus.answers import NO_CONTENT, Answer, succeeded
from devstack.doubles.servicebus.entities.filters import CorrelationFilter, FalseFilter, Filter, TrueFilter
from devstack.doubles.servicebus.entities.sql_filter import SqlFilter, sql_filter
from devstack.doubles.servicebus.operations.asked import Asked, as_map

_TRUE, _FALSE, _SQL, _CORRELATION = 0x1370000007, 0x1370000008, 0x1370000006, 0x1370000009
_RULE, _EMPTY_ACTION = 0x13700000004, 0x13700000005
"""Descriptors, as documented and as the client for Node has them: it skips a rule whose descriptor it does not know."""
_SQL_VERSION = 20
_SYSTEM = (
    "correlation-id",
    "message-id",
    "to",
    "reply-to",
    "label",
    "session-id",
    "reply-to-session-id",
    "content-type",
)


def list_rules(asked: Asked) -> Answer:
    """`enumerate-rules`: descriptions; 204 when there are no more."""
    skip, top = asked.page()
    found = list(asked.broker.entities.subscription(asked.address).rules.items())[skip : skip + top]
    if not found:
        return succeeded(None, NO_CONTENT)
    return succeeded({"rules": [{"rule-description": _described(name, rule)} for name, rule in found]})


def add_rule(asked: Asked) -> Answer:
    """`add-rule`: 409 when there is one of that name."""
    rule = _read(as_map(asked.body["rule-description"]))
    asked.broker.entities.subscription(asked.address).add_rule(asked.body["rule-name"], rule)
    return succeeded(None)


def remove_rule(asked: Asked) -> Answer:
    """`remove-rule`: 404 when there is none of that name."""
    asked.broker.entities.subscription(asked.address).remove_rule(asked.body["rule-name"])
    return succeeded(None)


def _read(description: dict[str, Any]) -> Filter:
    if "sql-filter" in description:
        return sql_filter(as_map(description["sql-filter"])["expression"])
    if "correlation-filter" in description:
        wanted = as_map(description["correlation-filter"])
        system = {name.replace("-", ""): wanted[name] for name in _SYSTEM if wanted.get(name) is not None}
        return CorrelationFilter(system, as_map(wanted.get("properties") or {}))
    return FalseFilter() if "false-filter" in description else TrueFilter()


def _described(name: str, rule: Filter) -> Described:
    match rule:
        case SqlFilter(text=text):
            described = Described(ULong(_SQL), [text, Int(_SQL_VERSION)])
        case CorrelationFilter(system=system, application=application):
            values = [system.get(member.replace("-", "")) for member in _SYSTEM]
            described = Described(ULong(_CORRELATION), [*values, application or None])
        case FalseFilter():
            described = Described(ULong(_FALSE), [])
        case _:
            described = Described(ULong(_TRUE), [])
    return Described(ULong(_RULE), [described, Described(ULong(_EMPTY_ACTION), []), name])
