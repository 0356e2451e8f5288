"""The proofs of reliability on the command line: `python -m tests.chaos --help`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tests.chaos import reliability
from tests.chaos.record import Records, UnitRecord
from tests.chaos.runner import AT_ONCE, run_all, run_here
from tests.chaos.suite import Size
from tests.chaos.suites import NAMES, in_order, load_suite

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, no_args_is_help=True)
console = Console(highlight=False)

Small = Annotated[bool, typer.Option("--small", help="The size that is part of make test.")]


@app.command("list")
def list_units(suite: str, small: Small = False) -> None:
    """Print a suite's units."""
    for unit in load_suite(suite).units(_size(small)):
        typer.echo(unit)


@app.command()
def unit(suite: str, name: str, result: Annotated[Path | None, typer.Option(help="Where to put it.")] = None) -> None:
    """Run one unit here; ends with 1 when it finds a breach."""
    found = run_here(suite, name)
    if result is not None:
        result.write_text(found.model_dump_json())
    console.print_json(found.model_dump_json())
    raise typer.Exit(1 if found.breaches else 0)


@app.command()
def run(
    suite: Annotated[list[str] | None, typer.Option(help="Only these suites.")] = None,
    small: Small = False,
    at_once: Annotated[int, typer.Option(min=1, help="Units at a time.")] = AT_ONCE,
) -> None:
    """Run all units that have not run soundly on this very code, and publish the figures when all have."""
    names, records = suite or list(NAMES), Records()
    units = in_order({name: load_suite(name).units(_size(small)) for name in names})
    done = sum(1 for name, unit in units if (known := records.read(name, unit)) is not None and known.is_sound)
    console.print(f"{len(units)} units, {done} of them have run on this code already")
    found = run_all(units, records, _report, at_once)
    _summarise(found)
    broken = [record for record in found if not record.is_sound]
    if not small:
        complete = {record.suite for record in found} - {record.suite for record in broken}
        reliability.publish(records.code, [record for record in found if record.suite in complete])
        console.print(f"published in {reliability.FIGURES.parent}: {', '.join(sorted(complete)) or 'nothing'}")
    raise typer.Exit(1 if broken else 0)


def _size(small: bool) -> Size:
    return Size.SMALL if small else Size.FULL


def _report(record: UnitRecord) -> None:
    state = "ok" if record.is_sound else "BROKEN"
    console.print(f"{record.seconds:6.0f} s  {state:7} {record.suite} {record.unit}", markup=False)
    for line in [*record.result.breaches[:20], *([record.error] if record.error else [])]:
        console.print(f"          {line}", markup=False)


def _summarise(records: list[UnitRecord]) -> None:
    table = Table("suite", "units", "broken", "minutes of one core or less", "figures")
    for name, part in reliability.by_suite(records).items():
        figures = ", ".join(f"{key} {value:g}" for key, value in reliability.summed(part).items())
        broken = sum(not record.is_sound for record in part)
        table.add_row(name, str(len(part)), str(broken), f"{sum(r.seconds for r in part) / 60:.1f}", figures)
    console.print(table)


if __name__ == "__main__":
    app()
