"""Order: an app is never in the state of a change that is older than the newest completed one."""

from collections.abc import Iterator

from doctor.finding import Finding, Invariant
from doctor.invariants.case import Case
from doctor.invariants.credentials import newest_completed


def undone_changes(case: Case) -> Iterator[Finding[Invariant]]:
    """Compare each app's displayName with those its changes asked for; any other was set by hand."""
    asked: dict[tuple[str, str | None], int] = {}
    for record in case.evidence.records:
        change = (record.unique_name, record.display_name)
        asked[change] = max(record.sequence, asked.get(change, 0))
    for name, newest in newest_completed(case).items():
        app = case.applications_by_name.get(name)
        if app is not None and asked.get((name, app.display_name), newest.sequence) < newest.sequence:
            yield Finding(
                Invariant.ORDER,
                name,
                f"its displayName is from an older change than request {newest.request_id} (change {newest.sequence})",
                f"Send the content of request {newest.request_id} again, with a new requestId.",
            )
