"""Graph's refusals: one exception, and a constructor for each error the service is known to answer.

The texts are the service's own, since clients match on them; where none was ever published, the wording is ours
and follows the neighbours'.
"""

from typing import Any


class GraphError(Exception):
    """An answer with an error body. `code` and `message` go into it, `headers` beside it."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: list[dict[str, Any]] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.headers = headers or {}


def _detail(code: str, message: str, target: str) -> list[dict[str, Any]]:
    return [{"code": code, "message": message, "target": target}]


def bad_request(message: str, detail_code: str | None = None, target: str | None = None) -> GraphError:
    """400 `Request_BadRequest`: what the directory itself refuses."""
    details = _detail(detail_code, message, target or "None") if detail_code else None
    return GraphError(400, "Request_BadRequest", message, details)


def malformed(message: str) -> GraphError:
    """400 `BadRequest`: what the front end refuses before the directory sees it (JSON, OData syntax)."""
    return GraphError(400, "BadRequest", message)


def unreadable_payload() -> GraphError:
    """400 for a body that is not JSON, or not an object."""
    return malformed(
        "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid "
        "JSON format."
    )


def unknown_property(clause: str, name: str, type_name: str) -> GraphError:
    """400 for a query option that names a property its type does not have; `clause` says which option."""
    return malformed(f"{clause}: Could not find a property named '{name}' on type '{type_name}'.")


def sync_state_lost() -> GraphError:
    """410 `syncStateNotFound`: a delta token that is too old; the client has to read everything anew."""
    return GraphError(
        410, "syncStateNotFound", "The sync state generation is not found; continuing from it is impossible."
    )


def unsupported_query(message: str) -> GraphError:
    """400 `Request_UnsupportedQuery`: legal OData that the directory does not serve (this way)."""
    return GraphError(400, "Request_UnsupportedQuery", message)


def invalid_value(name: str, resource: str) -> GraphError:
    """400 for a value that breaks the rules of its property; `resource` is the type with a capital letter."""
    return bad_request(f"Invalid value specified for property '{name}' of resource '{resource}'.", "InvalidValue", name)


def not_found(key: str) -> GraphError:
    """404 for an object that is not there, or not yet on the replica that was asked."""
    return GraphError(404, "Request_ResourceNotFound", _absent(key))


def reference_not_found(key: str) -> GraphError:
    """400 for a body that refers to an object that is not there (yet)."""
    return bad_request(_absent(key))


def _absent(key: str) -> str:
    return f"Resource '{key}' does not exist or one of its queried reference-property objects are not present."


def unknown_segment(name: str) -> GraphError:
    """400 for a path that leads nowhere."""
    return malformed(f"Resource not found for the segment '{name}'.")


def denied(message: str = "Insufficient privileges to complete the operation.") -> GraphError:
    """403 for a caller without the permission, or one who does not own the object."""
    return GraphError(403, "Authorization_RequestDenied", message)


def conflict(message: str, detail_code: str | None = None) -> GraphError:
    """409 for a second object with the same key."""
    details = _detail(detail_code, message, "None") if detail_code else None
    return GraphError(409, "Request_MultipleObjectsWithSameKeyValue", message, details)


def value_taken(name: str) -> GraphError:
    """400 for a value that must be unique and is held by another object, soft-deleted ones included."""
    message = f"Another object with the same value for property {name} already exists."
    return bad_request(message, "ObjectConflict", name)


def size_exceeded() -> GraphError:
    """403 for more entries than an object may hold."""
    message = (
        "The size of the object has exceeded its limit. Please reduce the number of values and retry your request."
    )
    return GraphError(403, "Directory_ResourceSizeExceeded", message)


def quota_exceeded() -> GraphError:
    """403 for an identity that has created as many objects as it may."""
    message = (
        "The directory object quota limit for the Principal has been exceeded. Please ask your administrator to "
        "increase the quota limit or delete objects to reduce the used quota."
    )
    return GraphError(403, "Directory_QuotaExceeded", message)


def unauthenticated(message: str) -> GraphError:
    """401, with the challenge that names the authority."""
    challenge = (
        'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", '
        'client_id="00000003-0000-0000-c000-000000000000"'
    )
    return GraphError(401, "InvalidAuthenticationToken", message, headers={"www-authenticate": challenge})


_UNAVAILABLE = {
    500: ("Service_InternalServerError", "Encountered an internal server error."),
    502: ("BadGateway", "The gateway received an invalid response."),
    503: ("ServiceUnavailable", "The service is temporarily unavailable. Please try again later."),
    504: ("GatewayTimeout", "The gateway timed out waiting for the service."),
}
CONCURRENCY_STATUSES = (409, 409, 409, 503, 400)
"""How often which status: 409 is today's; the other two are in older reports."""


def unavailable(status: int) -> GraphError:
    """5xx of the service itself; the text of 503 stands for a status without one of its own."""
    code, message = _UNAVAILABLE.get(status, _UNAVAILABLE[503])
    return GraphError(status, code, message)


def concurrency_violation(status: int = 409) -> GraphError:
    """Two writes met: 409 since 2026, 503 in older reports, 400 in some."""
    message = "Error due to concurrent requests being made to the tenant. Please wait briefly and retry."
    return GraphError(status, "Directory_ConcurrencyViolation", message)


def throttled(retry_after: int, scope: str, information: str) -> GraphError:
    """429. `scope` and `information` are the values of the `x-ms-throttle-*` headers."""
    headers = {
        "retry-after": str(retry_after),
        "x-ms-throttle-scope": scope,
        "x-ms-throttle-information": information,
    }
    return GraphError(429, "TooManyRequests", "Please retry again later.", headers=headers)
