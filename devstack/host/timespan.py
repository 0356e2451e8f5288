"""TimeSpan texts, as host.json, timer schedules and retry options hold them."""

import re
from datetime import timedelta

_FORMAT = re.compile(
    r"(?:(?P<days>\d+)\.)?(?P<hours>\d{1,2}):(?P<minutes>\d{1,2})(?::(?P<seconds>\d{1,2}(?:\.\d{1,7})?))?"
)


def parse_timespan(text: str) -> timedelta:
    """`[d.]hh:mm[:ss[.fffffff]]` as a timedelta. Raises ValueError for anything else.

    Hours above 23 are refused: .NET reads "24:00:00" as 24 days, which nobody means.
    """
    found = _FORMAT.fullmatch(text.strip())
    if not found or int(found["hours"]) > 23 or int(found["minutes"]) > 59:
        raise ValueError(f"'{text}' is not a time span like 00:05:00")
    parts = {unit: float(value) for unit, value in found.groupdict(default="0").items()}
    if parts["seconds"] >= 60:
        raise ValueError(f"'{text}' is not a time span like 00:05:00")
    return timedelta(**parts)
