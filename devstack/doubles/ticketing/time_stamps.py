"""Moments as the ticketing systems write them."""

from datetime import datetime


def servicenow_time(moment: datetime) -> str:
    """Whole seconds in UTC, as ServiceNow keeps them: `2026-03-01 09:30:00`."""
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def jira_time(moment: datetime) -> str:
    """Milliseconds and an offset, as Jira writes them: `2026-03-01T09:30:00.000+0000`."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}+0000"
