"""Every fault of the contract is told in words that a requester understands, whatever is wrong and wherever."""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, cast

import pytest

from shared.api.approvals import parse_approval
from shared.contract.faults import OTHER_FORM
from shared.contract.request import FORMS, parse_request
from shared.contract.schema import schemas
from shared.core.errors import Problem, RejectedError

_EXAMPLES = Path(__file__).parents[3] / "examples"
REGISTER: dict[str, Any] = json.loads((_EXAMPLES / "azure-digital-twins.json").read_text()) | {
    "source": "queue",
    "owner": "ada@contoso.example",
    "requestedByObjectId": "aaaaaaaa-0000-4000-8000-000000000006",
    "ticket": "RITM0010042",
}
REGISTER["application"] |= {
    "web": {"redirectUris": ["https://a.contoso.example"], "implicitGrantSettings": {"enableIdTokenIssuance": True}},
    "spa": {"redirectUris": ["https://a.contoso.example"]},
}
REGISTER["credentials"][0] |= {"rotateBeforeDays": 30, "overlapDays": 7, "description": "x"}
ROTATE: dict[str, Any] = json.loads((_EXAMPLES / "rotate.json").read_text()) | {"revokePrevious": {"within": "PT10M"}}
WRONG: tuple[Any, ...] = (
    *(None, True, 7, -1, 1.5, 10**9, "", "x", "x" * 5000, " x ", "No Way!", "\u00e4", "\ud800", "reg:x", "pending"),
    *("P99D", "-PT1M", [], ["x"], ["x"] * 200, [None], [[]], [{}], {}, {"x": 1}),
)
NO_WORDS_OF_PEOPLE = (
    *("tuple", "pattern", "^", "$", "[a-z", "dict", "model", "pydantic", "string_", "input should", "value error"),
    *(
        "none",
        "regular expression",
        "regex",
        "literal",
        "unicode",
        "datetime",
        "timedelta",
        "float",
        "str ",
        OTHER_FORM,
    ),
)


type Place = tuple[str | int, ...]


def members(value: object) -> list[tuple[str | int, Any]]:
    """What an object or a list holds, each with where."""
    if isinstance(value, dict):
        return list(cast("dict[str | int, Any]", value).items())
    return list(enumerate(cast("list[Any]", value))) if isinstance(value, list) else []


def places(value: object, path: Place = ()) -> Iterator[Place]:
    """The places of all values, at every depth."""
    for key, inner in members(value):
        yield (*path, key)
        yield from places(inner, (*path, key))


def spoilt(request: dict[str, Any], place: Place, spoil: Callable[[Any, str | int], None]) -> dict[str, Any]:
    """A copy of the request, changed at one place."""
    copy: Any = deepcopy(request)
    container: Any = copy
    for key in place[:-1]:
        container = container[key]
    spoil(container, place[-1])
    return copy


def problems_of(request: dict[str, Any]) -> tuple[Problem, ...]:
    try:
        parse_request(request)
    except RejectedError as rejected:
        return rejected.problems
    return ()


def check(problem: Problem) -> None:
    told = problem.message.casefold()
    assert [word for word in NO_WORDS_OF_PEOPLE if word in told] == [], problem.message
    assert problem.message.startswith("The ")
    assert problem.message.endswith((".", "'")) or problem.message[-1] == "…", problem.message
    assert problem.field in problem.message


def _remove(container: Any, key: str | int) -> None:
    del container[key]


@pytest.mark.parametrize(
    ("request_", "place"),
    [
        pytest.param(each, place, id=".".join(map(str, (each["action"], *place))))
        for each in (REGISTER, ROTATE)
        for place in places(each)
    ],
)
def test_whatever_is_wrong_is_told_in_words(request_: dict[str, Any], place: Place) -> None:
    said = list[Problem]()
    for wrong in WRONG:
        said += problems_of(spoilt(request_, place, lambda container, key, to=wrong: container.__setitem__(key, to)))
    said += problems_of(spoilt(request_, place, _remove))
    assert said, f"nothing is wrong at {place}"
    for problem in said:
        check(problem)


def test_what_belongs_nowhere_is_told_in_words() -> None:
    inner = spoilt(REGISTER, ("application", "web", "more"), lambda container, key: container.__setitem__(key, 1))
    (problem,) = problems_of(inner)
    check(problem)
    assert problem.field == "application.web.more"
    many = deepcopy(REGISTER)
    many["credentials"] *= 11
    many["application"]["apiPermissions"] = [{"api": f"A{n}", "delegated": ["x"] * 30} for n in range(4)]
    for each in problems_of(many):
        check(each)


def test_every_pattern_of_the_contract_has_its_words() -> None:
    def patterns(schema: object) -> Iterator[str]:
        for key, inner in members(schema):
            if key == "pattern" and isinstance(inner, str):
                yield inner
            yield from patterns(inner)

    requests = [schema for name, schema in schemas().items() if "request" in name]
    assert requests
    assert {each for schema in requests for each in patterns(schema)} <= FORMS.keys()


@pytest.mark.parametrize(
    "body",
    [{}, {"decision": "maybe", "binding": "x"}, {"decision": "approve", "binding": 7}, {"more": [], "reason": {}}],
)
def test_a_decision_over_http_is_refused_in_words(body: dict[str, Any]) -> None:
    with pytest.raises(RejectedError) as rejected:
        parse_approval(json.dumps(body).encode())
    for problem in rejected.value.problems:
        check(problem)
