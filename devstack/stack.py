"""The supervisor: starts the local stack's processes in order, and stops all that it started."""

from collections.abc import Mapping
from datetime import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from devstack import certificates
from devstack.clock import StackClock, time_until
from devstack.config import StackConfig, StateFolder
from devstack.environment import azurite, client_environment, own_environment
from devstack.forked import is_possible, shared_template
from devstack.lock import StateLock
from devstack.ports import PortReservations
from devstack.process import Process, StackError, Watchdog
from devstack.project import REPOSITORY, project
from devstack.provisioning import provision_storage
from devstack.services import HOSTS, ServiceName, describe_services

DEFAULT_STATE = REPOSITORY / ".devstack"


class Stack:
    """A running local stack; made by `Stack.start`, ended by `stop` or by leaving its `with` block.

    Everything it knows is kept in its state folder: the next stack started there continues from it.
    """

    def __init__(self, state: Path, config: StackConfig, lock: StateLock, reserved: PortReservations) -> None:
        """For `start` alone."""
        self.state = state
        self.config = config
        self._folder = StateFolder(state)
        self._lock = lock
        self._reserved = reserved
        self._guard = Watchdog(lock.descriptor)
        self._processes: dict[ServiceName, Process] = {}

    @classmethod
    def start(
        cls,
        state: Path = DEFAULT_STATE,
        *,
        app: Path = REPOSITORY,
        weather: Mapping[str, Any] | None = None,
        fixed_ports: Mapping[str, int] | None = None,
        identity_based_storage: bool = False,
        hosts: int = 1,
        recording: bool = False,
        settings: Mapping[str, str] | None = None,
        forked: bool = False,
        starts_at: time | None = None,
    ) -> Self:
        """Start a stack and return when it is ready to serve.

        `weather` is what the control plane's /weather takes. `fixed_ports` are given by service; all others
        are chosen. `hosts` is how many Functions hosts share the work, 0 to 2; 0 leaves it to another host (Core
        Tools, say). With `recording`, the control plane's journal has the app's calls to storage, too, and traps and
        faults reach them. `settings` are app settings over those that the stack makes. With `forked`, doubles, hosts
        and workers are forked from a process that has imported what they need, where the machine can do that: for
        those who start stacks or kill hosts often. That process is the stack's own, or the one of DEVSTACK_TEMPLATE.
        `starts_at` is the time of day, in UTC, at which a new stack's clock starts; without it, at the wall clock's.
        Raises StackError or ConfigError when it cannot run; nothing is left running then.
        """
        state = state.absolute()
        lock = StateLock(state)
        reserved = PortReservations()
        try:
            lock.announce("starting")
            config = StackConfig.prepare(
                state,
                fixed_ports,
                take_port=reserved.take,
                identity_based_storage=identity_based_storage,
                recording=recording,
                settings=settings,
            )
            stack = cls(state, config, lock, reserved)
        except BaseException:
            reserved.release()
            lock.release()
            raise
        try:
            if starts_at is not None:
                stack._set_clock(starts_at)
            stack._start(app, weather or {}, hosts, forked=forked)
            lock.announce("ready")
        except BaseException:
            stack.stop()
            raise
        return stack

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def logs(self) -> Path:
        """The folder with one log per process."""
        return self._folder.logs

    def environment(self) -> dict[str, str]:
        """A whole environment in which standard clients work against this stack."""
        return own_environment() | client_environment(self.config, self.state)

    def check(self) -> None:
        """Raise StackError if a process has ended by itself."""
        for process in self._processes.values():
            process.check()

    def process_id(self, name: ServiceName) -> int:
        """Process id of a running service."""
        return self._processes[name].pid

    def kill(self, name: ServiceName) -> None:
        """End one process and its children at once, as a crash would."""
        self._processes.pop(name).kill()

    def halt(self, name: ServiceName) -> None:
        """End one process in good order; `restart` brings it back.

        For Azurite this is what a service away is like: killed, it forgets seconds of what it has acknowledged.
        """
        self._processes.pop(name).stop()

    def restart(self, name: ServiceName) -> None:
        """Start one process again, after `halt` or `kill` or instead of a running one; return when it is ready."""
        if name in self._processes:
            self._processes.pop(name).stop()
        self._launch(name)

    def stop(self) -> None:
        """Stop everything, the last started first, and release the state folder. May be called twice."""
        while self._processes:
            _, process = self._processes.popitem()
            process.stop()
        self._guard.dismiss()
        self._reserved.release()
        self._lock.release()

    def _start(self, app: Path, weather: Mapping[str, Any], hosts: int, *, forked: bool) -> None:
        self.logs.mkdir(exist_ok=True)
        self._folder.temporary.mkdir(exist_ok=True)
        for log in self.logs.glob("*.log"):
            log.unlink()
        made = certificates.ensure(self._folder.certificates)
        own = self._folder.template
        own.unlink(missing_ok=True)
        template = None
        if forked and app == REPOSITORY:
            template = shared_template(REPOSITORY) or (own if is_possible(own) else None)
        self._services = describe_services(self.config, self.state, app, template)
        first: list[ServiceName] = ["azurite", "template"] if template == own else ["azurite"]
        self._launch(*first)
        self._launch("doubles")
        self._set_weather(weather)
        connection_string = azurite(self.config, self.state).connection_string()
        provision_storage(connection_string, REPOSITORY / project().app.storage, made.ca)
        self._launch(*HOSTS[:hosts])

    def _set_clock(self, starts_at: time) -> None:
        """Start a new stack's clock at the next occurrence of a time of day: it only moves forward."""
        if not self._folder.clock.exists():
            clock = StackClock(self._folder.clock)
            clock.advance(time_until(clock.now(), starts_at))

    def _launch(self, *names: ServiceName) -> None:
        for name in names:
            self._processes[name] = Process(self._services[name], self.logs / f"{name}.log", self._guard)
        for name in names:
            self._processes[name].wait_until_ready()

    def _set_weather(self, weather: Mapping[str, Any]) -> None:
        url = f"http://127.0.0.1:{self.config.ports.control}/weather"
        answer = httpx.patch(url, json=dict(weather), trust_env=False)
        if answer.is_error:
            raise StackError(f"the control plane refused the weather: {answer.text}")
