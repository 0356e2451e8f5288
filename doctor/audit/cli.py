"""The commands behind `make audit-verify` and `make audit-export`."""

import asyncio
import json
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from doctor.audit.codes import Code
from doctor.audit.collect import collect, collect_links
from doctor.audit.evidence import AuditEvidence, Link
from doctor.audit.judgement import findings
from doctor.audit.storage import open_storage
from doctor.console import INCOMPLETE, AsJson, errors, escape, exit_code, make_app, output, run
from doctor.evidence import Seen
from doctor.finding import Finding
from doctor.settings import StorageSettings

app = make_app(no_args_is_help=True)

MovedAt = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"], help="The day (UTC) the storage account was moved: older anchors were created on it."
    ),
]
File = Annotated[Path | None, typer.Option(help="The file to write to; without it, standard output.")]


@app.command()
def verify(*, as_json: AsJson = False, moved_at: MovedAt = None) -> None:
    """Name what was altered in the audit record or removed from it, and what happened without being recorded.

    Exits with 0 if the record is whole (also with warnings), 1 if it is not, and 2 if not everything could be read.
    """
    evidence = asyncio.run(_collect())
    found = findings(evidence, moved_at=moved_at.date() if moved_at is not None else None)
    if as_json:
        typer.echo(json.dumps(_as_json(evidence, found), indent=2))
    else:
        _show(evidence, found, output())
    raise typer.Exit(exit_code(found, evidence.gaps))


@app.command()
def export(*, file: File = None) -> None:
    """Write the chain as JSON lines, in order: number, previousHash, hash, and the entry as it was hashed.

    Exits with 2 if not all of it could be read; what could be read is written.
    """
    links = asyncio.run(_links())
    lines = [json.dumps(_line(link), separators=(",", ":")) for link in links]
    text = "".join(f"{line}\n" for line in lines)
    if file is None:
        typer.echo(text, nl=False)
    else:
        file.write_text(text)
    if links.gap is not None:
        errors().print(f"the export is incomplete: {links.gap}", markup=False)
        raise typer.Exit(INCOMPLETE)


async def _collect() -> AuditEvidence:
    async with open_storage(StorageSettings.load_for_audit(os.environ)) as storage:
        return await collect(storage)


async def _links() -> Seen[Link]:
    async with open_storage(StorageSettings.load_for_audit(os.environ)) as storage:
        return await collect_links(storage)


def _line(link: Link) -> dict[str, object]:
    return {"number": link.number, "previousHash": link.previous_hash, "hash": link.hash, "entry": link.text}


def _seen(evidence: AuditEvidence) -> dict[str, int]:
    return {
        "entries in the chain": len(evidence.links.items),
        "on their way": len(evidence.notes.items),
        "anchors": len(evidence.anchors.items),
        "operations": len(evidence.requests.items),
    }


def _as_json(evidence: AuditEvidence, found: Sequence[Finding[Code]]) -> dict[str, object]:
    return {
        "time": evidence.now.isoformat(),
        "seen": _seen(evidence),
        "breaches": [_finding(each) for each in found if not each.is_warning],
        "warnings": [_finding(each) for each in found if each.is_warning],
        "notRead": evidence.gaps,
    }


def _finding(each: Finding[Code]) -> dict[str, str]:
    return {"code": each.kind.value, "about": each.about, "what": each.what, "advice": each.advice}


def _show(evidence: AuditEvidence, found: Sequence[Finding[Code]], console: Console) -> None:
    seen = ", ".join(f"{count} {what}" for what, count in _seen(evidence).items())
    console.print(f"Checked on {evidence.now:%Y-%m-%d %H:%M} UTC: {seen}.")
    for each in found:
        style = "yellow]warning: " if each.is_warning else "bold red]"
        console.print(f"[{style}{each.kind}[/] [bold]{escape(each.about)}[/]: {escape(each.what)}")
        console.print(f"    {escape(each.advice)}", highlight=False)
    for gap in evidence.gaps:
        console.print(f"[yellow]not read:[/] {escape(gap)}")
    if not (evidence.gaps or any(not each.is_warning for each in found)):
        console.print("[green]The audit record is whole, and agrees with every request.[/]")


def main(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code."""
    return run(app, arguments)
