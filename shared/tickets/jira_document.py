"""A note as a Jira document: paragraphs of text nodes, in which nothing is markup, a link or a mention. Pure.

Source: Atlassian, "Atlassian Document Format" (doc, paragraph, hardBreak, text; a text node is never empty).
"""

import re
from typing import Any, cast

_DEEPEST = 40


def document(text: str) -> dict[str, Any]:
    """Return a text as a document; blank lines separate paragraphs."""
    paragraphs = [part.strip("\n") for part in re.split(r"\n{2,}", text)]
    return {"version": 1, "type": "doc", "content": [_paragraph(part) for part in paragraphs if part]}


def _paragraph(text: str) -> dict[str, Any]:
    nodes: list[dict[str, Any]] = []
    for line in text.split("\n"):
        nodes += [{"type": "hardBreak"}] if nodes else []
        nodes += [{"type": "text", "text": line}] if line else []
    return {"type": "paragraph", "content": nodes}


def holds(node: object, mark: str, depth: int = _DEEPEST) -> bool:
    """Return whether a document has a text node that is this mark."""
    if isinstance(node, list) and depth:
        return any(holds(each, mark, depth - 1) for each in cast("list[object]", node))
    if not isinstance(node, dict) or not depth:
        return False
    fields = cast("dict[str, object]", node)
    return str(fields.get("text", "")).strip() == mark or holds(fields.get("content"), mark, depth - 1)
