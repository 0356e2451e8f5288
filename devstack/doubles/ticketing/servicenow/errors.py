"""ServiceNow's errors: `{"error": {"message", "detail"}, "status": "failure"}`.

Sources: ServiceNow, "REST API HTTP response codes" and "Inbound REST API rate limiting"; KB0747638 (unreadable); the
texts of 401, 403, 404 and of an invalid table are those that clients have logged. Before an instance stands a load
balancer, whose 5xx are pages.
"""

from collections.abc import Mapping

from starlette.responses import HTMLResponse, JSONResponse, Response


class ServiceNowError(Exception):
    """A call that ServiceNow refuses."""

    def __init__(
        self, status: int, message: str, detail: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})

    def answer(self) -> Response:
        """The error on the wire."""
        body = {"error": {"message": str(self), "detail": self.detail}, "status": "failure"}
        return JSONResponse(body, self.status, self.headers)


def not_authenticated() -> ServiceNowError:
    challenge = {"WWW-Authenticate": 'BASIC realm="Service-now"'}
    return ServiceNowError(401, "User Not Authenticated", "Required to provide Auth information", challenge)


def no_record() -> ServiceNowError:
    return ServiceNowError(404, "No Record found", "Record doesn't exist or ACL restricts the record retrieval")


def invalid_table(table: str) -> ServiceNowError:
    return ServiceNowError(400, f"Invalid table {table}")


def forbidden(operation: str) -> ServiceNowError:
    """`operation` is Insert or Update."""
    return ServiceNowError(403, "Operation Failed", f"ACL Exception {operation} Failed due to security constraints")


def unreadable(detail: str) -> ServiceNowError:
    return ServiceNowError(400, "Exception while reading request", detail)


def unsupported_media_type(found: str) -> ServiceNowError:
    return ServiceNowError(415, "Unsupported media type", f"The content type {found!r} is not supported.")


def no_resource() -> ServiceNowError:
    return ServiceNowError(400, "Requested URI does not represent any resource")


def throttled(retry_after: int, now: float) -> ServiceNowError:
    headers = {
        "Retry-After": str(retry_after),
        "X-RateLimit-Limit": "1000",
        "X-RateLimit-Reset": str(int(now) + retry_after),
        "X-RateLimit-Rule": "5f0b9e0c2d634b7a9c0e3a1d5c8e7f21",
    }
    return ServiceNowError(429, "Rate limit exceeded", "Rejected by rate limiting rule", headers)


def unavailable(status: int) -> Response:
    return HTMLResponse(f"<html><head><title>{status}</title></head><body>The instance is away.</body></html>", status)
