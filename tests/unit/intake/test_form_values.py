"""What forms send for one field: understood where it has one meaning, else refused with a sentence, never left out."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.intake.expressions import search
from shared.intake.rich_text import NotUnderstoodError

URI = "https://app.contoso.example/auth_cb"
PORTAL = {"type": "text", "text": "Portal", "marks": [{"type": "strong"}, {"type": "link", "attrs": {"href": URI}}]}


def said(function: str, value: Any) -> Any:
    return search(f"{function}(field)", {"field": value})


def refused(function: str, value: Any) -> str:
    with pytest.raises(NotUnderstoodError) as error:
        said(function, value)
    return str(error.value)


def paragraph(*nodes: dict[str, Any]) -> dict[str, Any]:
    return {"type": "paragraph", "content": list(nodes)}


def text(words: str, link: str | None = None) -> dict[str, Any]:
    marks = {"marks": [{"type": "link", "attrs": {"href": link}}]} if link is not None else {}
    return {"type": "text", "text": words} | marks


def document(*blocks: dict[str, Any]) -> dict[str, Any]:
    """A document as Jira's editor stores it."""
    return {"type": "doc", "version": 1, "content": list(blocks)}


def listed(kind: str, *items: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "content": [{"type": "listItem", "content": [each]} for each in items]}


@pytest.mark.parametrize(
    "value", [True, "true", "True", "TRUE ", "1", 1, 1.0, "yes", "Yes", ["Yes"], {"value": "Yes"}, [{"value": "yes"}]]
)
def test_yes(value: Any) -> None:
    assert said("yes", value) is True


@pytest.mark.parametrize(
    "value", [False, "false", "False", "0", 0, "no", " No ", ["No"], {"value": "No", "id": "10021"}, [{"value": "no"}]]
)
def test_no(value: Any) -> None:
    assert said("yes", value) is False


@pytest.mark.parametrize("value", [None, "", "  ", [], [""], [None], {"value": None}, {"value": ""}])
def test_nobody_chose(value: Any) -> None:
    assert said("yes", value) is None


@pytest.mark.parametrize("value", ["Ja", "y", "on", "none", 2, -1, ["Yes", "No"], {}, {"name": "Yes"}, "yes, please"])
def test_neither_yes_nor_no(value: Any) -> None:
    assert "Choose" in refused("yes", value) or "object" in refused("yes", value)


@pytest.mark.parametrize("value", ["180", " 180 ", "180.0", 180, 180.0, ["180"], {"value": "180"}, {"value": 180}])
def test_numbers_that_are_whole(value: Any) -> None:
    for function in ("integer", "days"):
        assert said(function, value) == 180
        assert isinstance(said(function, value), int)


@pytest.mark.parametrize(
    "value", ["180 days", "180 Days", "180days", "180.0 days", document(paragraph(text("180 days")))]
)
def test_numbers_of_days(value: Any) -> None:
    assert said("days", value) == 180
    assert "is not a whole number" in refused("integer", "180 days")


@pytest.mark.parametrize("value", [None, "", " ", [], {"value": ""}])
def test_no_number(value: Any) -> None:
    assert (said("integer", value), said("days", value)) == (None, None)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("1 year", "'1 year' is not a number of days"),
        ("half a year", "is not a number of days"),
        ("180,5", "is not a number of days"),
        ("1,000", "is not a number of days"),
        (1.5, "1.5 is not a number of days"),
        (True, "true is not a number of days"),
        ("\u0661\u0668\u0660", "is not a number of days"),
        ("1e3", "is not a number of days"),
        ("P180D", "is not a number of days"),
        ("2027-05-26", "'2027-05-26' is a date, not a number of days"),
        ("2027-05-26T09:30:00.000+0200", "is a date, not a number of days"),
        ("2027-05-26 09:30:00", "is a date, not a number of days"),
        ("26.05.2027", "is a date, not a number of days"),
        (["90", "180"], "several values"),
        ({"days": 180}, "an object"),
    ],
)
def test_no_number_of_days(value: Any, why: str) -> None:
    assert why in refused("days", value)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (" ADT ", "ADT"),
        ("R&amp;D", "R&D"),
        ("a &#x2F; b &#47; c", "a / b / c"),
        ("AT&T &copy", "AT&T &copy"),
        ("[code]<b>a < b > c</b>[/code]", "[code]<b>a < b > c</b>[/code]"),
        ({"value": "ADT"}, "ADT"),
        ([{"value": "ADT", "id": "1"}], "ADT"),
        (document(paragraph(text("ADT "), text("client"))), "ADT client"),
        (json.dumps(document(paragraph(text("ADT")))), "ADT"),
        (document(), None),
        ("", None),
        (None, None),
        ([], None),
    ],
)
def test_texts(value: Any, found: str | None) -> None:
    assert said("filled", value) == found
    assert said("lower", value) == (found.lower() if found is not None else None)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (7, "sends 7 where a text"),
        (True, "sends true where a text"),
        ({"name": "ADT"}, "an object"),
        ({"value": "Cloud", "child": {"value": "Azure"}}, "an object"),
        (["a", "b"], "several values"),
        ("R&amp;amp;D", "more than once"),
        ("<p>ADT</p>", "is HTML"),
        ("&lt;div class=x&gt;ADT&lt;/div&gt;", "is HTML"),
        ("ADT<br/>client", "is HTML"),
        (document({"type": "table", "content": []}), "table"),
        (document(paragraph({"type": "mention", "attrs": {"id": "1", "text": "@Ada"}})), "mention"),
        (document({"type": "mediaSingle"}), "mediaSingle"),
        (document({"no": "type"}), "more than words"),
    ],
)
def test_no_texts(value: Any, why: str) -> None:
    for function in ("filled", "lower", "lines", "uris"):
        if not (isinstance(value, list) and function in ("lines", "uris")):
            assert why in refused(function, value)


