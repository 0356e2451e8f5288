"""What the report advises and how it writes: names in it are anybody's text."""

import csv
import io
import json
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from shared.api.reports import headers_of, wanted_format
from shared.core.errors import RejectedError
from shared.core.text import visible
from shared.model.directory import CredentialHolder, HeldCredential
from shared.report.advice import advise
from shared.report.csv_text import csv_text, defused
from shared.report.json_text import json_text
from shared.report.managed import Known, Part
from shared.report.page import MOST_ROWS, page_html, page_policy, timeline
from shared.report.rows import Advice, Report, Row, Urgency

NOW = datetime(2026, 11, 23, 4, 20, tzinfo=UTC)
YEAR = timedelta(days=365)
HOSTILE = (
    "<script>document.title = 'owned'</script>",
    '"><img src=x onerror="document.title=\'owned\'">',
    "' autofocus onfocus='document.title=1",
    "{{ 7 * 7 }}{% for x in rows %}${7*7}#{7*7}",
    "</style><style>*{display:none}</style>",
    "</title></head><body onload=alert(1)>",
    "javascript:alert(1)",
    "&lt;b&gt;&amp;",
    "abc\u202egnp.exe",
    "zero\u200bwidth\u2066iso\u2069",
    "null\x00bell\x07esc\x1b[31m",
    "line\r\nbreak\u2028too",
    "half \ud83d",
    '=HYPERLINK("https://elsewhere.example";"x")',
    "+1+1|cmd",
    "-2+3",
    "@SUM(A1)",
    "\t=1+1",
    "  =1+1",
    "＝1+1",
    "<!--",
    "]]>",
)


def days(number: float) -> datetime:
    return NOW + timedelta(days=number)


def secret(end: datetime | None = None, start: datetime | None = None, name: str | None = "x") -> HeldCredential:
    return HeldCredential("secret", "5d0c0000-0000-4000-8000-000000000001", name, start or days(-10), end)


def known(part: Part = Part.CURRENT, at: datetime | None = None) -> Known:
    return Known(part, "client", "app", "app--secret", "ada@contoso.example", at)


@pytest.mark.parametrize(
    ("credential", "vault", "code", "urgency"),
    [
        (secret(days(-1)), None, "expired", Urgency.WATCH),
        (secret(NOW), None, "expired", Urgency.WATCH),
        (secret(days(30)), None, "expires_soon", Urgency.ACT),
        (secret(days(31)), None, "fine", Urgency.FINE),
        (secret(None), None, "no_expiry", Urgency.WATCH),
        (secret(days(400), days(-10)), None, "lives_too_long", Urgency.WATCH),
        (secret(days(355), days(-10)), None, "fine", Urgency.FINE),
        (secret(days(100), name="reg:" + "a" * 32), None, "mark_unknown_to_vault", Urgency.ACT),
        (secret(days(100), NOW - timedelta(minutes=14), "reg:x"), None, "being_issued", Urgency.FINE),
        (secret(days(100), NOW - timedelta(minutes=15), "reg:x"), None, "mark_unknown_to_vault", Urgency.ACT),
        (secret(days(-1), name="reg:x"), None, "expired", Urgency.WATCH),
        (secret(days(100)), known(at=days(70)), "will_be_replaced", Urgency.FINE),
        (secret(days(20)), known(at=days(-0.9)), "will_be_replaced", Urgency.FINE),
        (secret(days(20)), known(at=days(-1.1)), "replacement_overdue", Urgency.ACT),
        (secret(days(-1)), known(at=days(-0.5)), "replacement_overdue", Urgency.ACT),
        (secret(days(20)), known(at=None), "not_replaced", Urgency.WATCH),
        (secret(days(-1)), known(at=None), "not_replaced", Urgency.ACT),
        (secret(days(20)), known(Part.REPLACED, days(3)), "will_be_removed", Urgency.FINE),
        (secret(days(20)), known(Part.REPLACED), "will_be_removed", Urgency.FINE),
        (secret(days(20)), known(Part.REPLACED, days(-2)), "removal_overdue", Urgency.ACT),
        (secret(days(20)), known(Part.PENDING), "being_proven", Urgency.FINE),
    ],
)
def test_advice(credential: HeldCredential, vault: Known | None, code: str, urgency: Urgency) -> None:
    advice = advise(credential, vault, now=NOW, max_lifetime=YEAR)
    assert (advice.code, advice.urgency) == (code, urgency)
    assert advice.text.endswith(".")


