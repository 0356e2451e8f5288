"""Reads Bicep as far as our own files need it: declarations by symbol, their bodies, and what refers to what.

There is no compiler here, so this is a reader of text: it knows comments, strings with `${…}`, and brackets.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.checkout import ROOT, files

_STRING = r"'(?:\\.|\$\{(?:[^{}']|'[^']*')*\}|[^'\\])*'"
_COMMENT_OR_STRING = re.compile(rf"(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<string>{_STRING})", re.DOTALL)
_INTERPOLATION = re.compile(r"(?<!\\)\$\{((?:[^{}']|'[^']*')*)\}")
_DECLARATION = re.compile(
    r"^(?P<kind>param|var|resource|module|output|type)\s+(?P<name>\w+)(?P<head>[^\n=]*)(?P<equals>=?)", re.MULTILINE
)
_REFERENCE = re.compile(r"(?:^module\s+\w+|\bfrom|^using|loadJsonContent\()\s*'([^']+)'", re.MULTILINE)
_PARTNERS = {"}": "{", "]": "[", ")": "("}


@dataclass(frozen=True)
class Declaration:
    """One top-level declaration: `head` stands between its name and `=`, `body` is everything up to the next one."""

    kind: str
    name: str
    head: str
    has_value: bool
    body: str

    @property
    def quoted(self) -> str:
        """The path of a module's file, or a resource's type with its API version."""
        return self.head.split("'")[1]

    @property
    def value(self) -> str:
        """What stands on the line of the declaration itself, a param's default say."""
        return self.body.split("\n", 1)[0].strip()

    def entries(self, key: str) -> dict[str, str]:
        """The `name: value` lines in the braces of `key: {…}`, where each value stands on its name's line."""
        found = re.search(rf"^ +{key}: \{{\n(.*?)^ +\}}$", self.body, re.MULTILINE | re.DOTALL)
        assert found, f"{self.name} has no block {key}"
        return dict(re.findall(r"^ *(\w+): *(.+?) *$", found.group(1), re.MULTILINE))

    def property(self, key: str) -> str:
        """The value of the only property of this name, wherever it stands in the body."""
        (value,) = re.findall(rf"^ *{key}: *(.+?) *$", self.body, re.MULTILINE)
        return value


class BicepFile:
    """One .bicep or .bicepparam file.

    `text` is the file without comments; in `code`, strings are reduced to what they compute, too.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        source = path.read_text(encoding="utf-8")
        self.text = _COMMENT_OR_STRING.sub(lambda found: found["string"] or "", source)
        self.code = _COMMENT_OR_STRING.sub(lambda found: _computed(found["string"] or ""), source)

    @cached_property
    def declarations(self) -> list[Declaration]:
        """All of them, in order."""
        found = list(_DECLARATION.finditer(self.text))
        ends = [later.start() for later in found[1:]] + [len(self.text)]
        return [
            Declaration(
                match["kind"], match["name"], match["head"], bool(match["equals"]), self.text[match.end() : end]
            )
            for match, end in zip(found, ends, strict=True)
        ]

    def all(self, kind: str) -> dict[str, Declaration]:
        """The declarations of one kind by name."""
        return {one.name: one for one in self.declarations if one.kind == kind}

    @property
    def references(self) -> list[str]:
        """Paths of the other files that this one names, relative to it."""
        return _REFERENCE.findall(self.text)

    @property
    def unbalanced(self) -> str | None:
        """The bracket outside strings that has no partner."""
        stack: list[str] = []
        for char in self.code:
            if char in _PARTNERS.values():
                stack.append(char)
            elif char in _PARTNERS and (not stack or stack.pop() != _PARTNERS[char]):
                return f"a {char} too many"
        return f"{stack[-1]} is never closed" if stack else None


def _computed(string: str) -> str:
    return "'" + " ".join(f"({expression})" for expression in _INTERPOLATION.findall(string)) + "'" if string else ""


INFRA = ROOT / "infra"
FILES = {path.relative_to(INFRA).as_posix(): BicepFile(path) for path in files("infra/**/*.bicep")}
"""All files of the deployment, by their path in `infra/`."""
