"""`python -m devstack.host`: run a Functions app on this machine."""

import asyncio
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from devstack.host.errors import HostError
from devstack.host.host import Host, HostOptions


def main(
    app: Annotated[Path, typer.Option(help="Folder with function_app.py and host.json.", exists=True)],
    clock_file: Annotated[Path, typer.Option(help="The stack clock's file; need not exist.")],
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1 for HTTP functions and /admin.")] = 7071,
    enforce_keys: Annotated[bool, typer.Option("--enforce-keys", help="Ask for function keys.")] = False,
    keys_file: Annotated[
        Path | None, typer.Option(help="Where the keys are; made if missing. Default: beside the clock file.")
    ] = None,
    drain: Annotated[bool, typer.Option("--drain", help="Work off the queues, then exit.")] = False,
    grace: Annotated[float, typer.Option(help="Seconds for running functions to finish on a stop.")] = 5.0,
) -> None:
    """Run the app until SIGTERM or Ctrl-C (exit code 0), or until it is clear that it cannot run (exit code 1)."""
    keys = (keys_file or clock_file.parent / "function-keys.json") if enforce_keys else None
    options = HostOptions(app.resolve(), port, clock_file.resolve(), keys, grace)
    try:
        asyncio.run(_run(options, drain=drain))
    except HostError as error:
        sys.stderr.write(f"{error}\n")
        raise typer.Exit(1) from error


async def _run(options: HostOptions, *, drain: bool) -> None:
    host = Host(options)
    if drain:
        await host.drain()
        return
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await host.serve(stop)


if __name__ == "__main__":
    typer.run(main)
