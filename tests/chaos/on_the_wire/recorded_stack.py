"""A stack whose wire is recorded, with everything that a suite does to it between two calls."""

import json
import os
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from azure.core.exceptions import HttpResponseError
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueClient, QueueMessage, QueueServiceClient

from devstack.services import host_url
from devstack.stack import Stack
from tests.chaos.check import Witness
from tests.chaos.on_the_wire.points import ASKED_ONCE, Point
from tests.e2e.driver import Driver
from tests.policies import opened_settings
from tests.stacks import start_stack

_LOOK_SECONDS = 0.05
_CALM_SECONDS, _QUIET_SECONDS = 0.05, 0.2
_PATIENCE_SECONDS = 30.0
_LONGEST_HOLD_SECONDS = 7 * 24 * 3600
_HOST_SETTINGS = {
    "AzureFunctionsJobHost__extensions__queues__batchSize": "16",
    "AzureFunctionsJobHost__extensions__queues__newBatchThreshold": "16",
    "AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:10:00",
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
_QUEUES = (
    "app-registrations",
    "webhook-requests",
    "app-registration-work",
    "credential-rotations",
    "approval-decisions",
    "ticket-updates",
)
_TABLES = ("unsettled", "cleanups")

TO_APPROVE = "(await|decide|approve)-.*"
"""Apps whose requests need approval there: regular expression for `approval.unique_names`."""
_FIRST_CALL_SECONDS = 2.0
_NUDGES, _NUDGES_OF_A_WAIT, _NUDGE_WALL_SECONDS = 4, 3, 0.4
_NUDGE_SECONDS = 2
"""How long a host waits between two looks at a queue at most: so much stack time wakes it, and no timer."""
_FEW_MOVES, _MANY_MOVES = 16, 80
"""Of the clock, until something counts as stuck: a quarter of an hour has passed by then, or days."""

REDELIVERY_SECONDS = 660.0
"""More than the ten minutes for which a host hides a message while it works on it."""


def value_of(row: Mapping[str, Any]) -> str:
    """The record in a row."""
    return "".join(str(row.get(f"value{n}") or "") for n in range(9))


class NotReachedError(Exception):
    """What was waited for did not come about; the text says what."""


class TrapNotReachedError(NotReachedError):
    """A call that was waited for was not made: the action came to its end, or to a standstill, without it."""


class RecordedStack:
    """One running stack, its witness, and all that was ever asked of it; made by `recorded_stack`."""

    def __init__(self, stack: Stack, clients: ExitStack) -> None:
        self.driver = Driver(stack)
        self.witness = Witness(self.driver)
        self.requests = list[dict[str, Any]]()
        self._killed: int | None = None
        self.is_cold = True
        """Whether the worker has just started and holds no tokens yet."""
        self.is_starting = True
        """Whether the worker has called nobody yet."""
        self._last_seen = 0
        self._drained = 0.0
        self._hidden = defaultdict[str, list[QueueMessage]](list)
        connection = self.driver.environment["AZURE_STORAGE_CONNECTION_STRING"]
        self._queues = clients.enter_context(
            QueueServiceClient.from_connection_string(connection, use_env_settings=False)
        )
        self._tables: Any = clients.enter_context(TableServiceClient.from_connection_string(connection))
        self._blobs = clients.enter_context(BlobServiceClient.from_connection_string(connection))
        self._control = clients.enter_context(
            httpx.Client(base_url=f"http://127.0.0.1:{stack.config.ports.control}", trust_env=False)
        )
        self.functions = clients.enter_context(
            httpx.Client(base_url=host_url(stack.config, "host"), trust_env=False, timeout=60)
        )

    def send(self, body: dict[str, Any], *, as_it_is: bytes | None = None, queue: str = "app-registrations") -> None:
        """Put a request on a queue, `as_it_is` instead if given, and remember that it was asked."""
        if body.get("source") == "servicenow":
            self.prove(body)
            return
        self.requests.append(body)
        text = json.dumps(body) if as_it_is is None else as_it_is.decode()
        self._queue(queue).send_message(text)

    def prove(self, body: dict[str, Any]) -> None:
        """Put a request where the webhook puts those whose source has proven itself."""
        self.requests.append(body)
        message = {"schemaVersion": "1", "source": body["source"], "receivedAt": self.now().isoformat()}
        self.put("webhook-requests", json.dumps(message | {"request": body}))

    def put(self, queue: str, text: str) -> None:
        """Put on a queue what nobody gets an answer to."""
        self._queue(queue).send_message(text)

    def empty(self, queue: str) -> None:
        """Lose all messages of a queue, delayed and hidden ones too."""
        self._queue(queue).clear_messages()

    def hide(self, queue: str) -> None:
        """Hold all messages of a queue in hands, as somebody who reads them does for a while."""
        messages = self._queue(queue).receive_messages(messages_per_page=32, visibility_timeout=_LONGEST_HOLD_SECONDS)
        self._hidden[queue].extend(messages)

    def show_all(self) -> None:
        """Give all messages back."""
        for queue in self._hidden:
            self.show(queue, "")

    def show(self, queue: str, text: str) -> None:
        """Give those messages back that contain a text."""
        for message in [each for each in self._hidden[queue] if text in each.content]:
            self._hidden[queue].remove(message)
            try:
                self._queue(queue).update_message(message, visibility_timeout=0)
            except HttpResponseError as error:
                # The clock has run past the time for which it was held: it is back already.
                if error.error_code not in ("PopReceiptMismatch", "MessageNotFound"):  # pyright: ignore
                    raise

    def advance(self, seconds: float) -> None:
        """Move the stack clock, which also wakes whoever waits between two looks at a queue."""
        self._control.post("/clock", json={"advanceSeconds": seconds}).raise_for_status()

    def now(self) -> datetime:
        """The time on the stack clock."""
        return datetime.fromisoformat(self._control.get("/clock").json()["now"])

    def journal(self, since: int = 0, *, within: float = 0, calm: float = 0) -> list[dict[str, Any]]:
        """The calls of the app after the one with this number.

        With `within`, wait up to so many seconds until there are any and none has come for `calm` seconds more.
        """
        asked = {"since": since, "within": within, "calm": calm}
        calls = self._control.get("/journal", params=asked).raise_for_status().json()
        self.is_starting &= not any(call["caller"] != "host" for call in calls)
        self.is_cold &= not any(call["service"] in ASKED_ONCE for call in calls)
        self._last_seen = calls[-1]["number"] if calls else self._last_seen
        return calls

    def last_call(self) -> int:
        """Number of the newest call."""
        self.journal(self._last_seen)
        return self._last_seen

    def arm(self, point: Point, when: str) -> None:
        """Set a trap at a point, "before" or "after" it."""
        trap = {"service": point.service, "label": point.label, "caller": point.caller, "occurrence": point.occurrence}
        self._control.post("/traps", json=trap | {"when": when}).raise_for_status()

    def wait_until_held(self, traps: int) -> None:
        """Let stack time pass until so many traps hold their calls. Raises TrapNotReachedError when one does not
        spring.

        At first just enough of it to wake a host that waits between two looks at a queue.
        """
        last = self.last_call()
        for _ in range(_NUDGES):
            while calls := self.journal(last, within=_NUDGE_WALL_SECONDS, calm=_CALM_SECONDS):
                if self._held() >= traps:
                    return
                last = calls[-1]["number"]
            if self._held() >= traps:
                return
            self.advance(_NUDGE_SECONDS)
        try:
            self._pass_time(lambda: self._held() >= traps, 1.0, _FEW_MOVES)
        except NotReachedError as missed:
            raise TrapNotReachedError(str(missed)) from missed

    def _held(self) -> int:
        return sum(trap["held"] is not None for trap in self._control.get("/traps").json())

    def release(self) -> None:
        """Let go of what traps hold: the connections of these calls die."""
        self._control.delete("/traps").raise_for_status()

    def script(self, **fault: Any) -> None:
        """Script a fault."""
        self._control.post("/faults", json=fault).raise_for_status()

    def faults(self) -> list[dict[str, Any]]:
        """The scripted faults that are still to come."""
        return self._control.get("/faults").json()

    def forget_faults(self) -> None:
        """Take all faults back."""
        self._control.delete("/faults").raise_for_status()

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

    def record(self, request_id: str) -> dict[str, Any] | None:
        """The row of an operation, as the operations table shows it; of several forms the one that stands."""
        rows = self._records("requestId eq @it", request_id)
        return next((row for row in rows if '"replaced_by":{' not in value_of(row)), None)

    def own_record(self, unique_name: str) -> dict[str, Any] | None:
        """The row of the operation that the registrar asked itself for."""
        return next(self._records("source eq 'registrar' and uniqueName eq @it", unique_name), None)

    def _records(self, which: str, it: str) -> Iterator[dict[str, Any]]:
        table = self._tables.get_table_client("operations")
        rows = table.query_entities(f"RowKey eq 'record' and {which}", parameters={"it": it})
        return (dict(row) for row in rows)

    def due_days(self, unique_name: str) -> list[str]:
        """The days under which an app stands in the index of what is due."""
        rows = self._due(unique_name)
        return sorted(row["PartitionKey"].partition("-")[0] for row in rows)

    def forget_due(self, unique_name: str) -> None:
        """Lose an app's rows of the index."""
        table = self._tables.get_table_client("due")
        for row in self._due(unique_name):
            table.delete_entity(row["PartitionKey"], row["RowKey"])

    def list_due(self, partition: str, row: str, columns: dict[str, Any]) -> None:
        """Put a row into the index."""
        entity = {"PartitionKey": partition, "RowKey": row, "schemaVersion": "1", **columns}
        self._tables.get_table_client("due").upsert_entity(entity)

    def report_as_of(self) -> dict[str, datetime]:
        """Of which moment each format of the newest report is."""
        blobs = self._blobs.get_container_client("reports").list_blobs(include=["metadata"])
        # A listing shows names of metadata in lower case, here and there.
        texts = ((blob.name, {name.lower(): text for name, text in (blob.metadata or {}).items()}) for blob in blobs)
        return {name: datetime.fromisoformat(metadata["asof"]) for name, metadata in texts}

    def noted(self) -> int:
        """How many entries wait for their place in the audit chain."""
        return self._rows("auditoutbox")

    def anchored_days(self) -> set[str]:
        """The days on which the audit chain was anchored; with a hash behind it, where the day's name was taken."""
        return {
            blob.name.removesuffix(".json") for blob in self._blobs.get_container_client("audit-anchors").list_blobs()
        }

    def new_ticket(self) -> dict[str, Any]:
        """Somebody's ticket in ServiceNow, of which nobody tells the registrar."""
        self._control.put("/ticketing/flow", json={"on": False}).raise_for_status()
        wish = {"system": "servicenow", "requestedFor": {"email": "ada@contoso.example"}}
        return self._control.post("/ticketing/tickets", json=wish).raise_for_status().json()

    def ticket(self, number: str) -> dict[str, Any]:
        """A ticket with its notes."""
        return self._control.get(f"/ticketing/tickets/{number}").raise_for_status().json()

    def call(self, function: str) -> None:
        """Have the host start a function, also a disabled one, as an operator would."""
        self.driver.start(function)

    def _due(self, unique_name: str) -> list[dict[str, Any]]:
        table = self._tables.get_table_client("due")
        rows = table.query_entities("uniqueName eq @it", parameters={"it": unique_name})
        return [dict(row) for row in rows]

    def wait_for_state(self, request_id: str, state: str) -> dict[str, Any]:
        """Return the row of an operation once it is in this state. Raises NotReachedError."""
        found: list[dict[str, Any]] = []

        def is_there() -> bool:
            row = self.record(request_id)
            if row is not None and row["state"] == state:
                found.append(row)
            return bool(found)

        self.wait_for(is_there, f"{request_id} to be {state}")
        return found[0]

    def wait_for(self, look: Callable[[], bool], what: str, requests: int = 1) -> None:
        """Return once `look` is true. Raises NotReachedError after some seconds of wall time for every request.

        Looking costs more than a glance at the journal: it is done when the app has come to rest after calls. A host
        that waits between two looks at a queue is woken now and then.
        """
        end, last, nudges = time.monotonic() + _PATIENCE_SECONDS + 3 * requests, self.last_call(), _NUDGES_OF_A_WAIT
        while not look():
            if time.monotonic() > end:
                raise NotReachedError(f"gave up waiting for {what}")
            calls = self.journal(last, within=1.0, calm=_CALM_SECONDS)
            last = calls[-1]["number"] if calls else last
            if not calls and nudges:
                self.advance(_NUDGE_SECONDS)
                nudges -= 1

    def settle(self, done: Callable[[], bool], calm_seconds: float = 0.3) -> None:
        """Let stack time pass until `done`, and nothing waits any more. Raises NotReachedError."""
        self._pass_time(lambda: done() and not self._what_waits(), calm_seconds, _MANY_MOVES)
        self.wait_until_quiet()

    def _pass_time(self, done: Callable[[], bool], calm_seconds: float, most_moves: int) -> None:
        """Move the clock until `done`, whenever the app has called nobody for `calm_seconds` of wall time.

        A worker that has just started is given longer for its first call. Every other move is a small one, which no
        timer notices: it only wakes a host that waits between two looks at a queue.
        """
        calm_since, last, moves = time.monotonic(), self.last_call(), 0
        while not done():
            patience = calm_seconds + self.is_starting * _FIRST_CALL_SECONDS
            calls = self.journal(last, within=patience, calm=_CALM_SECONDS)
            last = calls[-1]["number"] if calls else last
            if any(call["caller"] != "host" for call in calls):
                calm_since = time.monotonic()
            elif time.monotonic() - calm_since >= patience:
                if moves == most_moves:
                    raise NotReachedError(f"it did not come about; {self._what_waits() or 'nothing'} waits")
                self.advance(330 * 2 ** (moves // 8) if moves % 2 else 3)
                calm_since, moves = time.monotonic(), moves + 1

    def wait_until_quiet(self) -> None:
        """Return when nobody of the app, host included, has called anybody for a moment."""
        while self.journal(self.last_call(), within=_QUIET_SECONDS, calm=_QUIET_SECONDS):
            pass

    def answers(self, request_id: str) -> list[dict[str, Any]]:
        """All deliveries of answers to a request, as of this moment or one just before."""
        if time.monotonic() - self._drained > _LOOK_SECONDS:
            self.witness.drain()
            self._drained = time.monotonic()
        return self.driver.inbox.to_request(request_id)

    def _what_waits(self) -> str:
        waiting = [f"queue {name}" for name in _QUEUES if self._messages(name)]
        waiting += [f"table {name}" for name in _TABLES if self._rows(name)]
        return ", ".join(waiting)

    def _messages(self, queue: str) -> int:
        return self._queue(queue).get_queue_properties().approximate_message_count or 0

    def _rows(self, table: str) -> int:
        return sum(1 for _ in self._tables.get_table_client(table).list_entities(select=["RowKey"]))

    def _queue(self, name: str) -> QueueClient:
        return self._queues.get_queue_client(name)


@contextmanager
def recorded_stack(folder: Path) -> Generator[RecordedStack]:
    """Start a stack in a folder, with its witness watching; stopped on leaving."""
    with ExitStack() as clients, _started(folder) as stack:
        made = RecordedStack(stack, clients)
        made.witness.remember_foreign()
        yield made


def _started(folder: Path) -> Stack:
    """Hosts and workers die here by the dozen: they are forked. Some apps need approval."""
    approved = ("unique_names = []", f"unique_names = ['{TO_APPROVE}']")
    # One person's requests are held at their points all at once, to die together: none of them waits its turn.
    unhurried = ("attempts_at_once_per_requester = 2", "attempts_at_once_per_requester = 1000")
    settings = _HOST_SETTINGS | opened_settings(folder, approved, unhurried)
    return start_stack(folder, recording=True, settings=settings, forked=True)


def judged(recorded_stack: RecordedStack) -> Sequence[str]:
    """What the witness has to say, with all services reachable, and every secret old enough to work."""
    recorded_stack.driver.weather()
    recorded_stack.forget_faults()
    recorded_stack.show_all()
    recorded_stack.advance(2 * 24 * 3600)
    recorded_stack.settle(lambda: True)
    return recorded_stack.witness.breaches(recorded_stack.requests)
