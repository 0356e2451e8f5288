"""A value is found wherever it stands, and nothing else is taken for one."""

import json
import string

from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from doctor.collect.leaks import find_leaks
from doctor.evidence import Leak

LETTERS = string.ascii_letters + string.digits + "~_.-"
values = st.lists(st.text(LETTERS, min_size=16, max_size=44), min_size=1, max_size=5, unique=True)


@given(values=values, before=st.text(), after=st.text(), which=st.integers(0, 4))
def test_a_value_is_found_between_whatever_surrounds_it(values: list[str], before: str, after: str, which: int) -> None:
    known = [(f"secret-{n}", SecretStr(value)) for n, value in enumerate(values)]
    leaked = values[which % len(values)]
    texts = [("table x", before + leaked + after), ("queue y", json.dumps({"text": leaked})), ("queue z", before)]
    found = find_leaks(known, texts)
    assert Leak(f"secret-{which % len(values)}", "table x") in found
    assert Leak(f"secret-{which % len(values)}", "queue y") in found
    assert all(leak.place != "queue z" for leak in found) or any(value in before for value in values)


def test_without_values_there_is_nothing_to_find() -> None:
    assert find_leaks([], [("table", "text")]) == []
    assert find_leaks([("short", SecretStr("value"))], [("table", "a value")]) == []
