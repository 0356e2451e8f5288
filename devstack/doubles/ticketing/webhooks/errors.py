"""Refusals of the receiver of webhooks."""

from starlette.responses import JSONResponse, Response


def not_proven() -> Response:
    return JSONResponse({"message": "The signature does not fit."}, 401)


def throttled(retry_after: int) -> Response:
    return Response(status_code=429, headers={"Retry-After": str(retry_after)})


def unavailable(status: int) -> Response:
    return Response(status_code=status)
