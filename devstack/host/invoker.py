"""Runs one invocation from its trigger to its outputs: log lines, timeout, worker, output bindings."""

import asyncio
import logging
import re
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

from devstack.host import wire
from devstack.host.child import WorkerGoneError
from devstack.host.expressions import system_data
from devstack.host.functions import Function
from devstack.host.keeper import Keeper
from devstack.host.outputs import Outputs
from devstack.host.stack_time import StackTime
from devstack.host.wire import TypedData

_TRACE_PARENT = re.compile("[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})")


@dataclass(frozen=True)
class Retry:
    """Which attempt of a retry policy this is: `count` 0 for the first, the `error` of the one before."""

    count: int = 0
    maximum: int = 0
    error: str | None = None


@dataclass(frozen=True)
class Occasion:
    """Why a function runs, and with what.

    `metadata` goes to the worker beside the trigger's value; `data` feeds the expressions of output bindings;
    `trace` is the trace context to continue, in W3C form, else a new one begins.
    """

    reason: str
    value: TypedData
    metadata: Mapping[str, TypedData] = field(default_factory=dict[str, TypedData])
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    details: str | None = None
    trace: str | None = None
    retry: Retry = Retry()

    def with_retry(self, retry: Retry) -> "Occasion":
        """The same occasion, tried again."""
        return replace(self, retry=retry)


@dataclass(frozen=True)
class Outcome:
    """How an invocation ended: `error` None means success."""

    error: str | None
    value: TypedData | None = None

    @property
    def ok(self) -> bool:
        """Return whether the function returned and all its outputs were written."""
        return self.error is None


class Invoker:
    """Runs functions one occasion at a time; safe to be called concurrently.

    `timeout` is measured on the real clock: a move of the stack clock is no reason to kill what runs.
    """

    def __init__(self, keeper: Keeper, outputs: Outputs, clock: StackTime, timeout: timedelta | None) -> None:
        self._keeper = keeper
        self._outputs = outputs
        self._clock = clock
        self._timeout = timeout
        self._names: dict[str, str] = {}

    def function_of(self, invocation: str | None) -> str | None:
        """The name of the function that a running invocation belongs to."""
        return self._names.get(invocation or "")

    async def run(self, function: Function, occasion: Occasion) -> Outcome:
        """Run the function once. Never raises for what the function, its outputs or the worker did."""
        invocation = str(uuid4())
        log = logging.getLogger(f"Function.{function.name}")
        known = {"invocation": invocation}
        title = f"Functions.{function.name}"
        log.info("Executing '%s' (Reason='%s', Id=%s)", title, occasion.reason, invocation, extra=known)
        if occasion.details:
            log.info("Trigger Details: %s", occasion.details, extra=known)
        started = time.monotonic()
        self._names[invocation] = function.name
        try:
            outcome = await self._attempt(function, occasion, invocation, log)
        finally:
            del self._names[invocation]
        milliseconds = round((time.monotonic() - started) * 1000)
        if outcome.ok:
            log.info("Executed '%s' (Succeeded, Id=%s, Duration=%dms)", title, invocation, milliseconds, extra=known)
        else:
            text = "Executed '%s' (Failed, Id=%s, Duration=%dms) %s"
            log.error(text, title, invocation, milliseconds, outcome.error, extra=known)
        return outcome

    async def _attempt(self, function: Function, occasion: Occasion, invocation: str, log: logging.Logger) -> Outcome:
        try:
            answer = await self._call(function, self._message(function, occasion, invocation), log)
        except WorkerGoneError as error:
            return Outcome(str(error))
        if answer["error"] is not None:
            if stack := answer.get("stack"):
                log.error("%s", stack, extra={"invocation": invocation})
            return Outcome(answer["error"])
        try:
            await self._outputs.write(function, {**answer["outputs"], "$return": answer["returnValue"]}, occasion.data)
        except Exception as error:  # whatever an output binding raises fails the invocation, as on Azure
            return Outcome(f"an output binding failed: {type(error).__name__}: {error}")
        return Outcome(None, answer["returnValue"])

    async def _call(self, function: Function, message: wire.Message, log: logging.Logger) -> wire.Message:
        child = await self._keeper.child()
        seconds = self._timeout.total_seconds() if self._timeout else None
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                return await child.invoke(message)
        invocation = message["invocationId"]
        text = "Timeout value of %s exceeded by function '%s' (Id: '%s'). The worker process is restarted."
        log.error(text, self._timeout, function.name, invocation, extra={"invocation": invocation})
        # Python gets no cancellation: only the end of its process stops a function.
        await child.kill()
        raise WorkerGoneError(f"Timeout value of {self._timeout} exceeded")

    def _message(self, function: Function, occasion: Occasion, invocation: str) -> wire.Message:
        if function.trigger is None:
            raise ValueError(f"{function.name} has no trigger that this host serves")
        system = wire.json_text(system_data(function.name, self._clock.now()))
        return {
            "type": "invoke",
            "invocationId": invocation,
            "functionId": function.id,
            "inputs": {function.trigger.name: occasion.value},
            "metadata": {**occasion.metadata, "sys": system},
            "traceParent": _trace_parent(occasion.trace),
            "retry": {
                "count": occasion.retry.count,
                "maximum": occasion.retry.maximum,
                "error": occasion.retry.error,
            },
        }


def _trace_parent(continued: str | None) -> str:
    """A `traceparent` for the function's own span: of the caller's trace, or of a new one (W3C Trace Context)."""
    found = _TRACE_PARENT.fullmatch(continued or "")
    trace, flags = found.groups() if found else (secrets.token_hex(16), "00")
    return f"00-{trace}-{secrets.token_hex(8)}-{flags}"
