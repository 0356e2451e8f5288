"""The same backlog worked off over storage queues and over Service Bus, single messages timed, and what idling costs.

Brokers are those of the local stack: Azurite, and a double of the namespace. The figures compare how the app and its
host use them on this machine; Azure's own latency and limits are not in them. Processor time needs Linux.
"""

import json
import os
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from argparse import ArgumentParser
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import batched
from pathlib import Path
from statistics import median, quantiles

from azure.identity import ClientSecretCredential
from azure.servicebus import ServiceBusClient, ServiceBusMessage, ServiceBusSender
from azure.storage.queue import QueueClient
from rich.console import Console
from rich.table import Table

from demo.queues import INTAKE, RESULTS
from devstack.services import ServiceName
from tests.e2e.driver import Driver, request
from tests.policies import opened_settings
from tests.stacks import start_stack

BACKLOG, SINGLES, IDLE_SECONDS = 1000, 30, 60
_PAUSE_SECONDS = 3.0
"""Between single messages: after that, polls of a storage queue are as rare as they get."""
_LOOK_SECONDS = 0.02
_PATIENCE_SECONDS = 900.0
_PAGE = 100


class Broker(ABC):
    """One broker of a running stack, as a sender sees it; opened once, as senders do."""

    title: str
    process: ServiceName
    service: str
    """What the control plane counts its calls under."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver

    @abstractmethod
    def send(self, bodies: Sequence[str]) -> None:
        """Put messages on the intake queue."""

    @abstractmethod
    def answered(self) -> int:
        """How many answers lie on the results queue."""


class StorageQueues(Broker):
    """Storage queues."""

    title, process, service = "storage queues", "azurite", "queue"

    def __init__(self, driver: Driver, closing: ExitStack) -> None:
        super().__init__(driver)
        environment = driver.environment
        self._intake, self._results = (
            closing.enter_context(
                QueueClient.from_connection_string(
                    environment["AZURE_STORAGE_CONNECTION_STRING"],
                    name,
                    use_env_settings=False,
                    connection_verify=environment["SSL_CERT_FILE"],
                )
            )
            for name in (INTAKE, RESULTS)
        )

    def send(self, bodies: Sequence[str]) -> None:
        for body in bodies:
            self._intake.send_message(body)

    def answered(self) -> int:
        return self._results.get_queue_properties().approximate_message_count or 0


class Bus(Broker):
    """Service Bus."""

    title, process, service = "Service Bus", "doubles", "servicebus"

    def __init__(self, driver: Driver, closing: ExitStack) -> None:
        super().__init__(driver)
        config, environment = driver.stack.config, driver.environment
        credential = ClientSecretCredential(
            config.tenant_id,
            environment["DEVSTACK_REQUESTER_CLIENT_ID"],
            environment["DEVSTACK_REQUESTER_CLIENT_SECRET"],
            proxies={"https": environment["HTTPS_PROXY"]},
            connection_verify=environment["SSL_CERT_FILE"],
            use_env_settings=False,
        )
        client = closing.enter_context(
            ServiceBusClient(
                config.bus_namespace,
                credential,
                http_proxy={"proxy_hostname": "127.0.0.1", "proxy_port": config.ports.proxy},
                connection_verify=environment["SSL_CERT_FILE"],
            )
        )
        self._sender: ServiceBusSender = closing.enter_context(client.get_queue_sender(INTAKE))

    def send(self, bodies: Sequence[str]) -> None:
        for page in batched(bodies, _PAGE, strict=False):
            self._sender.send_messages([ServiceBusMessage(body) for body in page])

    def answered(self) -> int:
        return sum(self.driver.control("GET", "/bus")[f"{RESULTS}/Subscriptions/all"].values())


_KINDS = {"storage": StorageQueues, "servicebus": Bus}


@dataclass(frozen=True)
class Measured:
    """What was seen of one broker. Seconds, except where the name says otherwise; idle figures are per minute."""

    title: str
    backlog: int
    drained: float
    latencies: list[float]
    idle_calls: float
    idle_app: float
    idle_broker: float

    @property
    def per_second(self) -> float:
        """Messages a second, start of the host included."""
        return self.backlog / self.drained

    @property
    def p95(self) -> float:
        """The latency that one message in twenty exceeds."""
        return quantiles(self.latencies, n=20)[-1]


def messages(prefix: str, count: int) -> list[str]:
    """Requests that are refused for a field, which takes records and an answer, and no call to the directory."""
    return [
        json.dumps(request(f"{prefix}-{number:04}", f"app-{number:04}") | {"colour": "blue"}) for number in range(count)
    ]


@contextmanager
def running(name: str, *, recording: bool, **settings: str) -> Generator[Driver]:
    """A fresh stack that uses the broker."""
    with tempfile.TemporaryDirectory() as folder:
        chosen = opened_settings(Path(folder) / "policy") | {"MESSAGE_BROKER": name} | settings
        with start_stack(Path(folder) / "stack", settings=chosen, recording=recording) as stack:
            yield Driver(stack)


def await_answers(broker: Broker, count: int) -> None:
    """Wait until there are so many. Raises TimeoutError."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while (found := broker.answered()) < count:
        broker.driver.stack.check()
        if time.monotonic() > deadline:
            raise TimeoutError(f"{found} of {count} answers on {broker.title} after {_PATIENCE_SECONDS:.0f} s")
        time.sleep(_LOOK_SECONDS)


