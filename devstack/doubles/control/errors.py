"""Refusals of the control plane: problem details (RFC 9457) that name every error."""

from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response


def _problem(status: int, title: str, errors: list[dict[str, str]]) -> Response:
    """Problem details, RFC 9457, with every error."""
    body = {"title": title, "status": status, "errors": errors}
    return JSONResponse(body, status, media_type="application/problem+json")


def invalid(_request: Request, exception: Exception) -> Response:
    """400 for a body or a query that is not valid."""
    if not isinstance(exception, ValidationError):
        raise exception
    errors = [
        {"field": ".".join(str(part) for part in error["loc"]), "message": error["msg"]}
        for error in exception.errors(include_url=False, include_context=False, include_input=False)
    ]
    return _problem(400, "The request is not valid.", errors)


def unfit(_request: Request, exception: Exception) -> Response:
    """400 for what does not fit the documents that are there (LookupError)."""
    return _problem(400, "The request does not fit what is there.", [{"field": "", "message": str(exception)}])


def unserved(_request: Request, exception: Exception) -> Response:
    """404 and the like, with the way to the list of endpoints."""
    if not isinstance(exception, HTTPException):
        raise exception
    return _problem(exception.status_code, f"{exception.detail}; GET / lists the endpoints.", [])
