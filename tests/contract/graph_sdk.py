"""What a test needs around Microsoft's Graph SDK."""

from typing import Any

from msgraph.graph_service_client import GraphServiceClient


async def close(client: GraphServiceClient) -> None:
    """Close the client's connections; its transports wrap httpx's and do not pass the closing on."""
    adapter: Any = client.request_adapter
    http: Any = adapter._http_client
    for wrapper in (http._transport, *http._mounts.values()):
        if wrapper is not None:
            await wrapper.transport.aclose()
