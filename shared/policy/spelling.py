"""How display names may be spelled: no mixture of scripts, and nothing that looks like a protected name.

UTS #39 (Unicode Security Mechanisms): the restriction level "Highly Restrictive" of section 5.2 by the script
extensions of each character, for the scripts that UAX #31 recommends; and skeletons as in section 4. Two steps are
ours: marks are left out of a skeleton, and I, l and i are one, so that neither an accent nor capitals hide a likeness.
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
"""What a script is written with others in (UTS #39, section 5.1)."""
_BESIDE_LATIN = frozenset({"Hanb", "Jpan", "Kore"})
_LONG = 8
"""Characters of a protected name that no ordinary word holds by chance."""
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NO_WORD = re.compile(r"[\W_]+")
_SPACES = re.compile(r"[^\w|]+|_+")


def is_highly_restrictive(text: str) -> bool:
    """Return whether all of a text is of one script, or of Latin beside Chinese, Japanese or Korean."""
    found = [_scripts(character) for character in text if not character.isascii() or character.isalpha()]
    told = [each for each in found if not each & _ANY]
    beside_latin = [each for each in told if "Latn" not in each]
    return _in_common(told) or bool(_BESIDE_LATIN.intersection(*beside_latin))


def imitated(text: str, protected: Iterable[str]) -> str | None:
    """Return the protected name that a text holds, or holds something that looks like; None when it does not.

    A name counts as whole words, however they are separated; a long one also as a part of a word.
    """
    readings = list(_readings(text))
    for name in protected:
        looks = "".join(_words(_skeleton(name)))
        if looks and any(_holds(words, looks) for words in readings):
            return name
    return None


def _readings(text: str) -> Iterator[list[str]]:
    """Read a text as words in a few ways: a separator may be meant as a letter, and a capital as a word's begin."""
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
    """Return what a text looks like, the same for texts that look alike, whatever their case."""
    once = _prototypes(text).casefold()
    return _prototypes(once).casefold().replace("i", "l")


def _prototypes(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    bare = "".join(character for character in decomposed if unicodedata.category(character) not in ("Mn", "Cf"))
    return bare.translate(_looks_like())


def _in_common(scripts: list[frozenset[str]]) -> bool:
    return not scripts or bool(scripts[0].intersection(*scripts[1:]))


def _scripts(character: str) -> frozenset[str]:
    """Return the scripts and writing systems of a character; nothing for one of no recommended script."""
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
