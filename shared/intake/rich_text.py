"""Converts Jira's rich text, as forms send it, to lines of plain text. Pure.

Source: Atlassian, "Atlassian Document Format" (its nodes and marks).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from shared.core.text import printable

_DEEPEST = 40
_BLOCKS = frozenset(
    (
        *("doc", "paragraph", "heading", "blockquote", "panel", "codeBlock", "expand", "nestedExpand"),
        *("bulletList", "orderedList", "listItem", "taskList", "taskItem", "decisionList", "decisionItem"),
        *("layoutSection", "layoutColumn"),
    )
)
_LINES = frozenset(("paragraph", "heading", "codeBlock", "taskItem", "decisionItem"))
"""Blocks that hold text themselves."""
_CARDS = frozenset(("inlineCard", "blockCard", "embedCard"))


class NotUnderstoodError(ValueError):
    """A form's value is ambiguous; the message is a sentence for the requester, without the field's name."""


@dataclass(frozen=True)
class Run:
    """A piece of one line, and its target if it is a link."""

    text: str
    link: str | None = None


type Line = tuple[Run, ...]


def is_document(value: object) -> bool:
    """Return whether a value is a document of Jira's editor."""
    return isinstance(value, dict) and cast("dict[str, Any]", value).get("type") == "doc"


def document_lines(value: object) -> list[Line]:
    """Return a document's lines. Raises NotUnderstoodError if it holds more than text, lists and links."""
    return [tuple(line) for line in _lines(value, _DEEPEST)]


def _lines(node: object, depth: int) -> Iterator[list[Run]]:
    fields = cast("dict[str, Any]", node) if isinstance(node, dict) else {}
    kind: object = fields.get("type")
    if not depth:
        raise NotUnderstoodError("The text is nested too deeply. Write plain text.")
    if kind in _CARDS:
        yield [_card(fields)]
    elif not isinstance(kind, str) or kind not in _BLOCKS:
        raise _more_than_text(kind)
    elif kind in _LINES:
        yield from _inline(_content(fields), depth - 1)
    else:
        for each in _content(fields):
            yield from _lines(each, depth - 1)


def _inline(content: list[object], depth: int) -> Iterator[list[Run]]:
    line: list[Run] = []
    for each in content:
        fields = cast("dict[str, Any]", each) if isinstance(each, dict) else {}
        kind: object = fields.get("type")
        if kind == "text" and isinstance(fields.get("text"), str):
            first, *more = str(fields["text"]).split("\n")
            line.append(Run(first, _link(fields)))
            for text in more:
                yield line
                line = [Run(text, _link(fields))]
        elif kind == "hardBreak":
            yield line
            line = []
        elif kind in _CARDS:
            line.append(_card(fields))
        elif kind == "paragraph":  # newer editors put paragraphs into tasks
            yield from _lines(fields, depth)
        else:
            raise _more_than_text(kind)
    yield line


def _card(fields: dict[str, Any]) -> Run:
    url = _attribute(fields, "url")
    if url is None:
        raise _more_than_text(fields.get("type"))
    return Run(url, url)


def _link(fields: dict[str, Any]) -> str | None:
    marks: object = fields.get("marks")
    for mark in cast("list[object]", marks) if isinstance(marks, list) else []:
        known = cast("dict[str, Any]", mark) if isinstance(mark, dict) else {}
        if known.get("type") == "link":
            return _attribute(known, "href")
    return None


def _attribute(fields: dict[str, Any], name: str) -> str | None:
    attributes: object = fields.get("attrs")
    found: object = cast("dict[str, Any]", attributes).get(name) if isinstance(attributes, dict) else None
    return found if isinstance(found, str) else None


def _content(fields: dict[str, Any]) -> list[object]:
    content: object = fields.get("content")
    return cast("list[object]", content) if isinstance(content, list) else []


def _more_than_text(kind: object) -> NotUnderstoodError:
    what = printable(kind) if isinstance(kind, str) else "a part of an unknown kind"
    return NotUnderstoodError(f"The text holds more than words, lists and links ({what}). Write plain text.")
