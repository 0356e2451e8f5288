"""Bodies from outside: what is taken, and how everything else is refused."""

import base64

import pytest

from shared.contract.strict_json import MAX_BODY_BYTES, parse_object
from shared.errors import Rejected


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "invalid_json"),
        (b"not json", "invalid_json"),
        (b'["a list"]', "invalid_json"),
        (b'{"a": 1} trailing', "invalid_json"),
        (b'{"a": NaN}', "invalid_json"),
        (b'{"a": Infinity}', "invalid_json"),
        (b'{"a": ' + b"9" * 5000 + b"}", "invalid_json"),
        (b'{"a": ' + b"[" * 20_000, "invalid_json"),
        (b"\xff\xfe{}", "invalid_json"),
        (b"\xef\xbb\xbf{}", "invalid_json"),
        (b'{"a": "' + b"x" * 2 * MAX_BODY_BYTES + b'"}', "too_large"),
    ],
)
def test_what_is_no_json_object_is_refused_with_one_reason(body: bytes, code: str) -> None:
    with pytest.raises(Rejected) as refused:
        parse_object(body)
    assert [problem.code for problem in refused.value.problems] == [code]


def test_duplicate_keys_are_named_at_every_depth() -> None:
    _, problems = parse_object(b'{"a": 1, "a": 2, "b": {"c": [{"d": 1, "d": 1}]}}')
    assert [(problem.field, problem.code) for problem in problems] == [
        ("d", "duplicate_field"),
        ("a", "duplicate_field"),
    ]


def test_base64_of_an_object_is_taken_as_well() -> None:
    assert parse_object(base64.b64encode(b'{"a": 1}')) == ({"a": 1}, [])


def test_a_body_of_exactly_the_limit_is_taken() -> None:
    body = b'{"a":"' + b"x" * (MAX_BODY_BYTES - 8) + b'"}'
    assert len(body) == MAX_BODY_BYTES
    assert parse_object(body)[1] == []


def test_a_body_over_the_limit_is_a_problem_and_still_read() -> None:
    fields, problems = parse_object(b'{"requestId": "R-1", "a": "' + b"x" * MAX_BODY_BYTES + b'"}')
    assert [problem.code for problem in problems] == ["too_large"]
    assert fields["requestId"] == "R-1"
