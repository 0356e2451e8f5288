"""The tenant's app management policies in memory, as Graph shows them to the registrar."""

from collections.abc import Awaitable, Mapping
from datetime import datetime, timedelta
from typing import Any

from shared.policy.tenant_reading import restrictions_of
from shared.ports import SeenRestrictions
from tests.fakes.clock import FakeClock
from tests.fakes.faults import Faults, outgoing

_KEPT_FOR = timedelta(minutes=5)


class FakePolicies:
    """Fills `AppPolicies`. `allowed` stands for Policy.Read.All."""

    def __init__(self, clock: FakeClock, faults: Faults) -> None:
        self.clock = clock
        self.faults = faults
        self.allowed = True
        self.tenant: Mapping[str, Any] = {"isEnabled": False}
        self.own: dict[str, Mapping[str, Any]] = {}
        """By the application's object id."""
        self._kept: dict[str | None, tuple[datetime, SeenRestrictions]] = {}

    def restrict(self, *passwords: Mapping[str, Any], keys: tuple[Mapping[str, Any], ...] = (), **more: Any) -> None:
        """Have the tenant restrict credentials, and what else there is."""
        section = {"passwordCredentials": list(passwords), "keyCredentials": list(keys), **more}
        self.tenant = {"isEnabled": True, "applicationRestrictions": section}

    async def of(self, object_id: str | None, *, ask: bool = False) -> SeenRestrictions:
        at, known = self._kept.get(object_id, (None, None))
        if at is not None and known is not None and not ask and self.clock.now() - at < _KEPT_FOR:
            return SeenRestrictions(known.restrictions, remembered=True)
        found = await self._read(object_id)
        self._kept[object_id] = (self.clock.now(), found)
        return found

    async def beside[T](self, other: Awaitable[T], object_id: str | None) -> tuple[T, SeenRestrictions]:
        return await other, await self.of(object_id)

    @outgoing("graph policies")
    def _read(self, object_id: str | None) -> SeenRestrictions:
        own = self.own.get(object_id or "")
        return SeenRestrictions(restrictions_of(self.tenant, [own] if own else []) if self.allowed else {})
