"""Functions for what a Service Bus trigger does. Every one tells what it saw on a storage queue."""
# azure-functions leaves its decorators' further arguments and some properties without types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportAttributeAccessIssue=false

import asyncio
import json
import time
from collections import Counter
from datetime import datetime
from typing import Any

import azure.functions as func

app = func.FunctionApp()

STORAGE = "AzureWebJobsStorage"
running: Counter[str] = Counter()


def seen(message: func.ServiceBusMessage, **more: Any) -> str:
    def moment(value: datetime | None) -> str | None:
        return value.isoformat() if value else None

    return json.dumps(
        {
            "body": message.get_body().decode(errors="replace"),
            "id": message.message_id,
            "delivery": message.delivery_count,
            "enqueued": moment(message.enqueued_time_utc),
            "number": message.sequence_number,
            "session": message.session_id,
            "subject": message.subject,
            "properties": message.application_properties,
            **more,
        }
    )


async def so_long(seconds: float) -> None:
    """Seconds on the stack clock, which nothing in this process waits for."""
    until = time.time() + seconds
    while time.time() < until:  # noqa: ASYNC110
        await asyncio.sleep(0.05)


@app.service_bus_queue_trigger(arg_name="msg", queue_name="bytes", connection="Bus", data_type=func.DataType.BINARY)
@app.queue_output(arg_name="$return", queue_name="bus-seen", connection=STORAGE)
def as_bytes(msg: func.ServiceBusMessage) -> str:
    return seen(msg, metadata=msg.metadata)


@app.service_bus_queue_trigger(arg_name="msg", queue_name="text", connection="Bus")
@app.queue_output(arg_name="$return", queue_name="bus-text-{MessageId}", connection=STORAGE)
def as_text(msg: func.ServiceBusMessage) -> str:
    return seen(msg)


@app.service_bus_topic_trigger(
    arg_name="msg",
    topic_name="topic-news",
    subscription_name="sport",
    connection="Bus",
    data_type=func.DataType.BINARY,
)
@app.queue_output(arg_name="$return", queue_name="bus-sport", connection=STORAGE)
def subscribed(msg: func.ServiceBusMessage) -> str:
    return seen(msg)


@app.service_bus_queue_trigger(arg_name="msg", queue_name="failing", connection="Bus", data_type=func.DataType.BINARY)
@app.queue_output(arg_name="$return", queue_name="bus-failing", connection=STORAGE)
def failing(msg: func.ServiceBusMessage) -> str:
    raise ValueError(f"attempt {msg.delivery_count}")


@app.service_bus_queue_trigger(
    arg_name="msg", queue_name="buried/$DeadLetterQueue", connection="Bus", data_type=func.DataType.BINARY
)
@app.queue_output(arg_name="$return", queue_name="bus-buried", connection=STORAGE)
def buried(msg: func.ServiceBusMessage) -> str:
    return seen(msg)


@app.service_bus_queue_trigger(arg_name="msg", queue_name="crowd", connection="Bus", data_type=func.DataType.BINARY)
@app.queue_output(arg_name="$return", queue_name="bus-crowd", connection=STORAGE)
async def crowd(msg: func.ServiceBusMessage) -> str:
    running["crowd"] += 1
    at_once = running["crowd"]
    await asyncio.sleep(0.3)
    running["crowd"] -= 1
    return str(at_once)


@app.service_bus_queue_trigger(
    arg_name="msg",
    queue_name="kept",
    connection="Bus",
    data_type=func.DataType.BINARY,
    auto_complete_messages=False,
)
@app.queue_output(arg_name="$return", queue_name="bus-kept", connection=STORAGE)
def kept(msg: func.ServiceBusMessage) -> str:
    return seen(msg)


@app.service_bus_queue_trigger(arg_name="msg", queue_name="long", connection="Bus", data_type=func.DataType.BINARY)
@app.queue_output(arg_name="$return", queue_name="bus-long", connection=STORAGE)
async def long_running(msg: func.ServiceBusMessage) -> str:
    await so_long(float(msg.get_body()) if msg.delivery_count == 1 else 0)
    return seen(msg)


@app.service_bus_queue_trigger(
    arg_name="msg",
    queue_name="sessions",
    connection="Bus",
    data_type=func.DataType.BINARY,
    is_sessions_enabled=True,
)
@app.queue_output(arg_name="$return", queue_name="bus-sessions", connection=STORAGE)
async def in_session(msg: func.ServiceBusMessage) -> str:
    session = str(msg.session_id)
    began = time.time()
    running["sessions"] += 1
    running[session] += 1
    at_once, in_this = running["sessions"], running[session]
    await asyncio.sleep(0.4)
    running["sessions"] -= 1
    running[session] -= 1
    if msg.get_body() == b"bad" and msg.delivery_count == 1:
        raise ValueError("bad at first")
    return seen(msg, began=began, atOnce=at_once, inThis=in_this)


@app.service_bus_topic_trigger(
    arg_name="msg",
    topic_name="topic-news",
    subscription_name="by-session",
    connection="Bus",
    data_type=func.DataType.BINARY,
    is_sessions_enabled=True,
)
@app.queue_output(arg_name="$return", queue_name="bus-by-session", connection=STORAGE)
def subscribed_by_session(msg: func.ServiceBusMessage) -> str:
    return seen(msg)


@app.service_bus_queue_trigger(
    arg_name="msg", queue_name="long-sessions", connection="Bus", is_sessions_enabled=True, data_type="BINARY"
)
@app.queue_output(arg_name="$return", queue_name="bus-long-sessions", connection=STORAGE)
async def long_session(msg: func.ServiceBusMessage) -> str:
    await so_long(float(msg.get_body()))
    return seen(msg)


@app.service_bus_queue_trigger(
    arg_name="msgs", queue_name="many", connection="Bus", cardinality="many", data_type=func.DataType.BINARY
)
def many(msgs: func.ServiceBusMessage) -> None:
    raise NotImplementedError(f"this host has no batches, and calls with none: {msgs}")
