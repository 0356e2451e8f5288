"""A slow function and two timers, for starts and stops; messages in base64, as by default."""
# azure-functions leaves its decorators' further arguments and some properties without types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportAttributeAccessIssue=false

import asyncio
import json

import azure.functions as func

app = func.FunctionApp()


@app.queue_trigger(arg_name="msg", queue_name="%NAME%", connection="AzureWebJobsStorage")
@app.queue_output(arg_name="$return", queue_name="%NAME%-done", connection="AzureWebJobsStorage")
async def slow(msg: func.QueueMessage) -> str:
    await asyncio.sleep(0.7)
    return f"{msg.get_body().decode()} {msg.dequeue_count}"


@app.timer_trigger(arg_name="timer", schedule="0 0 */2 * * *")
@app.queue_output(arg_name="$return", queue_name="%NAME%-timer", connection="AzureWebJobsStorage")
def timer(timer: func.TimerRequest) -> str:
    return json.dumps({"pastDue": timer.past_due, "next": timer.schedule_status["Next"]})


@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *", run_on_startup=True, use_monitor=False)
@app.queue_output(arg_name="$return", queue_name="%NAME%-started", connection="AzureWebJobsStorage")
def at_start(timer: func.TimerRequest) -> str:
    return json.dumps({"pastDue": timer.past_due, "status": timer.schedule_status})
