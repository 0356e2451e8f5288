"""The host's own endpoints: its status, the list of functions, and running a function now.

Microsoft Learn, "Manually run a non HTTP-triggered function". With keys, the master key is asked for.
"""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from devstack.host import wire
from devstack.host.functions import Function, HttpTrigger, QueueTrigger, TimerTrigger
from devstack.host.invoker import Invoker, Occasion
from devstack.host.keys import Keys
from devstack.host.timer_listener import timer_info
from devstack.host.wire import TypedData


class Admin:
    """Serves `/admin`. `worker` tells the process id of the worker child, or None while there is none."""

    def __init__(
        self,
        host_id: str,
        functions: Sequence[Function],
        invoker: Invoker,
        keys: Keys | None,
        worker: Callable[[], int | None],
    ) -> None:
        self._host_id = host_id
        self._functions = {function.name.casefold(): function for function in functions}
        self._invoker = invoker
        self._keys = keys
        self._worker = worker
        self._started = time.monotonic()
        self._running: set[asyncio.Task[Any]] = set()

    def routes(self) -> list[Route]:
        """The endpoints, for the front's application."""
        return [
            Route("/admin/host/status", self._status),
            Route("/admin/functions", self._list),
            Route("/admin/functions/{name}", self._show, methods=["GET"]),
            Route("/admin/functions/{name}", self._fire, methods=["POST"]),
        ]

    async def finish(self) -> None:
        """Wait for the runs that were asked for here."""
        if self._running:
            await asyncio.wait(self._running)

    async def _status(self, request: Request) -> Response:
        """Answers 200 as soon as all listeners run. `workerProcessId` is this host's own addition."""
        if not self._allowed(request):
            return Response(status_code=401)
        uptime = round((time.monotonic() - self._started) * 1000)
        status = {"id": self._host_id, "state": "Running", "processUptime": uptime}
        return JSONResponse(status | {"workerProcessId": self._worker()})

    async def _list(self, request: Request) -> Response:
        if not self._allowed(request):
            return Response(status_code=401)
        return JSONResponse([_describe(function) for function in self._functions.values()])

    async def _show(self, request: Request) -> Response:
        if not self._allowed(request):
            return Response(status_code=401)
        function = self._find(request)
        return JSONResponse(_describe(function)) if function else Response(status_code=404)

    async def _fire(self, request: Request) -> Response:
        """Start the function with the text in `{"input": ...}` and answer 202 at once; also a disabled one."""
        if not self._allowed(request):
            return Response(status_code=401)
        function = self._find(request)
        if not function or function.fault:
            return Response(status_code=404)
        try:
            document: Any = json.loads(await request.body() or b"{}")
            given = str(document.get("input") or "")
        except (ValueError, AttributeError):
            return Response('The body must be JSON: {"input": "..."}', status_code=400)
        occasion = Occasion("This function was programmatically called via the host APIs.", _input(function, given))
        task = asyncio.create_task(self._invoker.run(function, occasion))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return Response(status_code=202)

    def _allowed(self, request: Request) -> bool:
        return self._keys is None or self._keys.allow(request, "admin")

    def _find(self, request: Request) -> Function | None:
        return self._functions.get(request.path_params["name"].casefold())


def _input(function: Function, given: str) -> TypedData:
    match function.trigger:
        case TimerTrigger():
            return timer_info(None, past_due=False)
        case QueueTrigger(binary=True):
            return wire.binary(given.encode())
        case HttpTrigger():
            empty: dict[str, str] = {}
            request = {"method": "POST", "url": "", "headers": empty, "params": empty, "query": empty}
            return {"http": {**request, "body": wire.binary(given.encode())}}
        case _:
            return wire.text(given)


def _describe(function: Function) -> dict[str, Any]:
    return {
        "name": function.name,
        "language": "python",
        "isDisabled": function.disabled,
        "config": {"bindings": function.bindings},
        "error": function.fault,
    }
