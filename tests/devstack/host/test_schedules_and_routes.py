"""NCRONTAB and ASP.NET route templates, as tables."""

from datetime import UTC, datetime, timedelta

import pytest

from devstack.host.errors import BindingError
from devstack.host.functions import RetryPolicy
from devstack.host.outputs import decode, encode, split
from devstack.host.routes import parse_route
from devstack.host.schedule import fires_within_a_minute, parse_schedule
from devstack.host.timer_listener import retry_delay

NOW = datetime(2026, 11, 23, 12, 30, 5, tzinfo=UTC)  # a Monday


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("0 */5 * * * *", "2026-11-23T12:35:00"),
        ("*/10 * * * * *", "2026-11-23T12:30:10"),
        ("5 30 12 * * *", "2026-11-24T12:30:05"),
        ("30 12 * * *", "2026-11-24T12:30:00"),
        ("0 0 9-17 * * Mon-Fri", "2026-11-23T13:00:00"),
        ("0 0 0 * * 0", "2026-11-29T00:00:00"),
        # Both days must match, where cron is content with one: the next Friday the 13th.
        ("0 0 0 13 * Fri", "2027-08-13T00:00:00"),
        ("0 0 0 29 2 *", "2028-02-29T00:00:00"),
        ("00:05:00", "2026-11-23T12:35:05"),
    ],
)
def test_the_next_occurrence(expression: str, expected: str) -> None:
    assert parse_schedule(expression, NOW).next_after(NOW) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "expression",
    [
        "0 0 0 L * *",
        "0 0 0 ? * *",
        "0 0 0 * * 7",
        "0 0 0 * * Mon#1",
        "0 0 0 30 2 *",
        "* * *",
        "00:00:00",
        "61 * * * * *",
    ],
)
def test_what_is_no_schedule(expression: str) -> None:
    with pytest.raises(BindingError, match="schedule"):
        parse_schedule(expression, NOW)


def test_a_timer_that_fires_twice_a_minute_is_not_monitored() -> None:
    assert fires_within_a_minute(parse_schedule("0,30 * * * * *", NOW), NOW)
    assert not fires_within_a_minute(parse_schedule("0 * * * * *", NOW), NOW)


def test_retry_delays() -> None:
    assert retry_delay(RetryPolicy(3, fixed=7.0), 2) == 7.0
    growing = RetryPolicy(-1, fixed=None, shortest=2.0, longest=10.0)
    assert 3.6 <= retry_delay(growing, 1) <= 4.4
    assert retry_delay(growing, 5) == 10.0


@pytest.mark.parametrize(
    ("template", "path", "expected"),
    [
        ("a/b", "/A/B/", {}),
        ("a/{x}", "/a/1", {"x": "1"}),
        ("a/{x}", "/a/1/2", None),
        ("a/{x?}", "/a", {}),
        ("a/{x=7}", "/a", {"x": "7"}),
        ("{*rest}", "/a/b", {"rest": "a/b"}),
        ("files/{name}.{kind}", "/files/a.b.txt", {"name": "a.b", "kind": "txt"}),
        ("a/{x:int}", "/a/-5", {"x": "-5"}),
        ("a/{x:int}", "/a/five", None),
        ("a/{x:length(2,3)}", "/a/four", None),
        ("a/{x:alpha:minlength(2)?}", "/a/b", None),
        ("a/{x:range(1,9)}", "/a/9", {"x": "9"}),
        ("a/{x:guid}", "/a/0b07f429-9f4b-4714-9392-cc5e8e80c8b0", {"x": "0b07f429-9f4b-4714-9392-cc5e8e80c8b0"}),
        (r"a/{x:regex(^\d+$)}", "/a/12", {"x": "12"}),
    ],
)
def test_routes(template: str, path: str, expected: dict[str, str] | None) -> None:
    assert parse_route(template).match(path) == expected


def test_precedence_of_routes() -> None:
    templates = ["a/{*rest}", "a/{x}", "a/{x:int}", "a/b"]
    assert sorted(templates, key=lambda one: parse_route(one).precedence) == templates[::-1]


def test_a_constraint_that_is_not_known_is_named() -> None:
    with pytest.raises(BindingError, match="'prime'"):
        parse_route("a/{x:prime}")


@pytest.mark.parametrize(
    ("value", "messages"),
    [
        ("plain", ["plain"]),
        ('[1, null, "a"]', ["1", "a"]),
        ('{"a":"ü"}', ['{\n  "a": "ü"\n}']),
        ("[not json]", ["[not json]"]),
        (b"[1]", [b"[1]"]),
        ("[]", []),
    ],
)
def test_how_an_output_becomes_messages(value: str | bytes, messages: list[str | bytes]) -> None:
    assert split(value) == messages


def test_encodings_of_messages() -> None:
    assert encode("ü", "none") == "ü"
    assert decode(encode("ü", "base64"), "base64") == "ü".encode()
    with pytest.raises(ValueError, match="base64"):
        decode("{}", "base64")


def test_an_interval_counts_from_the_last_run() -> None:
    assert parse_schedule("1.00:00:00", NOW).next_after(NOW) == NOW + timedelta(days=1)