@pytest.mark.parametrize(
    "value",
    [
        "Read.Write\r\n\n Read.All ",
        ["Read.Write", " Read.All"],
        [{"value": "Read.Write"}, {"value": "Read.All"}],
        document(paragraph(text("Read.Write"), {"type": "hardBreak"}, text("Read.All"))),
        document(listed("bulletList", paragraph(text("Read.Write")), paragraph(text("Read.All")))),
    ],
)
def test_lists(value: Any) -> None:
    assert said("lines", value) == ["Read.Write", "Read.All"]


@pytest.mark.parametrize(
    "value", ["Read.Write, Read.All", ["Read.Write", "Read.All"], [{"value": "Read.Write,Read.All"}]]
)
def test_lists_in_one_line(value: Any) -> None:
    assert search("split(',', field)", {"field": value}) == ["Read.Write", "Read.All"]


@pytest.mark.parametrize(
    "value",
    [
        URI,
        f"[{URI}]",
        f"[{URI}|{URI}]",
        f"[{URI}|{URI}|smart-link]",
        f"[{URI}|smart-link]",
        f"[Portal|{URI}]",
        f"[Portal]({URI})",
        f"<{URI}>",
        f"* {URI}",
        f"1. {URI}",
        URI.replace("_", "\\_"),
        f"[{URI}|{URI}]".replace("_", "\\_"),
        URI.replace("/", "&#x2F;"),
        {"value": URI},
        [{"value": URI}],
        document(paragraph(text(URI))),
        document(paragraph(text(URI, URI))),
        document(paragraph(text(URI[:-2], URI), text(URI[-2:], URI))),
        document(paragraph(PORTAL)),
        document(paragraph({"type": "inlineCard", "attrs": {"url": URI}}, text(" "))),
        document({"type": "blockCard", "attrs": {"url": URI}}),
        document(listed("orderedList", paragraph(text(URI, URI)))),
    ],
)
def test_one_uri(value: Any) -> None:
    assert said("uris", value) == [URI]


def test_an_address_with_a_query_stays_what_it_is() -> None:
    uri = "https://app.contoso.example/cb?a=1&lt=2&copy=3"
    assert said("uris", uri) == [uri]
    assert said("uris", uri.replace("&", "&amp;")) == [uri]


@pytest.mark.parametrize(
    "value",
    [
        "[https://app.contoso.example|https://evil.example]",
        "[https://app.contoso.example](https://evil.example)",
        document(paragraph(text("https://app.contoso.example", "https://evil.example"))),
    ],
)
def test_a_link_that_shows_another_address_is_refused(value: Any) -> None:
    assert "shows 'https://app.contoso.example' and leads to 'https://evil.example'" in refused("uris", value)


def test_two_links_in_a_line_are_refused() -> None:
    assert "more than one link" in refused("uris", document(paragraph(text("a", URI), text(" b", f"{URI}2"))))


def test_a_document_without_end_is_refused() -> None:
    node = paragraph(text("x"))
    for _ in range(100):
        node = {"type": "blockquote", "content": [node]}
    assert "nested too deeply" in refused("filled", document(node))


_KEYS = st.sampled_from(["type", "value", "content", "attrs", "marks", "x"])


@settings(deadline=None)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.floats()
        | st.integers()
        | st.sampled_from(["doc", "value", "text", "", "7", "no"]),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
        max_leaves=8,
    )
)
def test_anything_else_is_nothing_or_refused_or_of_the_right_kind(value: Any) -> None:
    kinds: dict[str, type] = {
        **dict.fromkeys(("filled", "lower"), str),
        **dict.fromkeys(("lines", "uris"), list),
        **dict.fromkeys(("integer", "days"), int),
        "yes": bool,
    }
    for function, kind in kinds.items():
        with suppress(NotUnderstoodError):
            found = said(function, value)
            assert found is None or type(found) is kind
