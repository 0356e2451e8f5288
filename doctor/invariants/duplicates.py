"""Invariant 1: at most one application and one service principal for each uniqueName."""

from collections import Counter
from collections.abc import Iterator

from doctor.finding import Finding, Invariant
from doctor.invariants.case import Case


def duplicate_objects(case: Case) -> Iterator[Finding[Invariant]]:
    """Find applications and service principals that exist twice, and apps of ours that no request can find."""
    names = Counter(app.unique_name for app in case.evidence.applications if app.unique_name is not None)
    for name, count in names.items():
        if count > 1:
            yield _breach(name, f"{count} applications have this uniqueName, deleted ones included")
    for app in case.live_applications:
        if app.is_ours and app.unique_name is None:
            yield _breach(app.name, "has the registrar's tag but no uniqueName: no request can find it")
    principals = Counter(principal.client_id for principal in case.evidence.principals)
    for client_id, count in principals.items():
        if count > 1:
            yield _breach(client_id, f"{count} service principals belong to this application")


def _breach(about: str, what: str) -> Finding[Invariant]:
    return Finding(
        Invariant.ONE_OF_EACH,
        about,
        what,
        "Keep the one whose clientId is in the vault's tags, and delete the other: az ad app delete --id <clientId>",
    )
