"""The search for leaks finds a planted value in every kind of place and every way of writing, and nothing else."""

import base64
import gzip
import json
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.chaos.leaks.search import leaks

SECRET = "abc8Q~" + "Zk3~tQ.x_9-RmWvLp0sYhDf2uNgB7cJa6e"
TOKEN = f"eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJhIn0.{'Sig-nature_0123456789' * 8}"
OTHERS = [secrets.token_urlsafe(30) for _ in range(200)]

WRITINGS: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    "base64": lambda value: base64.b64encode(value.encode()),
    "base64, one byte before": lambda value: base64.b64encode(b"x" + value.encode() + b"more"),
    "base64, two bytes before": lambda value: base64.b64encode(b"xy" + value.encode()),
    "base64 for URLs": lambda value: base64.urlsafe_b64encode(b"\xff\xfe" + value.encode()),
    "base64 of JSON": lambda value: base64.b64encode(json.dumps({"password": value}).encode()),
    "URL-encoded": lambda value: quote(value, safe="").replace("~", "%7E").replace("-", "%2d").encode(),
    "URL-encoded throughout": lambda value: "".join(f"%{byte:02X}" for byte in value.encode()).encode(),
    "JSON-escaped": lambda value: "".join(f"\\u{ord(letter):04x}" for letter in value).encode(),
    "UTF-16": lambda value: value.encode("utf-16-le"),
    "hex": lambda value: value.encode().hex().encode(),
    "upper-case hex": lambda value: value.encode().hex().upper().encode(),
    "gzip": lambda value: b"before" + gzip.compress(b"x" * 500 + value.encode()) + b"after",
    "base64 in gzip in gzip": lambda value: gzip.compress(gzip.compress(base64.b64encode(value.encode()))),
}


@pytest.mark.parametrize("value", [SECRET, TOKEN], ids=["secret", "token"])
@pytest.mark.parametrize("writing", WRITINGS)
def test_a_value_is_found_however_it_is_written_and_wherever_it_begins(
    tmp_path: Path, writing: str, value: str
) -> None:
    for before in (0, 1, 5, 15, 16, 4097):
        (tmp_path / "log").write_bytes(b" " * before + WRITINGS[writing](value) + b"\n")
        found = leaks(tmp_path, [*OTHERS, value])
        assert found
        assert all(each.endswith("in log") and value not in each for each in found)


def test_a_value_is_found_in_every_kind_of_place(tmp_path: Path) -> None:
    places = ["logs/host.log", "azurite/__queuestorage__/a", "azurite/t.json", "temporary/x/core.12", "processes/1"]
    for place in places:
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(f'{{"a": "{SECRET}"}}')
    (tmp_path / f"named-{SECRET}").touch()
    found = leaks(tmp_path, [SECRET], {"an answer": SECRET.encode()})
    assert len(found) == len(places) + 2


def test_the_vault_and_the_stacks_own_secrets_are_no_leak(tmp_path: Path) -> None:
    for name in ("doubles.db", "doubles.db-wal", "stack.json"):
        (tmp_path / name).write_text(SECRET)
    assert leaks(tmp_path, [SECRET]) == []


def test_half_a_token_without_its_signature_and_other_values_are_no_leak(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(TOKEN.rpartition(".")[0] + SECRET[:20] + "".join(OTHERS))
    assert leaks(tmp_path, [SECRET, TOKEN]) == []


def test_a_search_for_nothing_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no value"):
        leaks(tmp_path, [])


def test_thousands_of_values_and_many_megabytes_take_one_pass(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(secrets.token_bytes(1 << 20) * 4)
    values = [secrets.token_urlsafe(30) for _ in range(1000)]
    started = time.process_time()
    assert leaks(tmp_path, values) == []
    assert time.process_time() - started < 8  # value by value, and encoding by encoding, it would be minutes
