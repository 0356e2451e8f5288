"""Searches other places for the vault's values in plain text: thousands of values in megabytes of text."""

import re
from collections.abc import Iterable, Iterator

from pydantic import SecretStr

from doctor.evidence import Leak

type Text = tuple[str, str]
"""(place, its content)."""

_LONG_ENOUGH = 16
"""Characters. Shorter values are not secrets that a directory issues, and would be found everywhere."""


def find_leaks(values: Iterable[tuple[str, SecretStr]], texts: Iterable[Text]) -> list[Leak]:
    """Find every place that holds a value; `values` are (name of the vault secret, value).

    A text is split at characters that no value contains, and each piece is searched with a window as long as a value.
    """
    names = {value.get_secret_value(): name for name, value in values if len(value.get_secret_value()) >= _LONG_ENOUGH}
    if not names:
        return []
    lengths = sorted({len(value) for value in names})
    letters = re.escape("".join(sorted(set[str]().union(*names))))
    pieces = re.compile(f"[{letters}]{{{lengths[0]},}}")
    return [
        Leak(names[found], place)
        for place, text in texts
        for piece in pieces.findall(text)
        for found in _windows(piece, lengths)
        if found in names
    ]


def _windows(piece: str, lengths: list[int]) -> Iterator[str]:
    for length in lengths:
        for begin in range(len(piece) - length + 1):
            yield piece[begin : begin + length]
