"""One port for all HTTPS doubles: the Host header says which one is meant."""

from collections.abc import Mapping
from email.utils import format_datetime

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from devstack.clock import StackClock


def matches(pattern: str, host: str) -> bool:
    """Return whether `host` (no port) is `pattern`, or one label below it when the pattern starts with `*.`."""
    if pattern.startswith("*."):
        label, _, domain = host.partition(".")
        return bool(label) and domain == pattern[2:]
    return host == pattern


def by_host(apps: Mapping[str, ASGIApp], clock: StackClock) -> ASGIApp:
    """An application that passes each request to the first app whose host pattern fits; 421 when none does.

    Answers carry the stack clock in their Date header; see `dated`.
    """

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        host = Headers(scope=scope).get("host", "").partition(":")[0].casefold()
        app = next((app for pattern, app in apps.items() if matches(pattern, host)), None)
        if app is None:
            app = PlainTextResponse(f"There is no double of {host!r} here.\n", status_code=421)
        await app(scope, receive, send)

    return dated(dispatch, clock)


def dated(app: ASGIApp, clock: StackClock) -> ASGIApp:
    """The application `app`, its answers with the stack clock in their Date header."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault("date", format_datetime(clock.now(), usegmt=True))
            await send(message)

        await app(scope, receive, send_dated)

    return wrapped
