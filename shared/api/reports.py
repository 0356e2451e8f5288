"""The report over HTTP: its format and its headers. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime

from shared.contract.query import unknown_parameters
from shared.core.errors import Problem, RejectedError
from shared.ports.reports import FORMATS, Format
from shared.report.page import page_policy

_TYPES: dict[Format, str] = {"html": "text/html", "csv": "text/csv", "json": "application/json"}
_CHARSETS: dict[Format, str] = {"html": "; charset=utf-8", "csv": "; charset=utf-8; header=present", "json": ""}


def wanted_format(parameters: Mapping[str, str], accept: str | None) -> Format:
    """Choose by `format`, else by the Accept header, else the page. Raises RejectedError for an unknown format."""
    problems = unknown_parameters(parameters, ("format",))
    asked = parameters.get("format")
    chosen: Format | None = next((each for each in FORMATS if each == asked), None)
    if asked is not None and chosen is None:
        problems.append(
            Problem("format", "invalid_parameter", f"Give one of {', '.join(FORMATS)}, for example format=csv.")
        )
    if problems:
        raise RejectedError(problems)
    return chosen or _accepted(accept or "*/*")


def headers_of(form: Format, as_of: datetime, now: datetime) -> dict[str, str]:
    """Return a report's headers: its age, and for the page the policy that forbids scripts."""
    headers = {
        "Content-Type": _TYPES[form] + _CHARSETS[form],
        "Last-Modified": format_datetime(as_of.astimezone(UTC), usegmt=True),
        "Age": str(max(0, int((now - as_of).total_seconds()))),
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    }
    if form == "html":
        headers["Content-Security-Policy"] = f"{page_policy()}; frame-ancestors 'none'"
    if form == "csv":
        headers["Content-Disposition"] = f'attachment; filename="credentials-{as_of:%Y-%m-%d}.csv"'
    return headers


def _accepted(accept: str) -> Format:
    """Return the format with the highest quality (RFC 9110); the page by default."""
    qualities: dict[str, float] = {}
    for part in accept.split(","):
        name, *parameters = (each.strip() for each in part.split(";"))
        quality = next((each[2:] for each in parameters if each.startswith("q=")), "1")
        try:
            qualities[name.casefold()] = float(quality)
        except ValueError:
            qualities[name.casefold()] = 0.0

    def quality_of(each: Format) -> float:
        main = _TYPES[each].partition("/")[0]
        return next((qualities[name] for name in (_TYPES[each], f"{main}/*", "*/*") if name in qualities), 0.0)

    return max(FORMATS, key=quality_of)