def drain(broker: Broker, backlog: int) -> float:
    """Pile messages up while no host runs, start one, and wait for all answers. Return the seconds since its start."""
    stack, there = broker.driver.stack, broker.answered()
    stack.halt("host")
    broker.send(messages("backlog", backlog))
    began = time.perf_counter()
    stack.restart("host")
    await_answers(broker, there + backlog)
    return time.perf_counter() - began


def one_by_one(broker: Broker, count: int) -> Iterator[float]:
    """Seconds from before a message is sent to an idle app until its answer is seen, up to `_LOOK_SECONDS` too many."""
    for body in messages("single", count):
        time.sleep(_PAUSE_SECONDS)
        there = broker.answered()
        began = time.perf_counter()
        broker.send([body])
        await_answers(broker, there + 1)
        yield time.perf_counter() - began


def idle(name: str, timers: Sequence[str], seconds: float) -> tuple[float, float, float]:
    """Calls to the broker, processor seconds of host and worker, and of the broker, a minute: no timer, no message."""
    off = {f"AzureWebJobs.{timer}.Disabled": "true" for timer in timers}
    with running(name, recording=True, **off) as driver:
        time.sleep(15)  # until what a start brings about is over
        kind, stack = _KINDS[name], driver.stack
        app = [stack.process_id("host"), driver.worker_process_id()]
        broker = [stack.process_id(kind.process)]
        calls, used, spent = _calls(driver, kind.service), _processor(app), _processor(broker)
        began = time.monotonic()
        time.sleep(seconds)
        share = (time.monotonic() - began) / 60
        return (
            (_calls(driver, kind.service) - calls) / share,
            (_processor(app) - used) / share,
            (_processor(broker) - spent) / share,
        )


def _calls(driver: Driver, service: str) -> int:
    return sum(driver.calls().get(service, {}).values())


def _processor(processes: Sequence[int]) -> float:
    """Seconds of processor time that processes have used so far; without /proc there is no telling."""
    ticks = 0
    for process in processes:
        stat = Path(f"/proc/{process}/stat")
        if not stat.exists():
            return float("nan")
        fields = stat.read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def measure(name: str, backlog: int, singles: int, idle_seconds: float) -> Measured:
    """Measure one broker, on stacks of its own."""
    with ExitStack() as closing:
        driver = closing.enter_context(running(name, recording=False))
        timers = driver.timers()
        broker = _KINDS[name](driver, closing)
        drained = drain(broker, backlog)
        latencies = list(one_by_one(broker, singles))
    calls, app, own = idle(name, timers, idle_seconds)
    return Measured(broker.title, backlog, drained, latencies, calls, app, own)


_ROWS: dict[str, Callable[[Measured], str]] = {
    "backlog, seconds from the host's start": lambda each: f"{each.drained:.1f}",
    "backlog, messages a second": lambda each: f"{each.per_second:.1f}",
    "one message, median, ms": lambda each: f"{median(each.latencies) * 1000:.0f}",
    "one message, 95th percentile, ms": lambda each: f"{each.p95 * 1000:.0f}",
    "idle, calls to the broker a minute": lambda each: f"{each.idle_calls:.0f}",
    "idle, processor seconds of host and worker a minute": lambda each: f"{each.idle_app:.2f}",
    "idle, processor seconds of the broker a minute": lambda each: f"{each.idle_broker:.2f}",
}


def table_of(found: Sequence[Measured]) -> Table:
    """One column for each broker."""
    rows = Table(title=f"{found[0].backlog:,} messages waiting, {len(found[0].latencies)} sent one by one, idling")
    rows.add_column("")
    for each in found:
        rows.add_column(each.title, justify="right")
    for label, figure in _ROWS.items():
        rows.add_row(label, *(figure(each) for each in found))
    return rows


def main() -> int:
    """Print what was measured."""
    parser = ArgumentParser(prog="python -m tests.benchmarks.brokers")
    parser.add_argument("--backlog", type=int, default=BACKLOG)
    parser.add_argument("--singles", type=int, default=SINGLES)
    parser.add_argument("--idle-seconds", type=float, default=IDLE_SECONDS)
    given = parser.parse_args()
    found = [measure(name, given.backlog, given.singles, given.idle_seconds) for name in _KINDS]
    Console().print(table_of(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
