"""The command behind `make doctor`."""

import asyncio
import json
import os
from collections.abc import Sequence
from typing import Annotated

import typer

from doctor.collect.access import open_access
from doctor.console import AsJson, errors, make_app, output, run
from doctor.examination import Examination, examine
from doctor.report import as_json, show
from doctor.settings import Settings

app = make_app()

Fix = Annotated[
    bool, typer.Option("--fix", help="Repair what two looks in a row agree on. Without it, nothing is changed.")
]


@app.command()
def doctor(*, fix: Fix = False, as_json_: AsJson = False) -> None:
    """Check a tenant, its vaults and the registrar's storage, and name every broken promise.

    Exits with 0 if everything was checked and is well, 1 if something is broken, and 2 if nothing broken was found
    but not everything could be checked.
    """
    settings = Settings.load(os.environ)
    errors().print(f"tenant {settings.tenant_id}, {', '.join(settings.vault_urls)}", markup=False)
    examination = asyncio.run(_examine(settings, fix=fix))
    if as_json_:
        typer.echo(json.dumps(as_json(examination), indent=2))
    else:
        show(examination, output())
    raise typer.Exit(examination.exit_code)


async def _examine(settings: Settings, *, fix: bool) -> Examination:
    async with open_access(settings) as access:
        return await examine(access, fix=fix)


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit code."""
    return run(app, arguments)
