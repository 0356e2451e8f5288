"""A slow function on a Service Bus queue, for stops and for working off what is there."""
# azure-functions leaves its decorators' further arguments without types.
# pyright: reportUnknownMemberType=false

import asyncio

import azure.functions as func

app = func.FunctionApp()


@app.service_bus_queue_trigger(arg_name="msg", queue_name="life", connection="Bus", data_type=func.DataType.BINARY)
@app.queue_output(arg_name="$return", queue_name="bus-life", connection="AzureWebJobsStorage")
async def slow(msg: func.ServiceBusMessage) -> str:
    await asyncio.sleep(1.5)
    return msg.get_body().decode()


@app.service_bus_queue_trigger(
    arg_name="msg",
    queue_name="life-sessions",
    connection="Bus",
    data_type=func.DataType.BINARY,
    is_sessions_enabled=True,
)
@app.queue_output(arg_name="$return", queue_name="bus-life", connection="AzureWebJobsStorage")
async def in_session(msg: func.ServiceBusMessage) -> str:
    return f"{msg.session_id}{msg.get_body().decode()}"
