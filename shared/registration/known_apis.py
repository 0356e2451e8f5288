"""Caches the directory's APIs for minutes: they rarely change, and are read often.

The cache is per worker. A read that failed, or found nothing, is not cached.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.model.directory import Api
from shared.ports import Directory, SeenApis

KEPT_FOR = timedelta(minutes=5)
MOST = 50
"""An API like Microsoft Graph has a thousand permissions, some hundred kilobytes."""


@dataclass(frozen=True)
class _Known:
    apis: tuple[Api, ...]
    at: datetime
    """When the directory was asked."""


class KnownApis:
    """Implements the port `Apis` from `Directory`."""

    def __init__(self, directory: Directory, now: Callable[[], datetime]) -> None:
        self._directory = directory
        self._now = now
        self._known: dict[tuple[str, str], _Known] = {}

    async def called(self, name: str, *, ask: bool = False) -> SeenApis:
        """List the APIs of this name, of any owner; `ask` bypasses the cache."""
        return await self._see(("name", name.casefold()), lambda: self._directory.find_apis(name), ask=ask)

    async def with_id(self, app_id: str, *, ask: bool = False) -> SeenApis:
        """List the one API with this appId, or none; `ask` bypasses the cache."""

        async def read() -> list[Api]:
            found = await self._directory.api(app_id)
            return [found] if found is not None else []

        return await self._see(("appId", app_id.casefold()), read, ask=ask)

    async def _see(self, key: tuple[str, str], read: Callable[[], Awaitable[list[Api]]], *, ask: bool) -> SeenApis:
        now = self._now()
        known = self._known.get(key)
        if known is not None and not ask and now - known.at < KEPT_FOR:
            return SeenApis(known.apis, remembered=True)
        apis = tuple(await read())
        self._known.pop(key, None)
        if apis:
            while len(self._known) >= MOST:
                del self._known[next(iter(self._known))]  # the oldest entry
            self._known[key] = _Known(apis, now)
        return SeenApis(apis, remembered=False)
