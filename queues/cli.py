"""The commands behind `make kept`, `make replay`, `make given-up` and `make move`."""

import asyncio
import json
import logging
import os
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any

import typer
from azure.core.exceptions import AzureError
from azure.identity.aio import DefaultAzureCredential

from queues import kept as kept_messages
from queues.broker import Broker, BrokerName, told
from queues.console import AsJson, errors, escape, make_app, output, printable
from queues.given_up import GivenUp, given_up_on
from queues.kept import Kept
from queues.move import Moved, move
from queues.opening import open_broker
from queues.replay import NotReplayedError, Registrar
from queues.settings import BrokerSettings, RegistrarSettings, SettingsError
from shared.core.naming import OPERATION_ID_PATTERN

_LEFT, _UNKNOWN = 1, 2
_PAUSE_SECONDS = 10

app = make_app(no_args_is_help=True)
kept_app = make_app(no_args_is_help=True)
app.add_typer(kept_app, name="kept", help="What the app keeps for people: requests and other work that failed.")

OnBroker = Annotated[BrokerName | None, typer.Option("--broker", help="Look at this broker, not at the app's own.")]
Everything = Annotated[
    bool, typer.Option("--all", help="Also what a mere look does not reach; hides messages from others for seconds.")
]
Id = Annotated[str, typer.Argument(metavar="ID", help="The message's id in the list.")]
IdOfEither = Annotated[str, typer.Argument(metavar="ID", help="The message's id in the list, or an operation's id.")]
Reason = Annotated[str, typer.Option(help="All operations that failed for this reason.")]
From = Annotated[BrokerName, typer.Option("--from", help="The broker that the app has left.")]
To = Annotated[BrokerName, typer.Option("--to", help="The broker that the app has now.")]
Wait = Annotated[float, typer.Option(min=0, help="Minutes to go on while something is left.")]


class NotDoneError(Exception):
    """A command could not do what it was asked to; says why, and what to do."""


@kept_app.command("list")
def list_kept(*, everything: Everything = False, broker: OnBroker = None, as_json: AsJson = False) -> None:
    """List what is kept, and leave it there."""
    found, more = _on(broker, lambda opened: kept_messages.look(opened, everything=everything))
    if as_json:
        typer.echo(json.dumps({"messages": [each.as_json() for each in found], "notShown": more}, indent=2))
        return
    for each in found:
        output().print(_line(each), highlight=False)
    if not found and not more:
        output().print("Nothing is kept.")
    if more:
        errors().print(f"{more}; --all shows all that nobody else has taken", markup=False)


@kept_app.command()
def show(wanted: IdOfEither, *, broker: OnBroker = None) -> None:
    """Show one kept message, or all of one operation, with the original."""
    for each in _found(wanted, broker):
        typer.echo(json.dumps(json.loads(each.message.body), indent=2))


@kept_app.command()
def replay(wanted: IdOfEither = "", *, reason: Reason = "", broker: OnBroker = None) -> None:
    """Have what failed tried again, once its cause is removed: by the registrar, which then keeps it no longer."""
    if bool(wanted) == bool(reason):
        raise NotDoneError("which ones? Give an id of the list or of an operation, or --reason")
    registrar = Registrar(RegistrarSettings.load(os.environ))
    if reason:
        typer.echo(json.dumps(registrar.replay_reason(reason)))
    elif re.fullmatch(OPERATION_ID_PATTERN[1:-1], wanted):
        typer.echo(json.dumps(registrar.replay_operation(wanted)))
    else:
        for each in _found(wanted, broker):
            _replay(registrar, each, broker)


@kept_app.command()
def remove(wanted: Id, *, broker: OnBroker = None) -> None:
    """Remove exactly one kept message. What it is about is not changed."""
    if not _on(broker, lambda opened: opened.remove_kept(wanted)):
        raise NotDoneError(
            f"no message {printable(wanted)} is kept, or somebody else has taken it for the moment: list them again"
        )
    output().print(f"message {escape(wanted)} was removed", highlight=False)


@app.command()
def given_up(*, broker: OnBroker = None, as_json: AsJson = False) -> None:
    """List what the host or a reader gave up on, and leave it there.

    The app's timer settle_poison works off what the host gave up on.
    """
    found, more = _on(broker, given_up_on)
    if as_json:
        typer.echo(json.dumps({"messages": [each.as_json() for each in found], "notShown": more}, indent=2))
        return
    for each in found:
        output().print(_line_of_given_up(each), highlight=False)
    if not found and not more:
        output().print("Nothing was given up on.")
    for text in more:
        errors().print(text, markup=False)


