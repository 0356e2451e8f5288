"""Which destinations outbound calls may have: configured names over https, never addresses of our own network. Pure.

Nothing that a requester or a ticketing system sends is used here. Still, a configured name can resolve to anything,
such as the platform's metadata service, which issues the identity's tokens, or other internal hosts.
Sources: OWASP, "Server-Side Request Forgery Prevention Cheat Sheet"; IANA's registries of special-purpose addresses, as
implemented by Python's `ipaddress`; WHATWG URL, "ends in a number" (hosts that clients parse as IPv4 in any spelling).
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_METADATA = frozenset({ip_address("168.63.129.16"), ip_address("fd00:ec2::254"), ip_address("100.100.100.200")})
"""Platform services at addresses that are not link-local: Azure's own (Microsoft Learn, "What is IP address
168.63.129.16"), which counts as public, and those of other clouds."""
_NAT64 = IPv6Network("64:ff9b::/96")
"""RFC 6052: the IPv4 address is in the last 32 bits."""
_INSIDE = tuple(
    ip_network(each)
    for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "fc00::/7", "::1/128")
)
"""Addresses allowed for on-premises hosts: private, shared and loopback."""


class WrongUrlError(ValueError):
    """A configured URL that is not allowed; the message says why."""


@dataclass(frozen=True)
class Destination:
    """A configured system: all calls go to this host and port, below this path."""

    host: str
    port: int
    path: str

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"https://{self.host}" if self.port == 443 else f"https://{self.host}:{self.port}"


def destination(url: str) -> Destination:
    """Parse a configured URL. Raises WrongUrlError."""
    try:
        parts = urlsplit(url.strip())
        port, host = parts.port or 443, (parts.hostname or "").lower()
    except ValueError:
        raise WrongUrlError("it is not a URL") from None
    if parts.scheme != "https":
        raise WrongUrlError("it does not begin with https://")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise WrongUrlError("it has a user, a query or a fragment")
    if not _NAME.fullmatch(host):
        raise WrongUrlError("its host is not a name; names beyond ASCII are written as in the DNS (xn--…)")
    if _NUMBER.fullmatch(host.rpartition(".")[2]):
        raise WrongUrlError("its host is an address; it has to be a name, for which a certificate can be issued")
    if not re.fullmatch(r"[A-Za-z0-9._~/%-]*", parts.path) or ".." in parts.path.split("/"):
        raise WrongUrlError("its path has characters that do not belong there")
    return Destination(host, port, parts.path.rstrip("/"))


def why_refused(address: str, *, on_premises: bool) -> str | None:
    """Return why a resolved address must not be connected to; None if it is allowed.

    `on_premises` says that the name is configured as a host on our own network.
    """
    try:
        found = _innermost(ip_address(address.partition("%")[0]))
    except ValueError:
        return "it is not an address"
    if found in _METADATA or found.is_link_local:
        return "it belongs to the platform"
    if found.is_multicast or found.is_unspecified or int(found) == 0:
        return "it is nobody's address"
    if on_premises and any(found in network for network in _INSIDE):
        return None
    if not found.is_global or found.is_reserved or (isinstance(found, IPv6Address) and found.is_site_local):
        return "it is not a public address, and the host is not in ON_PREMISES_HOSTS"
    return None


def _innermost(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address embedded in a mapped or NAT64 IPv6 address; otherwise the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address
