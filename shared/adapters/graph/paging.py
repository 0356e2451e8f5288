"""Collections of Microsoft Graph, page by page: a truncated list is never taken for a complete one."""

from collections.abc import AsyncIterator, Callable
from typing import Any

from kiota_abstractions.request_information import RequestInformation

from shared.adapters.graph.client import GraphSender
from shared.adapters.graph.models import GraphPage
from shared.core.errors import RegistrarError, UnavailableError


async def pages[P: GraphPage](
    sender: GraphSender,
    builder: Any,  # noqa: ANN401  the SDK's builders have no type in common
    model: type[P],
    request: RequestInformation | None = None,
    *,
    prepare: Callable[[RequestInformation], RequestInformation] = lambda request: request,
    absent: RegistrarError | None = None,
) -> AsyncIterator[P]:
    """Read the pages of a collection. `request` is the first request, if not the builder's default.

    `prepare` is applied to every request. Raises `absent`, or else UnavailableError, when the collection is not found.
    """
    first = request or builder.to_get_request_information()
    page = await sender.get(prepare(first), model)
    if page is None:
        raise absent or UnavailableError("Microsoft Graph does not show a list that it always has")
    async for each in following(sender, page, builder, model, prepare=prepare):
        yield each


async def following[P: GraphPage](
    sender: GraphSender,
    page: P,
    builder: Any,  # noqa: ANN401
    model: type[P],
    *,
    prepare: Callable[[RequestInformation], RequestInformation] = lambda request: request,
) -> AsyncIterator[P]:
    """Yield a page that was read already, and those that follow it."""
    while True:
        yield page
        link = page.string("@odata.nextLink")
        if link is None:
            return
        behind = await sender.get(prepare(builder.with_url(link).to_get_request_information()), model)
        if behind is None:
            raise UnavailableError("a list of Microsoft Graph broke off before its end")
        page = behind
