"""Decides by its name whether a permission only reads. Wildcards must not match permissions that may do more.

Names are the only indication of what a permission does. The rule errs on the safe side: with a verb not known to be
read-only, or any word of writing after it, the permission does not count as reading.
"""

import re
from itertools import product

READS = r"Read(?:Basic|Anonymous|(?:Selected)?For(?:User|Chat|Team))?"
"""The operations that only read, as a fragment of a regular expression."""

_READING = re.compile(rf"(?:[\w-]+\.)?{READS}(?P<constraint>(?:\.[\w-]+)*)", re.IGNORECASE | re.ASCII)
_SIGN_IN = frozenset({"openid", "profile", "email"})
_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
# fmt: off
_OF_WRITING = frozenset(
    {
        "add", "admin", "approve", "assign", "change", "consent", "control", "copy", "create",
        "delete", "disable", "edit", "enable", "execute", "export", "full", "impersonate",
        "impersonation", "import", "initiate", "install", "invite", "invoke", "join", "manage", "migrate",
        "modify", "move", "operate", "own", "owner", "publish", "purge", "readwrite", "register", "remove",
        "rename", "replace", "reset", "restore", "revoke", "run", "send", "set", "sign", "start", "stop",
        "submit", "sync", "update", "upload", "wipe", "write",
    }
)
# fmt: on
_NEVER_OF_A_RESOURCE = frozenset({"write", "readwrite", "manage", "send", "impersonate", "impersonation"})
_SAYS_IT_WRITES = re.compile(r"write|send(?![a-z])|impersonat|fullcontrol|manage(?!m|$)", re.IGNORECASE)
_FILLERS = (
    "",
    "X",
    ".",
    "X.",
    ".X",
    "X.Read",
    "x.Read",
    "X.Read.All",
    ".Read",
    "Read",
    "Read.All",
    ".Read.All",
    "Read.",
    ".Read.",
)
_PARTS_OF_READ = (
    "R",
    "Re",
    "Rea",
    "ead",
    "ead.All",
    "ad",
    "ad.All",
    "d",
    "d.All",
    "ea",
    "X.R",
    "X.Re",
    "X.Rea",
    "l",
    "ll",
)


def reads_only(name: str) -> bool:
    """Return whether a permission of this name definitely only reads."""
    if name in _SIGN_IN:
        return True
    found = _READING.fullmatch(name)
    if found is None or not _NEVER_OF_A_RESOURCE.isdisjoint(_words(name)):
        return False
    return _OF_WRITING.isdisjoint(_words(found["constraint"]))


def matches(pattern: str, name: str) -> bool:
    """Return whether a pattern matches this name: `*` stands for any characters, but never matches a name of writing.

    Case-sensitive, as permission names are.
    """
    if "*" not in pattern:
        return pattern == name
    return reads_only(name) and re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name) is not None


def matches_nothing(pattern: str) -> bool:
    """Return whether a pattern with `*` can match no permission, as it could match only names of writing.

    A part that itself indicates writing is enough. Otherwise this tries possible completions to a name of reading; one
    that is found proves that the pattern can match.
    """
    if any(_SAYS_IT_WRITES.search(part) for part in pattern.split("*")):
        return True
    first, *rest = re.split(r"\*+", pattern)
    fillers = (*_FILLERS, *_PARTS_OF_READ)
    tried = product(fillers, repeat=min(len(rest), 2))
    return not any(reads_only(_filled(first, rest, chosen)) for chosen in tried)


def _filled(first: str, rest: list[str], chosen: tuple[str, ...]) -> str:
    padded = (*chosen, *("" for _ in rest[len(chosen) :]))
    return first + "".join(filler + part for filler, part in zip(padded, rest, strict=True))


def _words(text: str) -> set[str]:
    return {word.lower() for word in _WORDS.findall(text)}
