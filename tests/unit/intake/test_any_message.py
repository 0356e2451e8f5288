"""Whatever arrives: it is a request, or it is refused with reasons that fit into an answer."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contract.answer import MAX_ANSWER_BYTES, Status
from shared.contract.request import parse_request
from shared.contract.strict_json import parse_object
from shared.core.errors import Problem, RejectedError
from shared.operations.answers import unreadable

any_text = st.text(st.characters(exclude_categories=()))
"""Half surrogate pairs, too: JSON can spell them."""
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(any_text | st.just("application"), inner, max_size=5),
    max_leaves=20,
)


def problems_of(body: bytes) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """What the intake would find in a body; nothing but Rejected may come out of it."""
    fields: dict[str, Any] = {}
    try:
        fields, problems = parse_object(body)
        parse_request(fields)
    except RejectedError as rejected:
        return fields, rejected.problems
    return fields, tuple(problems)


def assert_answerable(body: bytes) -> None:
    fields, problems = problems_of(body)
    answer = unreadable(Status.REJECTED, fields, problems, ("m-1", "hash", datetime(2026, 1, 1, tzinfo=UTC)), "tenant")
    text = answer.to_json()
    assert len(text.encode()) <= MAX_ANSWER_BYTES
    data = json.loads(text)["data"]
    assert data["errorCount"] == len(problems)
    assert bool(data["errors"]) == bool(problems)
    assert all(value.isprintable() for error in data["errors"] for value in error.values())


@settings(max_examples=120, deadline=None)
@given(st.binary(max_size=2000) | st.binary(max_size=500).map(base64.b64encode))
def test_any_bytes_are_a_request_or_refused(body: bytes) -> None:
    assert_answerable(body)


@settings(max_examples=120, deadline=None)
@given(any_json, st.booleans())
def test_any_json_is_a_request_or_refused(value: object, ascii_only: bool) -> None:
    assert_answerable(json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("letter", ["x", "\\u0001", "\\ud800", "é", "\U0001f600", "\x9b"])
def test_many_long_names_that_stand_twice_fit_into_an_answer(letter: str) -> None:
    member = f'"{letter * 90}%d": 1'
    body = ", ".join(member % number for number in [*range(50), *range(50)])
    assert_answerable(f"{{{body}}}".encode())
