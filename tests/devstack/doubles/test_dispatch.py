"""Which double a host name leads to."""

import httpx
import pytest
from starlette.responses import PlainTextResponse

from devstack.doubles.dispatch import by_host
from devstack.doubles.world import World


@pytest.mark.parametrize(
    ("host", "status", "text"),
    [
        ("graph.microsoft.com", 200, "graph"),
        ("Graph.Microsoft.com:443", 200, "graph"),
        ("one.vault.azure.net", 200, "vault"),
        ("vault.azure.net", 421, ""),
        ("one.two.vault.azure.net", 421, ""),
        ("localhost", 421, ""),
    ],
)
async def test_the_host_header_decides(world: World, host: str, status: int, text: str) -> None:
    apps = {
        "graph.microsoft.com": PlainTextResponse("graph"),
        "*.vault.azure.net": PlainTextResponse("vault"),
    }
    transport = httpx.ASGITransport(by_host(apps, world.clock))
    async with httpx.AsyncClient(transport=transport, base_url="https://127.0.0.1") as http:
        answer = await http.get("/", headers={"Host": host})
    assert answer.status_code == status
    assert text in answer.text
