"""Bodies from outside: what is taken, and how everything else is refused."""

import base64
import gzip
import json
from time import process_time

import pytest

from shared.contract.recognising import kind_of, legible
from shared.contract.strict_json import MAX_BODY_BYTES, parse_object
from shared.core.errors import RejectedError


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
        (b'{"a": "' + b"x" * 2 * MAX_BODY_BYTES + b'"}', "too_large"),
    ],
)
def test_what_is_no_json_object_is_refused_with_one_reason(body: bytes, code: str) -> None:
    with pytest.raises(RejectedError) as refused:
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


REQUEST = {"requestId": "R-1", "source": "shop", "action": "register"}
PLAIN = json.dumps(REQUEST).encode()
BOM = b"\xef\xbb\xbf"


@pytest.mark.parametrize(
    "body",
    [
        BOM + PLAIN,
        base64.b64encode(BOM + PLAIN),
        base64.encodebytes(PLAIN * 1),
        base64.encodebytes(PLAIN).replace(b"\n", b"\r\n"),
        base64.encodebytes(BOM + PLAIN),
        BOM + base64.b64encode(PLAIN),
        b"\r\n" + PLAIN + b"\n",
    ],
)
def test_what_senders_really_put_around_an_object_is_passed_over(body: bytes) -> None:
    """Seen: a byte order mark and base64 in lines were 'not valid JSON', though the request in them was right."""
    assert parse_object(body) == (REQUEST, [])


@pytest.mark.parametrize(
    ("body", "what", "request_id"),
    [
        (b"", "empty", None),
        (b" \r\n", "empty", None),
        (BOM, "empty", None),
        (PLAIN.decode().encode("utf-16"), "UTF-16", "R-1"),
        (PLAIN.decode().encode("utf-16-le"), "UTF-16", "R-1"),
        (PLAIN.decode().encode("utf-16-be"), "UTF-16", "R-1"),
        (PLAIN.decode().encode("utf-32"), "UTF-32", "R-1"),
        (base64.b64encode(PLAIN.decode().encode("utf-16")), "base64 of text in UTF-16", "R-1"),
        (base64.b64encode(gzip.compress(PLAIN, mtime=0)), "base64 of data compressed with gzip", "R-1"),
        (base64.b64encode(base64.b64encode(PLAIN)), "base64 twice", None),
        (base64.b64encode(PLAIN)[:-6], "cut off", None),
        (b"<request><requestId>R-1</requestId></request>", "XML", "R-1"),
        (b'<?xml version="1.0"?><a/>', "XML", None),
        (b"requestId=R-1&source=shop", "a form", "R-1"),
        (b"PK\x03\x04....", "a zip archive", None),
        (b"requestId: R-1\nsource: shop\n", "plain text", "R-1"),
        (b"Please register my app.", "plain text", None),
        (b"\x00\x01\x02\x03", "binary data", None),
        (b"caf\xe9", "byte 3", None),
        (json.dumps(PLAIN.decode()).encode(), "a text rather than an object", "R-1"),
        (json.dumps([REQUEST]).encode(), "a list rather than an object", "R-1"),
        (json.dumps([REQUEST, {**REQUEST, "requestId": "R-2"}]).encode(), "a list rather than an object", None),
        (json.dumps([{"eventType": "x", "eventTime": "y", "data": REQUEST}]).encode(), "Event Grid envelope", "R-1"),
        (PLAIN[:-10], "not valid JSON", "R-1"),
        (PLAIN + PLAIN, "not valid JSON", "R-1"),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else None,
)
def test_what_is_refused_is_named_with_the_request_it_holds(body: bytes, what: str, request_id: str | None) -> None:
    with pytest.raises(RejectedError) as refused:
        parse_object(body)
    (problem,) = refused.value.problems
    assert what in problem.message
    assert legible(body, {}).get("requestId") == request_id


@pytest.mark.parametrize("value", ["a b", "R-1\\u0000", "", "x" * 65, "../x"])
def test_an_id_that_is_none_is_not_read_in_part(value: str) -> None:
    assert legible(f'["requestId": "{value}"]'.encode(), {}) == {}
    assert legible(f"requestId={value}&a=b".encode(), {}) == {}


def test_a_bomb_and_a_wall_of_text_are_looked_through_quickly() -> None:
    bomb = base64.b64encode(gzip.compress(b" " * 20_000_000 + b'"requestId": "R-1"'))
    walls = [part * 65_000 for part in (b"\n", b"\\", b'"', b" ", b"requestId", b'"requestId"', b"a=", b"&a=", b"<")]
    for body in (bomb, *walls):
        began = process_time()
        assert legible(body[:65_000], {}) == {}
        kind_of(body[:65_000])
        assert process_time() - began < 1