@app.command("move")
def move_all(*, source: From, target: To, wait: Wait = 0, as_json: AsJson = False) -> None:
    """Move what is left on one broker to the other; can be interrupted and repeated.

    Exits with 0 if nothing is left, 1 if something is (for later, or with somebody else: repeat it), and 2 if not
    everything could be read and sent.
    """
    if source is target:
        raise NotDoneError("from one broker to the other, not to itself")
    settings = BrokerSettings.load(os.environ)
    settings.check(source, target)
    until = time.monotonic() + wait * 60
    while True:
        moved = asyncio.run(_move(settings, source, target, tell=not as_json))
        if as_json:
            typer.echo(json.dumps([each.as_json() for each in moved]))
        code = _code(moved)
        if code == 0 or time.monotonic() + _PAUSE_SECONDS > until:
            raise typer.Exit(code)
        time.sleep(_PAUSE_SECONDS)


def main(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code: 2 where something could not be read, 1 where something was not done."""
    # The credential chain's failed attempts fill pages, and the client of Service Bus tells of each try.
    for library in ("azure.identity", "azure.servicebus"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
    try:
        app(arguments)
    except SettingsError as error:
        return _failed(str(error), _UNKNOWN)
    except AzureError as error:
        return _failed(f"the broker could not be read: {told(error)}", _UNKNOWN)
    except (NotDoneError, NotReplayedError) as error:
        return _failed(str(error), _LEFT)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def _on[T](broker: BrokerName | None, use: Callable[[Broker], Awaitable[T]]) -> T:
    """Use a broker: the one that is asked for, or else the app's."""
    settings = BrokerSettings.load(os.environ)

    async def run() -> T:
        async with (
            DefaultAzureCredential() as credential,
            open_broker(settings, broker or settings.chosen, credential) as opened,
        ):
            return await use(opened)

    return asyncio.run(run())


def _found(wanted: str, broker: BrokerName | None) -> Sequence[Kept]:
    found = _on(broker, lambda opened: kept_messages.find(opened, wanted))
    if not found:
        raise NotDoneError(f"nothing of {printable(wanted)} is kept: the list has the ids")
    return found


def _replay(registrar: Registrar, each: Kept, broker: BrokerName | None) -> None:
    if each.operation_id is not None:
        typer.echo(json.dumps(registrar.replay_operation(each.operation_id)))
    elif each.update_id is not None:
        registrar.replay_ticket_update(each.update_id)
        typer.echo(json.dumps({"updateId": each.update_id}))
        _on(broker, lambda opened: opened.remove_kept(each.message.id))
    else:
        raise NotDoneError(
            f"message {each.message.id} never became an operation: have its sender send it again, then remove it"
        )


async def _move(settings: BrokerSettings, source: BrokerName, target: BrokerName, *, tell: bool) -> list[Moved]:
    moved: list[Moved] = []
    async with (
        DefaultAzureCredential() as credential,
        open_broker(settings, source, credential) as old,
        open_broker(settings, target, credential, envelope=_envelope(target)) as new,
    ):
        async for each in move(old, new):
            moved.append(each)
            if tell:
                left = "not known what is left" if each.left is None else f"{each.left} left"
                problem = f": {escape(each.problem)}" if each.problem else ""
                output().print(f"{escape(each.place)}: {each.moved} moved, {left}{problem}", highlight=False)
    return moved


def _envelope(target: BrokerName) -> Callable[..., Any] | None:
    if target is BrokerName.STORAGE:
        return None
    from queues.envelopes import envelope

    return envelope


def _code(moved: Sequence[Moved]) -> int:
    if any(each.left is None for each in moved):
        return _UNKNOWN
    return _LEFT if any(each.left for each in moved) else 0


def _line(each: Kept) -> str:
    since = f"{each.message.since:%Y-%m-%d %H:%M}" if each.message.since else "-"
    about, operation = escape(each.about or "-"), escape(each.operation_id or "no operation")
    return f"[bold]{escape(each.message.id)}[/]  {since}  {about}  {operation}  {escape(each.reason)}"


def _line_of_given_up(each: GivenUp) -> str:
    since = f"{each.message.since:%Y-%m-%d %H:%M}" if each.message.since else "-"
    reason = escape(each.message.reason or "")
    return f"[bold]{escape(each.place.name)}[/]  {escape(each.message.id)}  {since}  {reason}"


def _failed(text: str, code: int) -> int:
    errors().print(f"error: {text}", markup=False)
    return code
