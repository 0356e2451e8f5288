"""The host as a whole: from settings and host.json to running listeners, and back down in order."""

import asyncio
import contextlib
import hashlib
import logging
import os
import platform
import socket
from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import override

import uvicorn
from starlette.applications import Starlette
from starlette.routing import request_response

from devstack.host.admin import Admin
from devstack.host.errors import BindingError, HostError
from devstack.host.functions import (
    Function,
    HttpTrigger,
    QueueTrigger,
    TimerTrigger,
    read_function,
)
from devstack.host.hostjson import load_host_json
from devstack.host.http_front import HttpFront, body_limit
from devstack.host.invoker import Invoker
from devstack.host.keeper import Keeper
from devstack.host.keys import Keys
from devstack.host.listeners import Listeners
from devstack.host.logs import WorkerLog, configure_logs
from devstack.host.outputs import Outputs
from devstack.host.references import resolve_references
from devstack.host.service_bus import ServiceBusClients
from devstack.host.service_bus_trigger import ServiceBusTrigger
from devstack.host.settings import load_settings
from devstack.host.stack_time import StackTime
from devstack.host.storage import Storage

_log = logging.getLogger("Host.Startup")

_SETTLE_SECONDS = 2.0
_NO_FUNCTIONS = (
    "No functions were found in {app}. There must be a function_app.py with one module-level FunctionApp, "
    "and every blueprint must be registered with it."
)


@dataclass(frozen=True)
class HostOptions:
    """How to run the app in folder `app`. `keys_file` None: keys are not asked for.

    `grace` is how many seconds running functions get to finish when the host is told to stop.
    """

    app: Path
    port: int
    clock_file: Path
    keys_file: Path | None = None
    grace: float = 5.0


class Host:
    """One app's host. Raises HostError when settings or host.json do not allow it to run."""

    def __init__(self, options: HostOptions) -> None:
        self._options = options
        self._settings = load_settings(options.app)
        self._json, unknown = load_host_json(options.app, self._settings)
        self._clock = StackTime(options.clock_file)
        configure_logs(self._json, self._clock)
        resolve_references(os.environ)
        for key in unknown:
            _log.warning("host.json: '%s' is not read by this host.", key)
        self._id = self._settings.get("AzureFunctionsWebHost__hostid") or self._json.id or _host_id(options.app)
        self._keys = Keys.load(options.keys_file) if options.keys_file else None
        self._storage = Storage(self._settings)
        self._buses = ServiceBusClients(self._settings)
        worker_log = WorkerLog()
        self._keeper = Keeper(options.app, options.clock_file, self._clock, worker_log.write)
        self._listeners = Listeners(self._json, self._id, self._settings, self._storage, self._buses, self._clock)
        encoding = self._json.extensions.queues.message_encoding
        outputs = Outputs(self._storage, encoding, self._clock, self._listeners.wake)
        self._invoker = Invoker(self._keeper, outputs, self._clock, self._json.function_timeout)
        worker_log.invoker = self._invoker
        limit = body_limit(self._settings.get("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"))
        self._front = HttpFront(self._json.extensions.http.route_prefix, self._invoker, self._keys, limit)

    async def serve(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set. Raises HostError when the port is taken or the app has nothing to run."""
        with _bind(self._options.port) as listening:
            async with self._worker() as functions:
                admin = Admin(self._id, functions, self._invoker, self._keys, self._keeper.pid)
                server = _Server(self._web(admin), self._options.grace)
                tasks = [asyncio.create_task(server.serve([listening])), *self._listeners.start()]
                _log.info("Listening on http://127.0.0.1:%d with %d functions.", self._options.port, len(functions))
                stopped = asyncio.create_task(stop.wait())
                done, _ = await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
                self._listeners.stop()
                server.should_exit = True
                await self._finish([*tasks, asyncio.create_task(admin.finish())])
                for failed in done - {stopped}:
                    await failed  # a listener ends only by its own defect, which is raised here

    async def drain(self) -> None:
        """Work off the queues, without timers and HTTP, and return. Raises HostError for an app without functions."""
        async with self._worker():
            await self._listeners.drain()

    @contextlib.asynccontextmanager
    async def _worker(self) -> AsyncGenerator[list[Function]]:
        """The app's functions, with a worker that runs them; the worker is stopped and all clients closed after."""
        watch = asyncio.create_task(self._clock.watch())
        try:
            functions = [read_function(one, self._settings) for one in await self._keeper.start()]
            if not functions:
                raise HostError(_NO_FUNCTIONS.format(app=self._options.app))
            yield [await self._register(function) for function in functions]
        finally:
            watch.cancel()
            await self._keeper.stop()
            await self._buses.close()
            await self._storage.close()

    async def _register(self, function: Function) -> Function:
        """Prepare to serve the function; one that cannot be served is reported and left out, as on Azure."""
        if function.disabled or not (self._json.functions is None or function.name in self._json.functions):
            _log.info("Function '%s' is disabled.", function.name)
            return replace(function, disabled=True)
        if function.retry and not isinstance(function.trigger, TimerTrigger):
            _log.warning("The retry policy of '%s' has no effect: only timers have retries.", function.name)
        try:
            match function.trigger:
                case QueueTrigger():
                    await self._listeners.add_queue(function, function.trigger, self._invoker)
                case ServiceBusTrigger():
                    await self._listeners.add_service_bus(function, function.trigger, self._invoker)
                case TimerTrigger():
                    await self._listeners.add_timer(function, function.trigger, self._invoker)
                case HttpTrigger():
                    self._front.add(function, function.trigger)
                case None:
                    raise BindingError(function.fault or "it has no trigger")
        except BindingError as error:
            _log.error("The '%s' function is in error: %s", function.name, error)
            return replace(function, fault=str(error))
        _log.info("Found function '%s' (%s).", function.name, type(function.trigger).__name__)
        return function

    def _web(self, admin: Admin) -> Starlette:
        web = Starlette(routes=admin.routes())
        # Not a mounted route: its pattern takes no path with a line break, which a function has to see and refuse.
        web.router.default = request_response(self._front.answer)
        return web

    async def _finish(self, tasks: list[asyncio.Task[None]]) -> None:
        """Give what runs its time; what is not finished then fails with its worker, and goes its trigger's way."""
        _log.info("Stopping: nothing new is begun, what runs has %g s to finish.", self._options.grace)
        _, late = await asyncio.wait(tasks, timeout=self._options.grace)
        if late:
            _log.warning("Functions still run; their worker is ended.")
            await self._keeper.stop(at_once=True)
            await asyncio.wait(late, timeout=_SETTLE_SECONDS)


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers, which would end the server before the listeners."""

    def __init__(self, web: Starlette, grace: float) -> None:
        patience = max(1, round(grace))
        config = uvicorn.Config(
            web, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=patience
        )
        super().__init__(config)

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def _bind(port: int) -> socket.socket:
    """Take the port before anything is started; connections are refused until the front serves. Raises HostError."""
    # With the protocol given, asyncio sets TCP_NODELAY on its connections; without, each answer waits for 40 ms.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
    except OSError as error:
        listening.close()
        raise HostError(f"port {port} is taken: {error.strerror}") from error
    return listening


def _host_id(app: Path) -> str:
    """Under this id the host keeps its state in storage: machine name and app folder, as Core Tools has it."""
    digest = hashlib.sha256(str(app).encode()).hexdigest()[:8]
    return f"{platform.node().lower()[:23]}-{digest}"
