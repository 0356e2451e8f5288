"""Basic authentication (RFC 7617), which both ticketing systems offer to integrations."""

import base64
import binascii
import hmac

from starlette.requests import Request


def credentials(request: Request) -> tuple[str, str] | None:
    """User and password as sent; None when there are none, or nothing that can be read."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.casefold() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (user, password) if colon else None


def is_authenticated(request: Request, user: str, password: str) -> bool:
    """Return whether the caller is who it should be."""
    given = credentials(request)
    return given is not None and hmac.compare_digest("\0".join(given).encode(), f"{user}\0{password}".encode())
