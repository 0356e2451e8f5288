"""The tenant's app management policies from Microsoft Graph, cached for minutes.

`Policy.Read.All` is optional. Without it (403), or if an answer cannot be used, nothing is known, and Graph's
answer to the write itself decides. An app can have its own policy, which is listed with the application.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, cast

from kiota_abstractions.request_information import RequestInformation
from msgraph.graph_service_client import GraphServiceClient

from shared.adapters.graph.client import GraphSender
from shared.core import log
from shared.core.errors import ForbiddenError, RefusedError
from shared.policy.tenant_reading import restrictions_of
from shared.ports import SeenRestrictions

KEPT_FOR = timedelta(minutes=5)
"""How long a policy, or a missing permission, is cached."""
_MOST_KEPT = 2_000
_NOTHING = SeenRestrictions()


class GraphPolicies:
    """Implements the port `AppPolicies`."""

    def __init__(self, client: GraphServiceClient, now: Callable[[], datetime]) -> None:
        self._client = client
        self._sender = GraphSender(client)
        self._now = now
        self._kept: dict[str, tuple[datetime, dict[str, Any]]] = {}
        """By the application's object id; empty for the tenant's own."""
        self._refused: datetime | None = None
        """When Graph last refused the registrar to read policies."""

    async def of(self, object_id: str | None, *, ask: bool = False) -> SeenRestrictions:
        """Read an application's restrictions, or a new one's without an id; `ask` bypasses the cache."""
        if self._refused is not None and self._now() - self._refused < KEPT_FOR:
            return _NOTHING
        names = ("", object_id) if object_id is not None else ("",)
        remembered = not ask and all(self._is_kept(name) for name in names)
        try:
            found = await _all(*(self._policy(name, ask=ask) for name in names))
        except (ForbiddenError, RefusedError, ValueError) as error:
            self._refused = self._now() if isinstance(error, ForbiddenError) else None
            log.warning("tenant_policies.not_readable", error=type(error).__name__)
            return _NOTHING
        tenant, *own = found
        policies: list[object] = own[0]["value"] if own else []
        return SeenRestrictions(restrictions_of(tenant, policies), remembered)

    async def beside[T](self, other: Awaitable[T], object_id: str | None) -> tuple[T, SeenRestrictions]:
        """Read the same concurrently with something else; raises what either does."""
        first, restrictions = await asyncio.gather(other, self.of(object_id), return_exceptions=True)
        if isinstance(first, BaseException):
            raise first
        if isinstance(restrictions, BaseException):
            raise restrictions
        return first, restrictions

    def _is_kept(self, name: str) -> bool:
        return name in self._kept and self._now() - self._kept[name][0] < KEPT_FOR

    async def _policy(self, object_id: str, *, ask: bool) -> dict[str, Any]:
        if not ask and self._is_kept(object_id):
            return self._kept[object_id][1]
        policy = await self._read(object_id)
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        self._kept[object_id] = (self._now(), policy)
        return policy

    async def _read(self, object_id: str) -> dict[str, Any]:
        """Read the tenant's policy, or the list of an application's. Raises ValueError for anything else."""
        answer = await self._sender.content(self._request(object_id))
        if answer is None:
            raise ValueError("no policy, or no application")
        policy: object = json.loads(answer)
        if not isinstance(policy, dict):
            raise ValueError("no object")  # noqa: TRY004  the answer is wrong, not the caller
        fields = cast("dict[str, Any]", policy)
        if object_id and not isinstance(fields.get("value"), list):
            raise ValueError("no list")
        return fields

    def _request(self, object_id: str) -> RequestInformation:
        if not object_id:
            return self._client.policies.default_app_management_policy.to_get_request_information()
        builder = self._client.applications.by_application_id(object_id)
        return builder.app_management_policies.to_get_request_information()


async def _all(*reads: Awaitable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Read concurrently. Raises the first failure once all reads have ended."""
    found = await asyncio.gather(*reads, return_exceptions=True)
    for each in found:
        if isinstance(each, BaseException):
            raise each
    return [each for each in found if not isinstance(each, BaseException)]
