"""What is no failure although schemathesis takes it for one, and a rule of the platform's that it does not know."""

import json
from typing import Any

import schemathesis
from schemathesis import Case, CheckContext, HookContext, Response
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.generation.meta import (
    CoverageScenario,
    coverage_scenario,  # pyright: ignore[reportUnknownVariableType]  its parameter lacks a type argument
)
from schemathesis.openapi.checks import RejectedPositiveData


@schemathesis.hook  # pyright: ignore[reportUnknownMemberType]  schemathesis types hooks in part
def filter_failure(context: HookContext, failure: Failure, case: Case[Any], response: Response) -> bool:
    """Keep a failure, unless the document itself says in words what its schemas cannot."""
    if isinstance(failure, AcceptedNegativeData):  # the platform does not hand on a parameter without a value
        return "" not in (case.query or {}).values()
    if not isinstance(failure, RejectedPositiveData) or response.status_code != 400:
        return True
    definition: Any = case.operation.definition.raw
    fields = {fault["field"] for fault in json.loads(response.content).get("errors", [])}
    match definition["operationId"]:
        case "receive_webhook":  # a body that ticketing.toml cannot make a request of
            return not fields
        case "list_credentials":  # a place that did not come from nextLink
            return fields != {"after"}
        case _:
            return True


@schemathesis.check
def unlisted_method_finds_nothing(context: CheckContext, response: Response, case: Case[Any]) -> None:
    """Azure Functions answers 404, without a body, to a method that none of a path's functions has."""
    is_unlisted = coverage_scenario(case) == CoverageScenario.UNSPECIFIED_HTTP_METHOD
    assert not is_unlisted or (response.status_code, response.content) == (404, b"")
