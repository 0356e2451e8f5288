"""Refusals of the managed-identity endpoint: `{"statusCode", "message"}`."""

from starlette.responses import JSONResponse


def refusal(status: int, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """The refusal on the wire."""
    return JSONResponse({"statusCode": status, "message": message}, status, headers)
