"""Binding expressions: `%SETTING%` when the host starts, `{name}` when a function has run.

Microsoft Learn, "Azure Functions binding expression patterns". Formats such as `{datetime:yyyy}` are not covered.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast
from uuid import uuid4

from devstack.host.errors import BindingError
from devstack.host.settings import AppSettings

_SETTING = re.compile(r"%([^%]+)%")
_NAME = re.compile(r"{([^{}]+)}")

type BindingData = Mapping[str, Any]
"""Names and values that a trigger offers to expressions; nested objects are reached with dots."""


def resolve_settings(text: str, settings: AppSettings) -> str:
    """Replace every `%NAME%`. Raises BindingError when the app settings do not have the name."""

    def value(found: re.Match[str]) -> str:
        setting = settings.get(found[1])
        if setting is None:
            raise BindingError(f"'%{found[1]}%' does not resolve to a value: there is no such app setting")
        return setting

    return _SETTING.sub(value, text)


def resolve_names(text: str, data: BindingData, now: datetime) -> str:
    """Replace every `{name}` from the trigger's data. Raises BindingError for an unknown one."""
    return _NAME.sub(lambda found: _value(found[1], data, now), text)


def system_data(function: str, now: datetime) -> dict[str, Any]:
    """What `{sys...}` offers, and what the worker receives as metadata named `sys`."""
    return {"MethodName": function, "UtcNow": now.isoformat(), "RandGuid": str(uuid4())}


def _value(name: str, data: BindingData, now: datetime) -> str:
    match name.casefold():
        case "rand-guid":
            return str(uuid4())
        case "datetime":
            return now.strftime("%Y-%m-%dT%H-%M-%SZ")
        case _:
            found: Any = data
            for part in name.split("."):
                found = _member(found, part)
            if found is None:
                raise BindingError(f"No value for the named parameter '{name}'.")
            return str(found)


def _member(data: object, name: str) -> object:
    if not isinstance(data, Mapping):
        return None
    members = cast("Mapping[str, object]", data).items()
    return next((value for key, value in members if key.casefold() == name.casefold()), None)
