"""The tenant's credentials and their expiry: listed over HTTP, and reported every night."""

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import azure.functions as func

from functions.guarded import for_caller, header
from functions.responses import GUARDED, json_response, problem_response

if TYPE_CHECKING:
    from shared.bootstrap import App
    from shared.core.callers import Caller

blueprint = func.Blueprint()


@blueprint.function_name("list_credentials")
@blueprint.route("credentials", trigger_arg_name="request", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def list_credentials(request: func.HttpRequest) -> func.HttpResponse:
    """List the managed credentials that expire within some days, for holders of Registrar.Reader."""
    from shared.api.credentials import expiring, page_body, parse_question, place_text
    from shared.core import log
    from shared.core.callers import READER

    async def answer(app: "App", caller: "Caller") -> func.HttpResponse:
        question = parse_question(request.params, app.services.runtime.now())
        page = await expiring(app.services.due, question)
        log.event("credentials.listed", caller=caller.object_id, days=question.days, count=len(page.items))
        link = None
        if page.following is not None:
            # Relative (RFC 3986): the caller's host name is not taken from a header.
            query = {"expiringWithin": f"{question.days}d", "limit": question.limit}
            link = f"/api/credentials?{urlencode({**query, 'after': place_text(question, page.following)})}"
        return json_response(200, page_body(question, page, link).model_dump(mode="json"), GUARDED)

    return await for_caller(request, READER, answer)


@blueprint.function_name("report_credentials")
@blueprint.timer_trigger("timer", "0 20 4-7 * * *")
async def report_credentials(timer: func.TimerRequest) -> None:
    """Write the report of the tenant's credentials, every night; the later runs are retries."""
    from shared.bootstrap import get_app

    await get_app().report_maker.make()


@blueprint.function_name("credentials_report")
@blueprint.route(
    "reports/credentials", trigger_arg_name="request", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS
)
async def credentials_report(request: func.HttpRequest) -> func.HttpResponse:
    """Return the newest report as a page, CSV or JSON, with its age, for holders of Registrar.Reader."""
    from shared.api.reports import headers_of, wanted_format
    from shared.core import log
    from shared.core.callers import READER

    async def answer(app: "App", caller: "Caller") -> func.HttpResponse:
        wanted = wanted_format(request.params, header(request, "Accept"))
        stored = await app.services.reports.read(wanted)
        if stored is None:
            return problem_response(
                404,
                "There is no report yet. It is made every night, starting at 4:20 UTC. If it is still missing the next "
                "morning, the event report.failed in the registrar's log says why.",
            )
        log.event("report.read", caller=caller.object_id, format=wanted, as_of=stored.as_of)
        headers = {**GUARDED, **headers_of(wanted, stored.as_of, app.services.runtime.now())}
        return func.HttpResponse(stored.content, status_code=200, headers=headers)

    return await for_caller(request, READER, answer)