def test_azure_renews_a_managed_identitys_certificate_itself() -> None:
    advice = advise(secret(days(3)), None, now=NOW, max_lifetime=YEAR, is_renewed_by_platform=True)
    assert (advice.code, advice.urgency) == ("renewed_by_platform", Urgency.FINE)


def test_a_replacement_that_is_due_says_when() -> None:
    assert "2026-12-03" in advise(secret(days(40)), known(at=days(10)), now=NOW, max_lifetime=YEAR).text


def row(name: str, end: datetime | None = None, urgency: Urgency = Urgency.FINE, *, managed: bool = False) -> Row:
    holder = CredentialHolder("application", "object", "app-id", name, name, ())
    advice = Advice("fine", "Nothing to do.", urgency)
    credential = replace(secret(end, name=name), key_id=f"key of {name}")
    return Row(holder, credential, managed, None, (name,), advice)


def report(rows: Iterable[Row]) -> Report:
    return Report(NOW, "72f988bf-0000-4000-8000-2d7cd011db47", tuple(rows))


class Page(HTMLParser):
    """What a browser would make of a page: its elements with their attributes, and its text."""

    def __init__(self, page: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_hostile_names_are_text_and_nothing_else() -> None:
    page = Page(page_html(report(row(name) for name in HOSTILE)))
    harmless = Page(page_html(report(row("harmless") for _ in HOSTILE)))
    assert page.elements == harmless.elements
    for name in HOSTILE:
        assert visible(name) in page.text
    assert "49" not in page.text.replace("2026", "")
    assert all(not name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert {tag for tag, _ in page.elements}.isdisjoint({"script", "a", "img", "iframe", "object", "form", "link"})


def test_nothing_of_a_name_can_hide_or_turn_the_text_around() -> None:
    for made in (page_html(report(map(row, HOSTILE))), csv_text(report(map(row, HOSTILE)))):
        text = made.decode()
        assert (
            re.search("[\u0000-\u0008\u000b\u000c\u000e-\u001f\u200b-\u200f\u2028-\u202e\u2066-\u2069]", text) is None
        )
    assert visible("abc\u202egnp.exe") == r"abc\u202egnp.exe"
    assert visible("Grün, عربى, 名前 🔑") == "Grün, عربى, 名前 🔑"


def test_the_page_needs_nothing_and_allows_nothing() -> None:
    text = page_html(report([row("x", days(3))])).decode()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', text)
    assert policy is not None
    assert policy[1].replace("&#39;", "'") == page_policy()
    directives = dict(each.split(" ", 1) for each in page_policy().split("; "))
    assert directives["default-src"] == "'none'"
    assert directives["style-src"].startswith("'sha256-")
    assert "unsafe" not in page_policy()
    assert "style=" not in text
    assert re.search(r"""(?:src|href|url)\s*[=(]""", text) is None
    assert 'lang="en"' in text


def test_a_page_of_many_shows_the_most_urgent_and_says_where_the_rest_is() -> None:
    rows = [row(f"fine {number}", days(number)) for number in range(MOST_ROWS)]
    rows += [row("last but urgent", days(900), Urgency.ACT)]
    page = Page(page_html(report(rows)))
    assert page.text.index("last but urgent") < page.text.index("fine 0")
    assert f"fine {MOST_ROWS - 2}" in page.text
    assert f"fine {MOST_ROWS - 1}" not in page.text
    assert {"id": "cut"} in [attributes for tag, attributes in page.elements if tag == "p"]
    assert "format=csv" in page.text
    assert len(list(csv.reader(io.StringIO(csv_text(report(rows)).decode())))) == len(rows) + 1


def test_the_timeline_counts_every_credential_once() -> None:
    ends = (days(-400), NOW, days(1), days(1), days(40), days(364), days(366), days(4000), None)
    bars = timeline([row("x", end, managed=end == days(40)) for end in ends], NOW)
    counts = {bar.label: (bar.managed, bar.unmanaged) for bar in bars if bar.managed or bar.unmanaged}
    assert counts == {
        "expired": (0, 2),
        "2026-11": (0, 2),
        "2027-01": (1, 0),
        "later": (0, 3),
        "never": (0, 1),
    }
    assert len(bars) == 15
    assert all((bar.unmanaged_width > 0) == (bar.unmanaged > 0) for bar in bars)


def test_an_empty_tenant_has_a_page_too() -> None:
    assert "no credentials" in Page(page_html(report([]))).text


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "  =1", "＝1", "－1"])
def test_a_cell_that_would_start_a_formula_is_defused(cell: str) -> None:
    assert defused(cell).startswith("'")


