"""A host in a process of its own, as the stack runs it, and the queues that its functions talk through."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.queue import QueueServiceClient

APPS = Path(__file__).with_name("apps")
PATIENCE = 15.0
BODY_LIMIT = 1024
"""Bytes, what FUNCTIONS_REQUEST_BODY_SIZE_LIMIT says to the sample apps."""


def wait_until[T](look: Callable[[], T | None], what: str) -> T:
    """Look again and again until there is something true."""
    deadline = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)
    return found


@dataclass(frozen=True)
class Queues:
    """Sends and takes plain text; queues that are missing count as empty."""

    service: QueueServiceClient

    def send(self, name: str, *messages: str) -> None:
        queue = self.service.get_queue_client(name)
        with suppress(ResourceExistsError):
            queue.create_queue()
        for message in messages:
            queue.send_message(message)

    def take(self, name: str, count: int = 1) -> list[str]:
        """Wait for so many messages, and remove them; fails if there are more."""
        taken: list[str] = []

        def enough() -> bool:
            taken.extend(self.take_all(name))
            return len(taken) >= count

        wait_until(enough, f"{count} messages on {name}")
        assert len(taken) == count
        return taken

    def take_all(self, name: str) -> list[str]:
        """Remove what is visible now."""
        queue = self.service.get_queue_client(name)
        taken: list[str] = []
        try:
            for message in queue.receive_messages(messages_per_page=32):
                queue.delete_message(message)
                taken.append(message.content)
        except ResourceNotFoundError:
            pass
        return taken

    def count(self, name: str) -> int:
        """How many messages lie there, hidden ones included."""
        return self.service.get_queue_client(name).get_queue_properties().approximate_message_count or 0


@dataclass(frozen=True)
class RunningHost:
    """A host that answers, its log included."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def get(self, path: str, **options: str) -> httpx.Response:
        return httpx.get(self.url + path, headers=options, trust_env=False)

    def fire(self, function: str, given: str = "") -> None:
        response = httpx.post(f"{self.url}/admin/functions/{function}", json={"input": given}, trust_env=False)
        assert response.status_code == 202

    def worker_pid(self) -> int:
        return self.get("/admin/host/status").json()["workerProcessId"]

    def lines(self, *parts: str) -> list[str]:
        """The log's lines that hold all these parts."""
        return [line for line in self.log.read_text().splitlines() if all(part in line for part in parts)]

    def wait_for_release(self, queue: str, times: int = 1) -> None:
        """Wait until so many failed messages have been put back, from when on their delay counts."""
        wait_until(lambda: len(self.lines(f"is back on '{queue}'")) >= times, f"release {times} on {queue}")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


def host_command(app: str, port: int, clock_file: Path, *options: str) -> list[str]:
    paths = ["--app", str(APPS / app), "--clock-file", str(clock_file), "--port", str(port)]
    return [sys.executable, "-m", "devstack.host", *paths, *options]


@contextmanager
def running_host(
    app: str, port: int, clock_file: Path, settings: dict[str, str], *options: str
) -> Generator[RunningHost]:
    """Start a host and wait until its status answers; killed in the end if it still runs."""
    log = clock_file.parent / f"{app}-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            host_command(app, port, clock_file, *options),
            env={**os.environ, **settings},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    host = RunningHost(process, f"http://127.0.0.1:{port}", log)

    def answers() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            return host.get("/admin/host/status").status_code in (200, 401)
        except httpx.TransportError:
            return False

    try:
        wait_until(answers, "the host's status")
        yield host
    finally:
        process.kill()
        process.wait()
