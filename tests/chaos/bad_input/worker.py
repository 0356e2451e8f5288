"""The app's real worker child, given messages one by one as the host's queue trigger would, without a queue between."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from azure.storage.queue import QueueMessage

from devstack.clock import StackClock
from devstack.config import StateFolder
from devstack.environment import functions_settings, own_environment
from devstack.host import wire
from devstack.host.child import Child, WorkerGoneError
from devstack.host.queue_message import describe
from devstack.services import REPOSITORY
from devstack.stack import Stack
from tests.chaos.bad_input.messages import Message

FUNCTION = "process_registration"


@dataclass(frozen=True)
class Outcome:
    """How an invocation ended: `error` None means that the function returned; `stack` is where it was raised."""

    error: str | None
    stack: str = ""
    worker_gone: bool = False


class Worker:
    """A running worker child. `first_arrival`: message number n came n seconds later, so that an answer's time,
    which is its message's arrival, names the message."""

    def __init__(self, child: Child, first_arrival: datetime) -> None:
        self._child = child
        self._function = next(one["id"] for one in child.functions if one["name"] == FUNCTION)
        self._first_arrival = first_arrival

    @property
    def pid(self) -> int | None:
        """Its process id, None when it has ended."""
        return None if self._child.gone.is_set() else self._child.pid

    def arrival(self, index: int) -> datetime:
        """When a message was put on the queue, as the worker is told."""
        return self._first_arrival + timedelta(seconds=index)

    async def deliver(self, message: Message) -> Outcome:
        """Have `process_registration` take one message."""
        # A queue holds text. What is none goes in as bytes, as from a binding with dataType binary.
        text = message.text
        metadata, _ = describe(self._as_received(message), text or "")
        invocation: wire.Message = {
            "type": "invoke",
            "invocationId": f"{message.unit}-{message.index}",
            "functionId": self._function,
            "inputs": {"message": wire.binary(message.body) if text is None else wire.text(text)},
            "metadata": metadata,
            "traceParent": "",
            "retry": {"count": 0, "maximum": 0, "error": None},
        }
        try:
            answer = await self._child.invoke(invocation)
        except WorkerGoneError as error:
            return Outcome(str(error), worker_gone=True)
        return Outcome(answer["error"], answer.get("stack") or "")

    def _as_received(self, message: Message) -> QueueMessage:
        arrival = self.arrival(message.index)
        return QueueMessage(
            message.text or "",
            id=str(UUID(int=message.index + 1)),
            inserted_on=arrival,
            expires_on=arrival + timedelta(days=7),
            dequeue_count=1,
            pop_receipt="receipt",
            next_visible_on=arrival + timedelta(minutes=10),
        )


@asynccontextmanager
async def running_worker(stack: Stack, lines: list[str]) -> AsyncGenerator[Worker]:
    """A worker child with the settings that the stack's own hosts get; what it logs is added to `lines`."""
    settings = own_environment() | functions_settings(stack.config, stack.state)
    stack_clock = StackClock(StateFolder(stack.state).clock)
    child = await Child.start(
        REPOSITORY, StateFolder(stack.state).clock, lambda record: lines.append(record["message"]), settings
    )
    try:
        yield Worker(child, stack_clock.now().replace(microsecond=0) - timedelta(days=1))
    finally:
        await child.stop()
