"""Is a comment's body a legal document? Nodes, what may be in them, marks and attributes.

Source: Atlassian, "Atlassian Document Format", structure, nodes and marks, and its JSON schema (no further properties;
a text is never empty; `code` goes with `link` alone). Not all of the format: what a program writes into a ticket.
"""

from typing import Any, cast

_INLINE = frozenset({"text", "hardBreak", "mention", "emoji", "inlineCard", "date", "status"})
_LISTED = frozenset({"paragraph", "bulletList", "orderedList", "codeBlock"})
_CELL = frozenset({"paragraph", "heading", "bulletList", "orderedList", "codeBlock", "blockquote", "panel", "rule"})
_BLOCKS = _CELL | {"table", "expand"}
_CONTENT: dict[str, frozenset[str]] = {
    "doc": _BLOCKS,
    "paragraph": _INLINE,
    "heading": _INLINE,
    "codeBlock": frozenset({"text"}),
    "blockquote": _LISTED,
    "panel": frozenset({"paragraph", "heading", "bulletList", "orderedList", "codeBlock", "rule"}),
    "bulletList": frozenset({"listItem"}),
    "orderedList": frozenset({"listItem"}),
    "listItem": _LISTED,
    "expand": _CELL,
    "table": frozenset({"tableRow"}),
    "tableRow": frozenset({"tableHeader", "tableCell"}),
    "tableHeader": _CELL,
    "tableCell": _CELL,
}
"""What each node that has content may hold."""
_MAY_BE_EMPTY = frozenset({"doc", "paragraph", "heading", "codeBlock", "tableRow"})
_ATTRIBUTES: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "heading": (frozenset({"level"}), frozenset()),
    "codeBlock": (frozenset(), frozenset({"language", "uniqueId"})),
    "panel": (frozenset({"panelType"}), frozenset()),
    "orderedList": (frozenset(), frozenset({"order"})),
    "expand": (frozenset(), frozenset({"title"})),
    "table": (frozenset(), frozenset({"isNumberColumnEnabled", "layout", "width", "displayMode"})),
    "tableHeader": (frozenset(), frozenset({"colspan", "rowspan", "colwidth", "background"})),
    "tableCell": (frozenset(), frozenset({"colspan", "rowspan", "colwidth", "background"})),
    "hardBreak": (frozenset(), frozenset({"text"})),
    "mention": (frozenset({"id"}), frozenset({"text", "accessLevel", "userType"})),
    "emoji": (frozenset({"shortName"}), frozenset({"id", "text"})),
    "inlineCard": (frozenset({"url"}), frozenset()),
    "date": (frozenset({"timestamp"}), frozenset()),
    "status": (frozenset({"text", "color"}), frozenset({"style"})),
    "link": (frozenset({"href"}), frozenset({"title", "id", "collection", "occurrenceKey"})),
    "subsup": (frozenset({"type"}), frozenset()),
    "textColor": (frozenset({"color"}), frozenset()),
    "backgroundColor": (frozenset({"color"}), frozenset()),
}
"""Attributes that a node or mark must and may have; none of both where it is not listed."""
_MARKS = frozenset({"strong", "em", "code", "strike", "underline", "link", "subsup", "textColor", "backgroundColor"})
_PANELS = frozenset({"info", "note", "tip", "warning", "success", "error"})

type _Object = dict[str, Any]


def is_document(body: object) -> bool:
    """Return whether Jira would take it."""
    document = _object(body)
    if document is None or document.get("type") != "doc" or "content" not in document:
        return False
    version = document.get("version")
    return type(version) is int and version == 1 and _is_node(document, {"version"})


def plain_text(node: object) -> str:
    """All the text of a document, its blocks on lines of their own."""
    found = _object(node) or {}
    if found.get("type") == "text":
        return str(found["text"])
    if found.get("type") == "hardBreak":
        return "\n"
    inner = "".join(plain_text(child) for child in _list(found.get("content")) or ())
    is_block = found.get("type") in ("paragraph", "heading", "codeBlock")
    return f"{inner}\n" if is_block else inner


def _is_node(node: _Object, further: set[str]) -> bool:
    kind = node.get("type")
    if kind == "text":
        return _is_text(node)
    if kind not in _CONTENT and kind not in _INLINE and kind != "rule":
        return False
    if not node.keys() <= {"type", "attrs", "content"} | further or not _has_legal_attributes(node):
        return False
    if kind not in _CONTENT:
        return "content" not in node
    children = _list(node.get("content", []))
    if children is None or not (children or kind in _MAY_BE_EMPTY):
        return False
    return all(_is_child(child, kind) for child in children)


def _is_child(child: object, parent: str) -> bool:
    node = _object(child)
    if node is None or node.get("type") not in _CONTENT[parent] or not _is_node(node, set()):
        return False
    return not (parent == "codeBlock" and node.get("marks"))


def _is_text(node: _Object) -> bool:
    text, marks = node.get("text"), _list(node.get("marks", []))
    if not node.keys() <= {"type", "text", "marks"} or not isinstance(text, str) or not text or marks is None:
        return False
    found = [_object(mark) for mark in marks]
    if not all(mark and mark.keys() <= {"type", "attrs"} and _is_mark(mark) for mark in found):
        return False
    kinds = [mark["type"] for mark in found if mark]
    return len(set(kinds)) == len(kinds) and ("code" not in kinds or set(kinds) <= {"code", "link"})


def _is_mark(mark: _Object) -> bool:
    return mark.get("type") in _MARKS and _has_legal_attributes(mark)


def _has_legal_attributes(node: _Object) -> bool:
    attributes = _object(node.get("attrs", {}))
    needed, allowed = _ATTRIBUTES.get(str(node["type"]), (frozenset[str](), frozenset[str]()))
    if attributes is None or not needed <= attributes.keys() <= needed | allowed:
        return False
    match node["type"]:
        case "heading":
            return attributes["level"] in range(1, 7)
        case "panel":
            return attributes["panelType"] in _PANELS
        case "link":
            return isinstance(attributes["href"], str)
        case _:
            return True


def _object(value: object) -> _Object | None:
    return cast("_Object", value) if isinstance(value, dict) else None


def _list(value: object) -> list[object] | None:
    return cast("list[object]", value) if isinstance(value, list) else None
