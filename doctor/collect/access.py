"""One identity's access to the services: HTTP with its tokens for Graph and the vaults, SDKs for the rest."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from azure.core.credentials_async import AsyncTokenCredential
from azure.data.tables.aio import TableServiceClient
from azure.identity.aio import DefaultAzureCredential

from doctor.collect.azure_storage import table_service
from doctor.settings import Settings
from queues.broker import Broker
from queues.opening import open_broker

GRAPH = "https://graph.microsoft.com"
_TRIES = 6
_TOO_MANY_REQUESTS = 429
_LONGEST_WAIT = 30.0
_AT_ONCE = 16
"""Concurrent calls: reading 2,000 vault secrets stays well below Key Vault's 4,000 calls in ten seconds."""


class UnreachableError(Exception):
    """A service did not answer a read, or refused it; the message says which and how."""


@dataclass(frozen=True)
class Network:
    """The proxy and certificates to use; without it, those of the environment (HTTPS_PROXY, SSL_CERT_FILE)."""

    proxy: str
    ca_bundle: str

    def for_sdk(self) -> dict[str, Any]:
        """Return the keyword arguments of an Azure SDK client."""
        return {
            "proxies": {"https": self.proxy},
            "connection_verify": self.ca_bundle,
            "use_env_settings": False,
        }


class Access:
    """Reads with one identity; made by `open_access`."""

    def __init__(
        self,
        settings: Settings,
        credential: AsyncTokenCredential,
        http: httpx.AsyncClient,
        tables: TableServiceClient,
        broker: Broker,
    ) -> None:
        self.settings = settings
        self.tables = tables
        self.broker = broker
        self._credential = credential
        self._http = http
        self._tokens: dict[str, asyncio.Task[str]] = {}
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def get(self, url: str, audience: str = GRAPH) -> dict[str, Any]:
        """Read one JSON document. Raises UnreachableError."""
        answer = await self.call("GET", url, audience)
        if answer.is_error:
            raise UnreachableError(f"{_short(url)} answered {answer.status_code}: {_reason(answer)}")
        return answer.json()

    async def pages(self, url: str, audience: str = GRAPH) -> AsyncIterator[dict[str, Any]]:
        """Read all items of a list, page by page; Graph and Key Vault name the next page differently."""
        following: str | None = url
        while following:
            page = await self.get(following, audience)
            for item in page["value"]:
                yield item
            following = page.get("@odata.nextLink") or page.get("nextLink")

    async def call(self, method: str, url: str, audience: str, body: dict[str, Any] | None = None) -> httpx.Response:
        """Make one call with this identity's token for an audience; see `send`."""
        if audience not in self._tokens:
            self._tokens[audience] = asyncio.ensure_future(self._token(audience))
        headers = {"Authorization": f"Bearer {await self._tokens[audience]}"}
        request = self._http.build_request(method, url, headers=headers, json=body)
        return await self.send(request, _TRIES if method == "GET" else 1)

    async def post_form(self, url: str, form: dict[str, str]) -> httpx.Response:
        """Post a form without a token, as a sign-in does."""
        return await self.send(self._http.build_request("POST", url, data=form), _TRIES)

    async def send(self, request: httpx.Request, tries: int) -> httpx.Response:
        """Send a request up to `tries` times, honouring Retry-After.

        Raises UnreachableError when none is answered.
        """
        for last in (attempt == tries - 1 for attempt in range(tries)):
            wait = 0.5
            try:
                async with self._slots:
                    answer = await self._http.send(request)
            except httpx.HTTPError as error:
                if last:
                    raise UnreachableError(
                        f"{_short(str(request.url))} does not respond: {type(error).__name__}"
                    ) from error
            else:
                if last or not (answer.status_code == _TOO_MANY_REQUESTS or answer.is_server_error):
                    return answer
                asked = answer.headers.get("Retry-After", "")
                wait = min(float(asked), _LONGEST_WAIT) if asked.isdecimal() else wait
            await asyncio.sleep(wait)
        raise AssertionError("unreachable: the last try returns or raises")

    async def _token(self, audience: str) -> str:
        return (await self._credential.get_token(f"{audience}/.default")).token


def _short(url: str) -> str:
    return url.partition("?")[0]


def _reason(answer: httpx.Response) -> str:
    """Return the service's error code, and nothing else of its answer."""
    try:
        return str(answer.json()["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return "no reason given"


@asynccontextmanager
async def open_access(
    settings: Settings, credential: AsyncTokenCredential | None = None, network: Network | None = None
) -> AsyncGenerator[Access]:
    """Open the connections; `credential` defaults to DefaultAzureCredential: az login, or AZURE_CLIENT_…"""
    sdk = network.for_sdk() if network else {}
    async with AsyncExitStack() as opened:
        identity = credential or await opened.enter_async_context(DefaultAzureCredential())
        http = httpx.AsyncClient(
            timeout=60,
            trust_env=network is None,
            proxy=network.proxy if network else None,
            verify=ssl.create_default_context(cafile=network.ca_bundle) if network else True,
            limits=httpx.Limits(max_connections=_AT_ONCE),
        )
        await opened.enter_async_context(http)
        tables = await opened.enter_async_context(table_service(settings.storage, identity, sdk))
        broker = await opened.enter_async_context(
            open_broker(
                settings.broker,
                settings.broker.chosen,
                identity,
                proxy=network.proxy if network else None,
                ca_bundle=network.ca_bundle if network else None,
            )
        )
        yield Access(settings, identity, http, tables, broker)
