"""Nothing is sent to an address of our own network, however it is spelt, and whatever a name leads to."""

import ipaddress
from collections.abc import Iterable
from typing import Any

import httpcore
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.tickets.network import GuardedNetwork
from shared.core.errors import RefusedError, UnavailableError
from shared.tickets.addresses import WrongUrlError, destination, why_refused

PUBLIC, OTHER = "93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"
PLATFORM = [
    "169.254.169.254",
    "169.254.170.2",
    "168.63.129.16",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "100.100.100.200",
]
NOBODYS = ["0.0.0.0", "::", "224.0.0.1", "ff02::1"]
INSIDE = [
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "127.0.0.1",
    "127.8.8.8",
    "::1",
    "fd12::1",
    "100.64.0.9",
]
RESERVED = [
    "192.0.2.1",
    "198.18.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "2001:db8::1",
    "fec0::1",
    "::127.0.0.1",
    "2002:7f00:1::",
]


def mapped(address: str) -> list[str]:
    """The IPv6 addresses that stand for an IPv4 one."""
    number = int(ipaddress.IPv4Address(address))
    return [
        f"::ffff:{address}",
        str(ipaddress.IPv6Address((0x64FF9B << 96) | number)),
        f"::ffff:{number >> 16:x}:{number & 0xFFFF:x}",
    ]


@pytest.mark.parametrize("address", [PUBLIC, OTHER, "20.50.2.1", *mapped(PUBLIC)])
@pytest.mark.parametrize("on_premises", [True, False])
def test_public_addresses_are_taken(address: str, on_premises: bool) -> None:
    assert why_refused(address, on_premises=on_premises) is None


@pytest.mark.parametrize("address", [*PLATFORM, *NOBODYS, *RESERVED, "no address", "", *mapped("169.254.169.254")])
@pytest.mark.parametrize("on_premises", [True, False])
def test_the_platforms_and_nobodys_addresses_are_refused_to_everybody(address: str, on_premises: bool) -> None:
    assert why_refused(address, on_premises=on_premises) is not None


@pytest.mark.parametrize("address", [*INSIDE, *mapped("10.0.0.1"), *mapped("127.0.0.1")])
def test_private_addresses_are_for_hosts_on_premises_only(address: str) -> None:
    assert why_refused(address, on_premises=False) is not None
    assert why_refused(address, on_premises=True) is None


@given(st.ip_addresses())
def test_no_address_that_is_not_public_is_taken(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    if not address.is_global:
        inner = getattr(address, "ipv4_mapped", None)
        assert inner is not None or why_refused(str(address), on_premises=False) is not None


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("https://contoso.service-now.com", "contoso.service-now.com", 443, ""),
        ("https://Contoso.Atlassian.net/", "contoso.atlassian.net", 443, ""),
        ("https://tickets.contoso.example:8443/jira/", "tickets.contoso.example", 8443, "/jira"),
        ("https://localhost:4711/hooks/contoso", "localhost", 4711, "/hooks/contoso"),
        ("https://xn--bcher-kva.example", "xn--bcher-kva.example", 443, ""),
    ],
)
def test_a_configured_url_is_a_host_a_port_and_a_path(url: str, host: str, port: int, path: str) -> None:
    found = destination(url)
    assert (found.host, found.port, found.path) == (host, port, path)


