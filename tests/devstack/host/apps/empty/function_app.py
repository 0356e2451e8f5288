"""The blueprint is never registered, which the indexer takes for an app without functions."""

import azure.functions as func

app = func.FunctionApp()
forgotten = func.Blueprint()


@forgotten.route()
def hello(req: func.HttpRequest) -> str:
    return "hello"
