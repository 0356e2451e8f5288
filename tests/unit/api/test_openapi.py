"""The OpenAPI document is current, is one, and says what the functions are: routes, keys, roles, limits, examples."""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, cast

import pytest
from azure.functions import AuthLevel, FunctionApp
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from functions import BLUEPRINTS, openapi
from shared.api.credentials import parse_question
from shared.api.openapi.credentials import DAYS_PATTERN
from shared.api.openapi.document import FILE, document
from shared.contract.schema import rendered
from shared.core.errors import RejectedError
from shared.intake.mapping import request_from
from tests.fakes.clock import START
from tests.unit.intake.test_mapping import source

DOCUMENT: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
OPERATIONS = {
    operation["operationId"]: (path, method, operation)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
}


@cache
def http_functions() -> dict[str, dict[str, Any]]:
    """The trigger of every function over HTTP, by the function's name."""
    # An app of the test's own: the library indexes each app once only, and another test indexes the real one.
    app = FunctionApp()
    for blueprint in BLUEPRINTS:
        app.register_functions(blueprint)
    found: list[Any] = app.get_functions()
    triggers = {each.get_function_name(): each.get_trigger().get_dict_repr() for each in found}
    return {name: trigger for name, trigger in triggers.items() if trigger["type"] == "httpTrigger"}


def faults(schema: dict[str, Any], example: Any) -> list[str]:
    """What is wrong with an example by a schema of the document, which may point to its components."""
    whole: Any = Draft202012Validator({**schema, "components": DOCUMENT["components"]})
    return [error.message for error in whole.iter_errors(example)]


def examples(node: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Every example beside the schema that it is of."""
    if isinstance(node, list):
        node = dict(enumerate(cast("list[Any]", node)))
    if not isinstance(node, dict):
        return
    members = cast("dict[str, Any]", node)
    if "schema" in members and "example" in members:
        yield place, members["schema"], members["example"]
    if "schema" in members and "examples" in members:
        yield from ((place, members["schema"], each["value"]) for each in members["examples"].values())
    for name, each in members.items():
        yield from examples(each, f"{place}/{name}")


def test_the_document_is_current_and_is_one() -> None:
    assert FILE.read_text(encoding="utf-8") == rendered(document()), "run: python -m shared.api.openapi"
    validate(DOCUMENT)


def test_every_http_function_stands_in_it_and_nothing_else() -> None:
    served = {
        name: (f"/api/{each['route']}", [str(method).casefold() for method in each["methods"]])
        for name, each in http_functions().items()
    }
    assert served == {name: (path, [method]) for name, (path, method, _) in OPERATIONS.items()}


def test_a_key_is_asked_for_where_the_platform_asks_for_one() -> None:
    by_key = {name for name, each in http_functions().items() if each["authLevel"] == AuthLevel.FUNCTION}
    assert by_key == {name for name, (*_, each) in OPERATIONS.items() if each["security"] == [{"functionKey": []}]}
    assert by_key


def test_every_example_is_valid() -> None:
    found = list(examples(DOCUMENT))
    wrong = [(place, fault) for place, schema, each in found for fault in faults(schema, each)]
    assert wrong == []
    assert len(found) > 20


def test_every_answer_that_tells_a_problem_has_one_as_its_example() -> None:
    for name, (*_, operation) in OPERATIONS.items():
        for status, answer in operation["responses"].items():
            told = (
                DOCUMENT["components"]["responses"][answer["$ref"].rpartition("/")[2]] if "$ref" in answer else answer
            )
            problem = told.get("content", {}).get("application/problem+json")
            assert problem is None or str(problem["example"]["status"]) == status, (name, status)


@pytest.mark.parametrize("name", ["servicenow", "jira"])
def test_the_examples_of_webhooks_become_requests_by_the_mapping_as_it_is_shipped(name: str) -> None:
    body = OPERATIONS["receive_webhook"][2]["requestBody"]["content"]["application/json"]["examples"][name]["value"]
    request = request_from(source(name), body)
    assert (request.source, request.application.unique_name) == (name, "adt-client-dev")


def test_the_days_of_the_document_are_those_that_are_taken() -> None:
    def is_taken(text: str) -> bool:
        try:
            parse_question({"expiringWithin": text}, START)
        except RejectedError:
            return False
        return True

    texts = [f"{days}d" for days in range(1100)] + ["030d", "7", "d", "1D", " 1d"]
    assert [text for text in texts if is_taken(text)] == [text for text in texts if re.fullmatch(DAYS_PATTERN, text)]


async def test_it_is_served_to_anybody_and_may_be_kept() -> None:
    function: Any = openapi.openapi
    response = await function._function.get_user_function()(None)
    assert (response.status_code, response.mimetype) == (200, "application/json")
    assert response.get_body() == FILE.read_bytes()
    assert response.headers["Cache-Control"] == "public, max-age=3600"
