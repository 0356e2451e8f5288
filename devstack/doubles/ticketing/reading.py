"""What ticketing systems read of a call in the same way."""

from starlette.requests import Request


def number(text: str | None, default: int) -> int:
    """A parameter that is a whole number; anything else counts as not given."""
    return int(text) if text is not None and text.isdecimal() else default


def origin(request: Request) -> str:
    """The address under which the caller knows the service."""
    return str(request.base_url).rstrip("/")