def test_other_cells_stay_as_they_are() -> None:
    for cell in ("app", "a=b", "2026-11-23T04:20:00Z", "", 'say "x"', "a,b;c"):
        assert defused(cell) == cell


def test_the_table_survives_any_name() -> None:
    read = list(csv.DictReader(io.StringIO(csv_text(report(map(row, HOSTILE))).decode(), newline="")))
    assert [line["displayName"] for line in read] == [defused(name) for name in HOSTILE]
    for line in read:
        assert all(not (cell or "").startswith(("=", "+", "-", "@", "\t", "\r")) for cell in line.values())
    assert csv_text(report(map(row, HOSTILE))).count(b"\r\n") == len(HOSTILE) + 1


def test_json_has_the_names_as_they_are() -> None:
    read = json.loads(json_text(report(map(row, HOSTILE))))
    assert [each["displayName"] for each in read["credentials"]] == list(HOSTILE)
    assert (read["asOf"], read["count"]) == ("2026-11-23T04:20:00Z", len(HOSTILE))
    assert json.loads(json_text(report([])))["credentials"] == []


@pytest.mark.parametrize(
    ("parameters", "accept", "wanted"),
    [
        ({}, None, "html"),
        ({}, "*/*", "html"),
        ({}, "application/json", "json"),
        ({}, "text/csv", "csv"),
        ({}, "text/html,application/xhtml+xml,*/*;q=0.8", "html"),
        ({}, "text/csv;q=0.2, application/json;q=0.9", "json"),
        ({}, "image/png", "html"),
        ({}, "text/html;q=x, application/json;q=0.1", "json"),
        ({"format": "csv"}, "application/json", "csv"),
    ],
)
def test_which_format_is_wanted(parameters: dict[str, str], accept: str | None, wanted: str) -> None:
    assert wanted_format(parameters, accept) == wanted


def test_a_format_that_there_is_not_is_refused_with_all_that_is_wrong() -> None:
    with pytest.raises(RejectedError) as refused:
        wanted_format({"format": "pdf", "page": "2"}, None)
    assert {problem.field for problem in refused.value.problems} == {"format", "page"}


def test_a_report_is_served_with_its_age() -> None:
    headers = headers_of("html", NOW, NOW + timedelta(hours=3))
    assert headers["Age"] == "10800"
    assert headers["Last-Modified"] == "Mon, 23 Nov 2026 04:20:00 GMT"
    assert headers["Content-Security-Policy"].startswith(page_policy())
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers_of("csv", NOW, NOW - timedelta(seconds=5))["Age"] == "0"
