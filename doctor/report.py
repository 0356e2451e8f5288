"""Presents the findings: as text for people, or as JSON."""

from dataclasses import asdict
from itertools import groupby
from typing import Any

from rich.console import Console

from doctor.console import escape
from doctor.evidence import Evidence
from doctor.examination import Examination
from doctor.finding import Finding, Invariant


def as_json(found: Examination) -> dict[str, Any]:
    """Return everything for JSON; names are in camelCase, times in ISO 8601."""
    return {
        "time": found.evidence.now.isoformat(),
        "seen": _seen(found.evidence),
        "breaches": [
            {
                "invariant": breach.kind.value,
                "about": breach.about,
                "what": breach.what,
                "advice": breach.advice,
                "canBeFixed": breach.repair is not None,
            }
            for breach in found.breaches
        ],
        "concerns": [{"about": each.about, "what": each.what, "advice": each.advice} for each in found.concerns],
        "notLookedAt": found.evidence.gaps,
        "hidden": found.evidence.hidden,
        "done": [{"repair": type(o.repair).__name__, **asdict(o.repair), "outcome": o.what} for o in found.outcomes],
    }


def show(found: Examination, console: Console) -> None:
    """Print everything; nothing that was read is interpreted as markup."""
    seen = ", ".join(f"{count} {what}" for what, count in _seen(found.evidence).items())
    console.print(f"Checked on {found.evidence.now:%Y-%m-%d %H:%M} UTC: {seen}.")
    for outcome in found.outcomes:
        console.print(f"[cyan]repair:[/] {escape(outcome.what)}")
    for invariant, group in groupby(sorted(found.breaches, key=_order), key=lambda breach: breach.kind):
        console.print(f"\n[bold red]{invariant.value}: {invariant.promise}[/]")
        for breach in group:
            console.print(f"  [bold]{escape(breach.about)}[/]: {escape(breach.what)}")
            console.print(f"    {escape(breach.advice)}", highlight=False)
    for concern in sorted(found.concerns, key=lambda each: each.about):
        console.print(f"\n[bold yellow]look at[/] [bold]{escape(concern.about)}[/]: {escape(concern.what)}")
        console.print(f"    {escape(concern.advice)}", highlight=False)
    for gap in found.evidence.gaps:
        console.print(f"[yellow]not checked:[/] {escape(gap)}")
    for hidden in found.evidence.hidden:
        console.print(f"[dim]{escape(hidden)}[/]")
    if not (found.breaches or found.evidence.gaps):
        console.print("[green]Every promise is kept.[/]")


def _order(breach: Finding[Invariant]) -> tuple[str, str]:
    return breach.kind, breach.about


def _seen(evidence: Evidence) -> dict[str, int]:
    return {
        "applications": len(evidence.applications.items),
        "of them ours": sum(app.is_ours for app in evidence.applications),
        "vault secrets of ours": sum(secret.is_ours for secret in evidence.secrets),
        "operations": len(evidence.records.items),
        "of them unsettled": sum(not record.is_settled for record in evidence.records),
    }
