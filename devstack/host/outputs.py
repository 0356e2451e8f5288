"""Queue output bindings: what a function set or returned becomes messages, after it succeeded."""

import asyncio
import base64
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Literal

from azure.core.exceptions import HttpResponseError, ResourceExistsError
from azure.storage.queue.aio import QueueClient

from devstack.host.expressions import BindingData, resolve_names
from devstack.host.functions import Function, QueueOutput
from devstack.host.stack_time import StackTime
from devstack.host.storage import Storage
from devstack.host.wire import TypedData, payload

type Encoding = Literal["base64", "none"]


class Outputs:
    """Writes the outputs of invocations. `sent` is told the name of every queue that got a message."""

    def __init__(self, storage: Storage, encoding: Encoding, clock: StackTime, sent: Callable[[str], None]) -> None:
        self._storage = storage
        self._encoding: Encoding = encoding
        self._clock = clock
        self._sent = sent

    async def write(self, function: Function, values: Mapping[str, TypedData | None], data: BindingData) -> None:
        """Write all outputs that have a value, in parallel and not as a transaction. Raises what a write raises."""
        writes = [
            self._send(output, value, data)
            for output in function.outputs
            if (value := values.get(output.name)) is not None
        ]
        await asyncio.gather(*writes)

    async def _send(self, output: QueueOutput, value: TypedData, data: BindingData) -> None:
        name = resolve_names(output.queue, data, self._clock.now()).lower()
        queue = await self._storage.queue(output.connection, name)
        for message in split(payload(value)):
            await send_creating(queue, encode(message, self._encoding))
        self._sent(name)


def split(content: str | bytes) -> list[str | bytes]:
    """The messages that one output value makes (azure-functions-host, FunctionBinding.ReadAsEnumerable).

    Text that is a JSON array gives one message per element, null left out; a JSON object is written anew, indented, as
    Json.NET does it; everything else goes as it is.
    """
    if isinstance(content, bytes):
        return [content]
    stripped = content.strip()
    if stripped[:1] + stripped[-1:] not in ("{}", "[]"):
        return [content]
    try:
        document: Any = json.loads(stripped)
    except ValueError:
        return [content]
    elements: list[Any] = document if stripped[0] == "[" else [document]
    return [_as_text(element) for element in elements if element is not None]


def encode(content: str | bytes, encoding: Encoding) -> str:
    """A message's content as it lies on the queue. Raises UnicodeDecodeError for bytes that "none" cannot carry."""
    if encoding == "none":
        return content if isinstance(content, str) else content.decode()
    return base64.b64encode(content.encode() if isinstance(content, str) else content).decode()


def decode(content: str, encoding: Encoding) -> bytes:
    """The reverse of `encode`. Raises ValueError for what is not base64."""
    return content.encode() if encoding == "none" else base64.b64decode(content, validate=True)


async def send_creating(queue: QueueClient, content: str) -> None:
    """Send a message as it is, and create the queue if it is missing."""
    try:
        await queue.send_message(content)
    except HttpResponseError as error:
        if error.status_code != 404:
            raise
        with suppress(ResourceExistsError):  # another writer's message was the first
            await queue.create_queue()
        await queue.send_message(content)


def _as_text(element: object) -> str:
    if isinstance(element, str):
        return element
    return json.dumps(element, indent=2, ensure_ascii=False)
