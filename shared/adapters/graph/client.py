"""The Graph SDK's client with one rule of ours: no hidden retries.

The SDK's retry handler repeats 429, 503 and 504 on every method, addPassword included, and sleeps in between.
Here every call is made once, and errors are translated once, from status and code.
"""

from collections.abc import Awaitable
from typing import Any, Never

import httpx
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError
from kiota_abstractions.api_error import APIError
from kiota_abstractions.request_information import RequestInformation
from kiota_abstractions.request_option import RequestOption
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from kiota_http.kiota_client_factory import KiotaClientFactory
from kiota_http.middleware.options import RetryHandlerOption
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.graph_request_adapter import GraphRequestAdapter, options
from msgraph.graph_service_client import GraphServiceClient
from msgraph_core import GraphClientFactory

from shared.adapters.graph.models import GraphAnswer
from shared.adapters.graph.refusals.judging import judge
from shared.adapters.graph.refusals.refusal import Detail, Doing, Refusal
from shared.adapters.retry_after import retry_after
from shared.core.errors import RegistrarError, UnavailableError
from shared.model.directory import ApplicationState

GRAPH_HOST = "graph.microsoft.com"
_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)
_NOT_FOUND = 404


def graph_service_client(credential: AsyncTokenCredential) -> GraphServiceClient:
    """Build the SDK's client for `graph.microsoft.com`, one try per call."""
    client = KiotaClientFactory.get_default_client()
    client.timeout = _TIMEOUT
    once: dict[str, RequestOption] = {**options}
    once[RetryHandlerOption.get_key()] = RetryHandlerOption(0, 0, should_retry=False)
    http = GraphClientFactory.create_with_default_middleware(client=client, options=once)
    provider = AzureIdentityAuthenticationProvider(
        credential, scopes=[f"https://{GRAPH_HOST}/.default"], allowed_hosts=[GRAPH_HOST]
    )
    adapter = GraphRequestAdapter(provider, http)
    adapter.base_url = f"https://{GRAPH_HOST}/v1.0"
    return GraphServiceClient(request_adapter=adapter)


class GraphSender:
    """Sends the requests that the SDK's builders describe, once each."""

    def __init__(self, client: GraphServiceClient) -> None:
        self._adapter: Any = client.request_adapter

    async def get[T: GraphAnswer](self, request: RequestInformation, model: type[T]) -> T | None:
        """Read one object; None on 404."""
        return await _found(self._adapter.send_async(request, model, _ERRORS))

    async def content(self, request: RequestInformation) -> bytes | None:
        """Read one object's raw bytes; None on 404."""
        return await _found(self._adapter.send_primitive_async(request, "bytes", _ERRORS))

    async def write[T: GraphAnswer](
        self, request: RequestInformation, model: type[T], doing: Doing, wrote: ApplicationState | None = None
    ) -> T | None:
        """Make one write; the answer's body, or None when it has none. `wrote` is the application that is sent."""
        try:
            return await self._adapter.send_async(request, model, _ERRORS)
        except APIError as error:
            raise translate(error, doing, wrote) from None
        except (httpx.HTTPError, AzureError) as error:
            _no_answer(error)

    async def command(self, request: RequestInformation, doing: Doing) -> None:
        """Make one call whose answer has no body."""
        try:
            await self._adapter.send_no_response_content_async(request, _ERRORS)
        except APIError as error:
            raise translate(error, doing) from None
        except (httpx.HTTPError, AzureError) as error:
            _no_answer(error)


_ERRORS: dict[str, type[ODataError]] = {"XXX": ODataError}


async def _found[T](reading: Awaitable[T]) -> T | None:
    try:
        return await reading
    except APIError as error:
        if error.response_status_code == _NOT_FOUND:
            return None
        raise translate(error, Doing.READ) from None
    except (httpx.HTTPError, AzureError) as error:
        _no_answer(error)


def translate(error: APIError, doing: Doing, wrote: ApplicationState | None = None) -> RegistrarError:
    """Translate an error answer of Graph into the error that says what happens next."""
    headers: Any = error.response_headers or {}
    after = headers.get("retry-after") or headers.get("Retry-After")
    main = error.error if isinstance(error, ODataError) else None
    details = tuple(Detail(each.code or "", each.target or "") for each in (main.details if main else None) or ())
    if main is not None and main.target and not details:
        details = (Detail(main.code or "", main.target),)
    refusal = Refusal(
        status=error.response_status_code or 0,
        code=(main.code if main else None) or "",
        text=(main.message if main else None) or error.message or "",
        details=details,
        after=retry_after(after),
    )
    return judge(refusal, doing, wrote)


def _no_answer(error: httpx.HTTPError | AzureError) -> Never:
    if isinstance(error, AzureError):
        # The credential failed, so the call was never sent.
        raise UnavailableError(f"no token for Microsoft Graph: {type(error).__name__}", sent=False) from error
    sent = not isinstance(error, _NOT_SENT)
    raise UnavailableError(f"no answer from Microsoft Graph: {type(error).__name__}", sent=sent) from error
