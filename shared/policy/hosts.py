"""Strict parsing of host names: anything that two parsers could read differently is refused.

RFC 1123, section 2.1, and the "host parsing" of the WHATWG URL Standard: labels of ASCII letters, digits and hyphens,
none of them empty, and nothing that a browser would take for an IP address. No rule matches anything else.
"""

import re

LOOPBACK = frozenset({"localhost", "127.0.0.1"})

_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.ASCII)
_ENDS_IN_A_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)", re.ASCII)
_AUTHORITY = re.compile(r"(?P<host>[^:]*)(?::(?P<port>[0-9]{1,5}))?", re.ASCII)
_LONGEST = 253
_HIGHEST_PORT = 65_535


def is_host(name: str) -> bool:
    """Return whether a text is a host name, in either case, and not an address."""
    lower = name.lower()
    if not name.isascii() or len(lower) > _LONGEST or _NAME.fullmatch(lower) is None:
        return False
    return _ENDS_IN_A_NUMBER.fullmatch(lower) is None


def host_of(authority: str) -> str | None:
    """Return the host of a URI's authority, in lower case; None unless it is unambiguous.

    A port may follow it; user names, addresses, and anything encoded or malformed are refused.
    """
    found = _AUTHORITY.fullmatch(authority)
    if found is None or (found["port"] is not None and not 0 < int(found["port"]) <= _HIGHEST_PORT):
        return None
    host = found["host"].lower()
    return host if host in LOOPBACK or is_host(host) else None
