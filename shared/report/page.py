"""The report as an HTML page: no scripts, no external resources, one style sheet that its policy names."""

import base64
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from shared.core.text import visible
from shared.report.rows import Report, Row, Urgency
from shared.report.text import by_expiry, moment

MOST_ROWS = 500
MONTHS = 12
_FOLDER = Path(__file__).parent
_BAR = 240
"""Width of the longest bar, in SVG units."""
_ORDER = {Urgency.ACT: 0, Urgency.WATCH: 1, Urgency.FINE: 2}


@dataclass(frozen=True)
class Bar:
    """One line of the timeline: how many credentials end in a month, and how wide each part is drawn."""

    label: str
    managed: int
    unmanaged: int
    managed_width: int = 0
    unmanaged_width: int = 0


@cache
def _style() -> str:
    return (_FOLDER / "page.css").read_text(encoding="utf-8")


@cache
def page_policy() -> str:
    """Return the part of the Content-Security-Policy that a page can carry itself; a header adds the frame rule."""
    digest = base64.b64encode(sha256(_style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, finalize=_shown, trim_blocks=True
    )
    made.filters["moment"] = moment
    return made


def _shown(value: object) -> object:
    """Make invisible characters visible in everything the template writes: no expression can forget to."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def page_html(report: Report) -> bytes:
    """Return the page: totals, a timeline by month, and the most urgent rows."""
    shown = sorted(report.rows, key=lambda row: (_ORDER[row.advice.urgency], *by_expiry(row)))[:MOST_ROWS]
    text = (
        _environment()
        .get_template("page.html.jinja")
        .render(
            report=report,
            rows=shown,
            by_urgency=Counter(row.advice.urgency.value for row in report.rows),
            managed=sum(row.is_managed for row in report.rows),
            timeline=timeline(report.rows, report.as_of),
            bar_width=_BAR,
            policy=page_policy(),
            style=Markup(_style()),  # noqa: S704  our own file, whose digest the policy names
        )
    )
    return text.encode("utf-8", "backslashreplace")


def timeline(rows: Iterable[Row], now: datetime) -> tuple[Bar, ...]:
    """Count the credentials by the month in which they end: past, twelve months from this one, later, never."""
    labels = ["expired", *_months(now), "later", "never"]
    counts = {label: [0, 0] for label in labels}
    for row in rows:
        counts[_label(row.credential.end, now, labels)][0 if row.is_managed else 1] += 1
    most = max((sum(both) for both in counts.values()), default=0) or 1
    return tuple(
        Bar(label, managed, unmanaged, _width(managed, most), _width(unmanaged, most))
        for label, (managed, unmanaged) in counts.items()
    )


def _label(end: datetime | None, now: datetime, labels: list[str]) -> str:
    if end is None:
        return "never"
    if end <= now:
        return "expired"
    month = f"{end:%Y-%m}"
    return month if month in labels else "later"


def _months(now: datetime) -> list[str]:
    first = now.year * 12 + now.month - 1
    return [f"{month // 12:04}-{month % 12 + 1:02}" for month in range(first, first + MONTHS)]


def _width(count: int, most: int) -> int:
    """Return a bar's width; a count above zero is always visible."""
    return max(2, round(_BAR * count / most)) if count else 0
