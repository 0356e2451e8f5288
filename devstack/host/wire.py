"""The frames between the host and its worker child: a four-byte big-endian length, then one JSON object.

To the child:    invoke {invocationId, functionId, inputs, metadata, traceParent, retry}, stop {}
From the child:  indexed {functions}, failed {message}, log {level, logger, message, invocationId},
                 invoked {invocationId, error, returnValue, outputs}

Values of bindings travel as *typed data*: an object with one key, the kind, as in the `TypedData` of the
platform's own protocol: {"string": text}, {"json": text}, {"bytes": base64}, {"http": {...}}, ...
"""

import base64
import json
import struct
from asyncio import IncompleteReadError, StreamReader
from typing import Any, BinaryIO

type Message = dict[str, Any]
type TypedData = dict[str, Any]

_LENGTH = struct.Struct(">I")


def encode(message: Message) -> bytes:
    """One frame, ready to be sent."""
    body = json.dumps(message, separators=(",", ":")).encode()
    return _LENGTH.pack(len(body)) + body


async def receive(reader: StreamReader) -> Message | None:
    """The next message, or None when the other side is gone."""
    try:
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        return json.loads(await reader.readexactly(length))
    except (IncompleteReadError, ConnectionError):
        return None


def receive_blocking(stream: BinaryIO) -> Message | None:
    """`receive` for a thread: reads from a buffered stream, which returns less only at its end."""
    try:
        head = stream.read(_LENGTH.size)
        if len(head) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack(head)
        body = stream.read(length)
    except ConnectionError:
        return None
    return json.loads(body) if len(body) == length else None


def text(value: str) -> TypedData:
    """Typed data of kind string."""
    return {"string": value}


def json_text(value: object) -> TypedData:
    """Typed data of kind json: numbers, dates and objects arrive at the worker as JSON text."""
    return {"json": json.dumps(value)}


def binary(value: bytes) -> TypedData:
    """Typed data of kind bytes."""
    return {"bytes": base64.b64encode(value).decode()}


def payload(data: TypedData) -> str | bytes:
    """What an output binding writes: bytes as they are, everything else as text."""
    ((kind, value),) = data.items()
    return base64.b64decode(value) if kind == "bytes" else str(value)
