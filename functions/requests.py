"""The status of requests over HTTP, for callers with the reader's role."""

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import azure.functions as func

from functions.guarded import for_caller
from functions.responses import GUARDED, UNKNOWN_REQUEST, json_response, problem_response

if TYPE_CHECKING:
    from shared.bootstrap import App
    from shared.core.callers import Caller

blueprint = func.Blueprint()


@blueprint.function_name("show_request")
@blueprint.route(
    "requests/{requestId}", trigger_arg_name="request", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS
)
async def show_request(request: func.HttpRequest) -> func.HttpResponse:
    """Return one request's status, for holders of Registrar.Reader: `?source=…`, or the queue."""
    from shared.api.requests import parse_named, show
    from shared.core.callers import READER

    async def answer(app: "App", caller: "Caller") -> func.HttpResponse:
        named = parse_named(request.route_params["requestId"], request.params)
        found = await show(app.services.operations, named)
        if found is None:
            return problem_response(404, UNKNOWN_REQUEST)
        return json_response(200, found, GUARDED)

    return await for_caller(request, READER, answer)


@blueprint.function_name("list_requests")
@blueprint.route("requests", trigger_arg_name="request", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def list_requests(request: func.HttpRequest) -> func.HttpResponse:
    """List requests in one state, page by page, for holders of Registrar.Reader."""
    from shared.api.requests import RequestPage, listed, parse_listing
    from shared.core.callers import READER

    async def answer(app: "App", caller: "Caller") -> func.HttpResponse:
        listing = parse_listing(request.params)
        items, following = await listed(app.services.operations, listing)
        query = {"state": listing.state, "limit": listing.limit, "after": following}
        link = f"/api/requests?{urlencode(query)}" if following is not None else None
        page = RequestPage(state=listing.state, items=items, next_link=link)
        return json_response(200, page.model_dump(mode="json"), GUARDED)

    return await for_caller(request, READER, answer)
