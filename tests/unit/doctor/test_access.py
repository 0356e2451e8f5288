"""Reads go through bad moments and say so when they do not; writes are sent once."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from unittest.mock import AsyncMock

import httpx
import pytest
from azure.core.credentials import AccessToken
from azure.data.tables.aio import TableServiceClient

from doctor.collect.access import GRAPH, Access, UnreachableError
from doctor.patience import Patience
from doctor.settings import Settings, StorageSettings
from queues.broker import Broker
from queues.settings import BrokerSettings
from tests.unit.doctor.scene import POLICY

type Respond = Callable[[httpx.Request], httpx.Response]
SETTINGS = Settings(
    "tenant", ("https://contoso.vault.azure.net",), StorageSettings("x"), BrokerSettings(), POLICY, Patience()
)


@asynccontextmanager
async def access(respond: Respond) -> AsyncGenerator[Access]:
    credential = AsyncMock()
    credential.get_token.return_value = AccessToken("token", 0)
    async with httpx.AsyncClient(transport=httpx.MockTransport(respond)) as http:
        yield Access(SETTINGS, credential, http, AsyncMock(TableServiceClient), AsyncMock(Broker))


def in_turn(*answers: httpx.Response | Exception) -> Respond:
    waiting = list(answers)

    def respond(_: httpx.Request) -> httpx.Response:
        answer = waiting.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return respond


BUSY = httpx.Response(429, headers={"Retry-After": "0"})


async def test_pages_are_followed_in_both_dialects() -> None:
    pages = (
        httpx.Response(200, json={"value": [{"n": 1}], "@odata.nextLink": f"{GRAPH}/2"}),
        httpx.Response(200, json={"value": [], "nextLink": f"{GRAPH}/3"}),
        httpx.Response(200, json={"value": [{"n": 2}], "nextLink": None}),
    )
    async with access(in_turn(*pages)) as reader:
        assert [item["n"] async for item in reader.pages(f"{GRAPH}/1")] == [1, 2]


async def test_throttling_costs_time_only() -> None:
    async with access(in_turn(BUSY, BUSY, httpx.Response(200, json={"id": 1}))) as reader:
        assert await reader.get(f"{GRAPH}/me") == {"id": 1}


async def test_a_service_that_stays_away_is_unreachable() -> None:
    gone = httpx.Response(503, headers={"Retry-After": "0"}, json={"error": {"code": "ServiceUnavailable"}})
    async with access(lambda _: gone) as reader:
        with pytest.raises(UnreachableError, match="503: ServiceUnavailable"):
            await reader.get(f"{GRAPH}/me?secret=1")


async def test_a_write_is_sent_once() -> None:
    async with access(in_turn(httpx.ConnectError("dead"))) as writer:
        with pytest.raises(UnreachableError, match="ConnectError"):
            await writer.call("POST", f"{GRAPH}/x", GRAPH, {})
