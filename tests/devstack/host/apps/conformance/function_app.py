"""Functions that report what the host gave them, by way of output queues."""
# azure-functions leaves its decorators' further arguments and some properties without types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportAttributeAccessIssue=false

import asyncio
import json
import logging
import os
import sys
import time
import typing

import azure.functions as func

app = func.FunctionApp()


def listens(queue: str) -> typing.Any:
    return app.queue_trigger(arg_name="msg", queue_name=queue, connection="Work")


def sends(queue: str, name: str = "$return") -> typing.Any:
    return app.queue_output(arg_name=name, queue_name=queue, connection="")


@listens("%ECHO_QUEUE%")
@sends("echoed")
def echo(msg: func.QueueMessage, context: func.Context) -> str:
    logging.getLogger("conformance").warning("two\nlines")
    seen = {
        "body": msg.get_body().decode(),
        "id": msg.id,
        "dequeueCount": msg.dequeue_count,
        "inserted": msg.insertion_time.timestamp() if msg.insertion_time else None,
        "popReceipt": bool(msg.pop_receipt),
        "invocation": context.invocation_id,
        "trace": context.trace_context.trace_parent,
        "now": time.time(),
    }
    return json.dumps(seen)


@listens("failing")
@sends("failing-output", "out")
def failing(msg: func.QueueMessage, out: func.Out[str]) -> None:
    out.set("never to be seen")
    raise ValueError(f"attempt {msg.dequeue_count}")


@listens("orphans-poison")
@sends("orphans-seen")
def orphans(msg: func.QueueMessage) -> str:
    if msg.dequeue_count == 1:
        raise ValueError("the first attempt fails")
    return str(msg.dequeue_count)


@listens("long")
@sends("long-done")
async def long_running(msg: func.QueueMessage) -> str:
    """Runs until the stack clock has moved by 20 minutes while it runs."""
    end = time.time() + 1200
    monotonic = time.monotonic()
    while time.time() < end:  # noqa: ASYNC110 - what is awaited is the clock itself
        await asyncio.sleep(0.02)
    return json.dumps({"dequeueCount": msg.dequeue_count, "really": time.monotonic() - monotonic})


@listens("split")
@sends("split-out")
def split(msg: func.QueueMessage) -> str:
    return msg.get_body().decode()


@listens("fan")
@sends("to-{customer}", "out")
def fan(msg: func.QueueMessage, out: func.Out[typing.List[str]]) -> None:  # noqa: UP006 - the indexer refuses list[str]
    out.set(["one", "two"])


running = 0


@listens("crowd")
@sends("crowd-seen")
async def crowd(msg: func.QueueMessage) -> str:
    global running
    running += 1
    seen = running
    await asyncio.sleep(0.1)
    running -= 1
    return str(seen)


@listens("jumpy")
@sends("jumpy-done")
async def jumpy(msg: func.QueueMessage) -> str:
    await asyncio.sleep(0.1)
    return msg.get_body().decode()


@listens("crashing")
@sends("crash-survived")
def crashing(msg: func.QueueMessage) -> str:
    if msg.dequeue_count == 1:
        os._exit(3)
    return str(msg.dequeue_count)


@listens("exiting")
@sends("exit-survived")
def exiting(msg: func.QueueMessage) -> str:
    if msg.dequeue_count == 1:
        sys.exit("enough")
    return f"{msg.dequeue_count} {os.getpid()}"


@listens("stuck")
@sends("stuck-survived")
def stuck(msg: func.QueueMessage) -> str:
    if msg.dequeue_count == 1:
        time.sleep(60)
    return str(msg.dequeue_count)


@listens("off")
@sends("off-seen")
def off(msg: func.QueueMessage) -> str:
    return "a disabled function ran"


@app.timer_trigger(arg_name="timer", schedule="0 0 * * * *")
@sends("hours")
def hourly(timer: func.TimerRequest) -> str:
    status = timer.schedule_status
    return json.dumps({"pastDue": timer.past_due, "next": status.get("Next"), "now": time.time()})


@app.timer_trigger(arg_name="timer", schedule="12:00:00")
@app.retry(strategy="fixed_delay", max_retry_count="2", delay_interval="00:00:01")
@sends("flaky-seen")
def flaky(timer: func.TimerRequest, context: func.Context) -> str:
    if context.retry_context.retry_count < 2:
        raise ValueError("not yet")
    return str(context.retry_context.retry_count)


@app.blob_trigger(arg_name="blob", path="somewhere/{name}", connection="Work")
def uncovered(blob: func.InputStream) -> None:
    pass


@app.route(route="things/{id:int}/{*rest}", methods=["GET", "POST"], auth_level=func.AuthLevel.ANONYMOUS)
def things(req: func.HttpRequest) -> func.HttpResponse:
    seen = {
        "method": req.method,
        "route": dict(req.route_params),
        "query": dict(req.params),
        "header": req.headers.get("X-Colour"),
        "body": req.get_body().hex(),
    }
    answer = func.HttpResponse(json.dumps(seen), status_code=201, mimetype="application/json")
    answer.headers["X-Answer"] = "yes"
    answer.headers.add("Set-Cookie", "a=1; Path=/; HttpOnly; SameSite=Lax")
    answer.headers.add("Set-Cookie", "b=2; Max-Age=60")
    return answer


@app.route(route="things/special", auth_level=func.AuthLevel.ANONYMOUS)
async def special(req: func.HttpRequest) -> str:
    return "special"


@app.route(route="boom", auth_level=func.AuthLevel.ANONYMOUS)
def boom(req: func.HttpRequest) -> str:
    raise ValueError("boom")


@app.route(route="environment/{name}", auth_level=func.AuthLevel.ANONYMOUS)
def environment(req: func.HttpRequest) -> str:
    return os.environ.get(req.route_params["name"], "")
