"""Members of a JSON payload that is handed over as text take the place of the message's own fields, as on Azure.

Source of the rule: azure-functions-host, WorkerFunctionInvoker.TransformInput and Utility.ApplyBindingData. It holds
for every trigger, and for texts alone: bytes are not looked into.
"""

import json
from collections.abc import Mapping
from typing import Any, cast


def with_members(fields: Mapping[str, Any], text: str) -> dict[str, Any]:
    """The fields with the payload's members over them: arrays and nulls left out, names compared without their case."""
    merged = dict(fields)
    spelling = {name.casefold(): name for name in fields}
    for name, value in _members(text).items():
        if value is not None and not isinstance(value, list):
            merged[spelling.get(name.casefold(), name)] = value
    return merged


def _members(text: str) -> dict[str, Any]:
    if not text.lstrip().startswith("{"):
        return {}
    try:
        return cast("dict[str, Any]", json.loads(text))
    except (ValueError, RecursionError):
        return {}
