"""Spelling rules for display names: no mixture of scripts, and nothing that looks like a protected name.

UTS #39 (Unicode Security Mechanisms): the restriction level "Highly Restrictive" of section 5.2 by the script
extensions of each character, for the scripts that UAX #31 recommends; and skeletons as in section 4. Two steps are our
own: skeletons omit marks, and I, l and i are equal, so that neither accents nor capitals hide a likeness.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cache

from shared.policy.spelling_data import LOOKS_LIKE, SCRIPTS

_ANY = frozenset({"Zyyy", "Zinh"})
_WRITING_SYSTEMS = {
    "Hani": frozenset({"Hanb", "Jpan", "Kore"}),
    "Hira": frozenset({"Jpan"}),
    "Kana": frozenset({"Jpan"}),
    "Hang": frozenset({"Kore"}),
    "Bopo": frozenset({"Hanb"}),
}
"""Writing systems that combine a script with others (UTS #39, section 5.1)."""
_BESIDE_LATIN = frozenset({"Hanb", "Jpan", "Kore"})
_LONG = 8
"""Length from which a protected name is unlikely to occur in an ordinary word by chance."""
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NO_WORD = re.compile(r"[\W_]+")
_SPACES = re.compile(r"[^\w|]+|_+")


def is_highly_restrictive(text: str) -> bool:
    """Return whether a text is in one script, or in Latin together with Chinese, Japanese or Korean."""
    found = [_scripts(character) for character in text if not character.isascii() or character.isalpha()]
    told = [each for each in found if not each & _ANY]
    beside_latin = [each for each in told if "Latn" not in each]
    return _in_common(told) or bool(_BESIDE_LATIN.intersection(*beside_latin))


def imitated(text: str, protected: Iterable[str]) -> str | None:
    """Return the protected name that a text contains, exactly or as a look-alike; None if there is none.

    A name must match whole words, however they are separated; a long one may also match part of a word.
    """
    readings = list(_readings(text))
    for name in protected:
        looks = "".join(_words(_skeleton(name)))
        if looks and any(_holds(words, looks) for words in readings):
            return name
    return None


def _readings(text: str) -> Iterator[list[str]]:
    """Split a text into words in several ways: a separator may act as a letter, and a capital may start a word."""
    for apart in (text, _CAMEL.sub(" ", text)):
        yield _words(_skeleton(apart))
        yield [word for each in _SPACES.split(apart) for word in ["".join(_words(_skeleton(each)))] if word]


def _holds(words: list[str], looks: str) -> bool:
    if len(looks) >= _LONG and any(looks in word for word in words):
        return True
    for first in range(len(words)):
        joined = ""
        for word in words[first:]:
            joined += word
            if joined == looks:
                return True
            if len(joined) >= len(looks):
                break
    return False


def _words(skeleton: str) -> list[str]:
    return [word for word in _NO_WORD.split(skeleton) if word]


def _skeleton(text: str) -> str:
    """Return a text's skeleton: the same for texts that look alike, regardless of case."""
    once = _prototypes(text).casefold()
    return _prototypes(once).casefold().replace("i", "l")


def _prototypes(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    bare = "".join(character for character in decomposed if unicodedata.category(character) not in ("Mn", "Cf"))
    return bare.translate(_looks_like())


def _in_common(scripts: list[frozenset[str]]) -> bool:
    return not scripts or bool(scripts[0].intersection(*scripts[1:]))


def _scripts(character: str) -> frozenset[str]:
    """Return the scripts and writing systems of a character; empty if its script is not recommended."""
    begins, ranges = _ranges()
    code = ord(character)
    place = bisect_right(begins, code) - 1
    last, scripts = ranges[place]
    return scripts if code <= last else frozenset()


@cache
def _ranges() -> tuple[list[int], list[tuple[int, frozenset[str]]]]:
    begins, ranges = list[int](), list[tuple[int, frozenset[str]]]()
    for each in SCRIPTS.split():
        span, _, codes = each.partition(":")
        first, _, last = span.partition("-")
        scripts = frozenset(codes.split("+"))
        begins.append(int(first, 16))
        ranges.append((int(last, 16), scripts.union(*(_WRITING_SYSTEMS.get(script, ()) for script in scripts))))
    return begins, ranges


@cache
def _looks_like() -> dict[int, str]:
    return {int(code, 16): looks for code, _, looks in (each.partition(":") for each in LOOKS_LIKE.split())}
