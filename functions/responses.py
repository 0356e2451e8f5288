"""HTTP responses as JSON."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING

from azure.functions import HttpResponse

if TYPE_CHECKING:
    from shared.api.bodies import FaultBody, ProblemBody
    from shared.core.errors import Problem

GUARDED = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
"""On every response to a caller with a token: not cached, no type sniffing, no referrer."""
UNKNOWN_REQUEST = (
    "The registrar knows no request with this id from this source. If it was sent just now, try again in a minute."
)


def json_response(status: int, body: Mapping[str, object], headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Return a JSON response."""
    return HttpResponse(json.dumps(body), status_code=status, mimetype="application/json", headers=dict(headers or {}))


def rejected_response(detail: str, problems: "Sequence[Problem]") -> HttpResponse:
    """Return 400 with every problem at its field."""
    errors = [_fault_body(each) for each in problems]
    return problem_response(400, detail, errors=errors)


def _fault_body(problem: "Problem") -> "FaultBody":
    told: FaultBody = {"field": problem.field, "code": problem.code, "message": problem.message}
    if problem.label:
        told["label"] = problem.label
    return told


def problem_response(
    status: int,
    detail: str | None = None,
    *,
    errors: "Sequence[FaultBody]" = (),
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    """Return an error by RFC 9457; its kind is the status alone (`about:blank`)."""
    body: ProblemBody = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    if detail is not None:
        body["detail"] = detail
    if errors:
        body["errors"] = list(errors)
    return HttpResponse(
        json.dumps(body),
        status_code=status,
        mimetype="application/problem+json",
        headers={**GUARDED, **(headers or {})},
    )
