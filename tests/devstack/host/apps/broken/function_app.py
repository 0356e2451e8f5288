"""A return annotation that Microsoft's indexer refuses beside a queue output."""

# azure-functions leaves its decorators' further arguments without types.
# pyright: reportUnknownMemberType=false

import azure.functions as func

app = func.FunctionApp()


@app.queue_trigger(arg_name="msg", queue_name="in", connection="")
@app.queue_output(arg_name="$return", queue_name="out", connection="")
def refused(msg: func.QueueMessage) -> str | None:
    return None