@pytest.mark.parametrize(
    "url",
    [
        "http://contoso.service-now.com",
        "ftp://contoso.service-now.com",
        "contoso.service-now.com",
        "https://",
        "https://user:secret@contoso.service-now.com",
        "https://contoso.service-now.com@169.254.169.254",
        "https://contoso.service-now.com?x=1",
        "https://contoso.service-now.com#x",
        "https://contoso.service-now.com/../x",
        "https://contoso.service-now.com/a b",
        "https://contoso.service-now.com:99999",
        "https://contoso.service-now.com.",
        "https://contoso..service-now.com",
        "https://-contoso.example",
        "https://contoso_x.example",
        "https://*.example",
        "https://bücher.example",
        "https://１２７.0.0.1",
        "https://127。0。0。1",
        "https://127.0.0.1",
        "https://127.1",
        "https://127.0.1",
        "https://2130706433",
        "https://0x7f000001",
        "https://0x7f.0.0.1",
        "https://0x7f.1",
        "https://127.0x1",
        "https://0177.0.0.1",
        "https://017700000001",
        "https://0",
        "https://0x",
        "https://0.0.0.0",
        "https://169.254.169.254",
        "https://0xA9FEA9FE",
        "https://2852039166",
        "https://[::1]",
        "https://[::ffff:127.0.0.1]",
        "https://[fe80::1%25eth0]",
        "https://[fd00:ec2::254]",
        "https://93.184.216.34",
        "https://%31%32%37.0.0.1",
        "https://contoso.example\\@169.254.169.254",
        "https://contoso.example\r\nHost: x",
    ],
)
def test_what_is_no_name_over_https_is_refused_when_the_app_starts(url: str) -> None:
    with pytest.raises(WrongUrlError):
        destination(url)


class Network(httpcore.AsyncNetworkBackend):
    """Notes what is connected to; `dead` answers nobody."""

    def __init__(self, *dead: str) -> None:
        self.connected: list[str] = []
        self.dead = dead

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  httpcore's own
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self.connected.append(host)
        if host in self.dead:
            raise httpcore.ConnectError
        return httpcore.AsyncMockStream([])


def guarded(network: Network, *answers: list[str], on_premises: tuple[str, ...] = ()) -> GuardedNetwork:
    """A network under a name server that gives these answers, one after the other."""
    left = list(answers)

    async def resolve(host: str, port: int) -> list[str]:
        found = left.pop(0)
        if not found:
            raise OSError("no such name")
        return found

    return GuardedNetwork(on_premises, resolve, network)


async def test_what_was_checked_is_what_is_connected_to() -> None:
    """A name server that gives another answer to a second question is never asked one."""
    network = Network()
    await guarded(network, [PUBLIC], ["127.0.0.1"]).connect_tcp("contoso.service-now.com", 443)
    assert network.connected == [PUBLIC]


async def test_the_next_address_is_tried_when_one_is_dead() -> None:
    network = Network(OTHER)
    await guarded(network, [OTHER, PUBLIC]).connect_tcp("contoso.service-now.com", 443, 5)
    assert network.connected == [OTHER, PUBLIC]


async def test_nothing_is_connected_to_when_one_address_is_refused() -> None:
    network = Network()
    for refused in (*PLATFORM, *INSIDE, *NOBODYS):
        with pytest.raises(RefusedError, match=r"contoso\.example"):
            await guarded(network, [PUBLIC, refused]).connect_tcp("contoso.example", 443)
    assert network.connected == []


async def test_a_host_on_premises_may_be_inside_and_nobody_elses_name() -> None:
    network = Network()
    here = ("tickets.contoso.example",)
    await guarded(network, ["10.1.2.3"], on_premises=here).connect_tcp(here[0], 443)
    for name in ("contoso.example", "x.tickets.contoso.example", "tickets.contoso.example.evil.example"):
        with pytest.raises(RefusedError):
            await guarded(network, ["10.1.2.3"], on_premises=here).connect_tcp(name, 443)
    with pytest.raises(RefusedError):
        await guarded(network, ["169.254.169.254"], on_premises=here).connect_tcp(here[0], 443)
    assert network.connected == ["10.1.2.3"]


async def test_a_name_that_leads_nowhere_is_tried_again_later() -> None:
    with pytest.raises(UnavailableError):
        await guarded(Network(), []).connect_tcp("contoso.example", 443)
    with pytest.raises(UnavailableError):
        await guarded(Network(PUBLIC), [PUBLIC]).connect_tcp("contoso.example", 443)
