"""A locked and an open function, with no route prefix before them."""

import azure.functions as func

app = func.FunctionApp()


@app.route()
def locked(req: func.HttpRequest) -> str:
    return "in"


@app.route(auth_level=func.AuthLevel.ANONYMOUS)
def unlocked(req: func.HttpRequest) -> str:
    return "in"
