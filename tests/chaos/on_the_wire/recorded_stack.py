"""A stack whose wire is recorded, with everything that a suite does to it between two calls."""

import json
import os
import signal
import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx

from devstack.services import host_url
from devstack.stack import Stack
from tests.brokers import Broker
from tests.chaos.check import Witness
from tests.chaos.on_the_wire.waiting import NotReachedError, Waiting
from tests.e2e.driver import Driver
from tests.policies import opened_settings
from tests.stacks import start_stack

_LOOK_SECONDS = 0.05
_PATIENCE_SECONDS = 30.0
_HOST_SETTINGS = {
    "AzureFunctionsJobHost__extensions__queues__batchSize": "16",
    "AzureFunctionsJobHost__extensions__queues__newBatchThreshold": "16",
    "AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:10:00",
    "AzureFunctionsJobHost__extensions__serviceBus__maxConcurrentCalls": "16",
    "AzureWebJobs.check_due_index.Disabled": "true",
    "AzureWebJobs.pin_owners.Disabled": "true",
    "AzureWebJobs.report_credentials.Disabled": "true",
    "AzureWebJobs.extend_audit.Disabled": "true",
    "AzureWebJobs.anchor_audit.Disabled": "true",
}
"""host.json caps what one host does at once; here many actions are held, and more have to come through. A message whose
worker died comes back as late as one whose host died: nothing stirs before the clock is moved. The nightly check and
the pinning of owners would do what some actions are for; the report and the audit record's writer would come in the
middle of any. They are actions themselves."""
TO_APPROVE = "(await|decide|approve)-.*"
"""Apps whose requests need approval there: regular expression for `approval.unique_names`."""
REDELIVERY_SECONDS = 660.0
"""More than the ten minutes for which a host hides a message while it works on it."""


class RecordedStack(Waiting):
    """One running stack, its witness, and all that was ever asked of it; made by `recorded_stack`."""

    def __init__(self, stack: Stack, clients: ExitStack) -> None:
        self.driver = Driver(stack)
        self.witness = Witness(self.driver)
        self.requests = list[dict[str, Any]]()
        self._killed: int | None = None
        self._drained = 0.0
        control = clients.enter_context(
            httpx.Client(base_url=f"http://127.0.0.1:{stack.config.ports.control}", trust_env=False)
        )
        super().__init__(control, self.driver.environment, clients)
        self.functions = clients.enter_context(
            httpx.Client(base_url=host_url(stack.config, "host"), trust_env=False, timeout=60)
        )

    def send(self, body: dict[str, Any], *, as_it_is: bytes | None = None, given_up: bool = False) -> None:
        """Put a request on the intake queue, `as_it_is` instead if given, and remember that it was asked.

        With `given_up`, where the host puts what it could not hand over.
        """
        if body.get("source") == "servicenow":
            self.prove(body)
            return
        self.requests.append(body)
        text = json.dumps(body).encode() if as_it_is is None else as_it_is
        put = self.mailboxes.give_up if given_up else self.mailboxes.put
        put("app-registrations", text)

    def prove(self, body: dict[str, Any]) -> None:
        """Put a request where the webhook puts those whose source has proven itself."""
        self.requests.append(body)
        message = {"schemaVersion": "1", "source": body["source"], "receivedAt": self.now().isoformat()}
        self.put("webhook-requests", json.dumps(message | {"request": body}))

    def kill_worker(self) -> None:
        """Kill the worker child that runs the functions. The host starts another, see `wait_for_worker`."""
        self._killed, self.is_cold, self.is_starting = self._worker(), True, True
        if self._killed is not None:
            os.kill(self._killed, signal.SIGKILL)

    def wait_for_worker(self) -> None:
        """Return when there is a worker that was not killed."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while self._worker() in (None, self._killed):
            if time.monotonic() > end:
                raise NotReachedError("gave up waiting for a new worker")
            time.sleep(_LOOK_SECONDS)
            self.advance(_LOOK_SECONDS * 10)  # the host pauses before it replaces a worker that did not last

    def _worker(self) -> int | None:
        return self.functions.get("/admin/host/status").json()["workerProcessId"]

    def kill_host(self) -> None:
        """Kill the whole host with its worker."""
        self.driver.stack.kill("host")
        self.is_cold = self.is_starting = True

    def restart_host(self) -> None:
        """Start a host again."""
        self.driver.stack.restart("host")

    def call(self, function: str) -> None:
        """Have the host start a function, also a disabled one, as an operator would."""
        self.driver.start(function)

    def answers(self, request_id: str) -> list[dict[str, Any]]:
        """All deliveries of answers to a request, as of this moment or one just before."""
        if time.monotonic() - self._drained > _LOOK_SECONDS:
            self.witness.drain()
            self._drained = time.monotonic()
        return self.driver.inbox.to_request(request_id)


@contextmanager
def recorded_stack(folder: Path, broker: Broker = Broker.STORAGE) -> Generator[RecordedStack]:
    """Start a stack in a folder, with its witness watching; stopped on leaving."""
    with ExitStack() as clients, _started(folder, broker) as stack:
        made = RecordedStack(stack, clients)
        made.witness.remember_foreign()
        yield made
        # Nothing is asked of it any more, and in good order it would take seconds to end.
        stack.kill("host")


def _started(folder: Path, broker: Broker) -> Stack:
    """Hosts and workers die here by the dozen: they are forked. Some apps need approval."""
    approved = ("unique_names = []", f"unique_names = ['{TO_APPROVE}']")
    # One person's requests are held at their points all at once, to die together: none of them waits its turn.
    unhurried = ("attempts_at_once_per_requester = 2", "attempts_at_once_per_requester = 1000")
    settings = _HOST_SETTINGS | opened_settings(folder, approved, unhurried) | broker.settings()
    return start_stack(folder, recording=True, settings=settings, forked=True)


def judged(recorded_stack: RecordedStack) -> Sequence[str]:
    """What the witness has to say, with all services reachable, and every secret old enough to work."""
    recorded_stack.driver.weather()
    recorded_stack.forget_faults()
    recorded_stack.show_all()
    recorded_stack.advance(2 * 24 * 3600)
    recorded_stack.settle(lambda: True)
    return recorded_stack.witness.breaches(recorded_stack.requests)
