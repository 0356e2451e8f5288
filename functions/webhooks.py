"""The webhook for ticketing systems: the sender is verified before the body is parsed."""

import math
from typing import TYPE_CHECKING, Any

import azure.functions as func

from functions.guarded import guarded, header
from functions.responses import GUARDED, json_response, problem_response

if TYPE_CHECKING:
    from shared.api.bodies import AcceptedWebhookBody
    from shared.bootstrap import App

blueprint = func.Blueprint()

_MOST_BYTES = 64 * 1024


@blueprint.function_name("receive_webhook")
@blueprint.route("webhooks/{source}", trigger_arg_name="request", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
async def receive_webhook(request: func.HttpRequest) -> func.HttpResponse:
    """Accept a request from a ticketing system: 202, with the location of its status."""
    from urllib.parse import quote

    from shared.core import log
    from shared.intake.rate_limit import TooManyError
    from shared.intake.signature import NotProvenError

    body = request.get_body()
    refusal = _refusal(request, body)
    if refusal is not None:
        return refusal

    async def take(app: "App") -> func.HttpResponse:
        source = request.route_params["source"]
        try:
            taken = await app.webhooks.receive(source, _headers(request), body)
        except NotProvenError as error:
            log.warning("webhook.not_proven", source=source[:40], why=str(error))
            return problem_response(401)
        except TooManyError as error:
            seconds = math.ceil(error.after.total_seconds())
            return problem_response(
                429,
                "There are too many requests. Wait for the time in Retry-After, and send fewer per minute.",
                headers={"Retry-After": str(max(1, seconds))},
            )
        location = f"/api/requests/{quote(taken.request_id)}?source={quote(taken.source)}"
        answer: AcceptedWebhookBody = {
            "requestId": taken.request_id,
            "source": taken.source,
            "state": "received",
            "location": location,
        }
        return json_response(202, answer, {**GUARDED, "Location": location})

    return await guarded(take)


def _refusal(request: func.HttpRequest, body: bytes) -> func.HttpResponse | None:
    """Return the refusal of a message that is wrong by its headers or size; None if it may be read."""
    if header(request, "Content-Length") is None:
        # The platform passes a chunked body on as an empty one.
        return problem_response(411, "The header Content-Length is missing. Send the body with it, not in chunks.")
    if len(body) > _MOST_BYTES:
        return problem_response(413, f"The body is too large: the limit is {_MOST_BYTES} bytes.")
    media_type, _, _ = (header(request, "Content-Type") or "").partition(";")
    kind, _, subtype = media_type.strip().casefold().partition("/")
    if kind != "application" or not (subtype == "json" or subtype.endswith("+json")):
        return problem_response(
            415, "Send JSON with the content type application/json.", headers={"Accept": "application/json"}
        )
    return None


def _headers(request: func.HttpRequest) -> dict[str, str]:
    headers: Any = request.headers  # the SDK does not type them
    return {str(name).casefold(): str(value) for name, value in headers.items()}
