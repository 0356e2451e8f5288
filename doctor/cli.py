"""The command behind `make doctor`."""

import asyncio
import json
import logging
import os
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console

from doctor.collect.access import open_access
from doctor.examination import Examination, examine
from doctor.report import as_json, show
from doctor.settings import Settings, SettingsError
from shared.policy.model import PolicyError

_COULD_NOT_LOOK = 2

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)

Fix = Annotated[
    bool, typer.Option("--fix", help="Repair what two looks in a row agree on. Without it, nothing is changed.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@app.command()
def doctor(*, fix: Fix = False, as_json_: AsJson = False) -> None:
    """Check a tenant, its vaults and the registrar's storage, and name every broken promise.

    Exits with 0 if everything was checked and is well, 1 if something is broken, and 2 if nothing broken was found
    but not everything could be checked.
    """
    console = Console(stderr=True, soft_wrap=True)
    try:
        settings = Settings.load(os.environ)
    except (SettingsError, PolicyError) as error:
        console.print(f"error: {error}", markup=False)
        raise typer.Exit(_COULD_NOT_LOOK) from None
    where = f"tenant {settings.tenant_id}, {', '.join(settings.vault_urls)}"
    console.print(where, markup=False)
    found = asyncio.run(_examine(settings, fix=fix))
    if as_json_:
        typer.echo(json.dumps(as_json(found), indent=2))
    else:
        show(found, Console(soft_wrap=True))
    raise typer.Exit(found.exit_code)


async def _examine(settings: Settings, *, fix: bool) -> Examination:
    # What the credential chain tried in vain is long; each listing says in one line that it got no token.
    logging.getLogger("azure.identity").setLevel(logging.CRITICAL)
    async with open_access(settings) as access:
        return await examine(access, fix=fix)


def main(arguments: Sequence[str]) -> int:
    """Run the command; the exit code."""
    try:
        app(arguments)
    except SystemExit as end:
        return int(end.code or 0)
    return 0
