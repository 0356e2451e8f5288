"""Leases of apps in memory, on the clock of the world."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from shared.core.errors import BusyError, RegistrarError
from shared.ports import Lease
from tests.fakes.clock import FakeClock
from tests.fakes.faults import Faults, outgoing

_LEASE = timedelta(seconds=60)
_RENEW_AFTER = timedelta(seconds=20)


class FakeLeases:
    """Leases of a minute; one whose holder died is free again after that."""

    def __init__(self, clock: FakeClock, faults: Faults) -> None:
        self.clock = clock
        self.faults = faults
        self.holders: dict[str, FakeLease] = {}

    @asynccontextmanager
    async def hold(self, unique_name: str) -> AsyncGenerator[Lease]:
        lease = await self._acquire(unique_name)
        lease.renewed = self.clock.now()
        try:
            yield lease
        except Exception:
            await self._give_back(lease)
            raise
        except BaseException:  # the worker died: nobody gives the lease back
            raise
        else:
            await self._give_back(lease)

    @outgoing("lease hold")
    def _acquire(self, unique_name: str) -> "FakeLease":
        holder = self.holders.get(unique_name)
        if holder is not None and holder.until > self.clock.now():
            raise BusyError("held")
        lease = FakeLease(self, unique_name)
        self.holders[unique_name] = lease
        return lease

    async def _give_back(self, lease: "FakeLease") -> None:
        with suppress(RegistrarError):  # it runs out by itself
            await self._release(lease)

    @outgoing("lease release")
    def _release(self, lease: "FakeLease") -> None:
        if self.holders.get(lease.unique_name) is lease:
            del self.holders[lease.unique_name]


class FakeLease:
    """One held lease; lost when somebody else took it after it had run out."""

    def __init__(self, leases: FakeLeases, unique_name: str) -> None:
        self.unique_name = unique_name
        self.faults = leases.faults
        self._leases = leases
        self.until = leases.clock.now() + _LEASE
        """On the store's clock."""
        self.renewed = leases.clock.now()
        """On its holder's clock, who need not know yet that it was lost."""

    async def keep(self) -> None:
        now = self._leases.clock.now()
        if now - self.renewed < _RENEW_AFTER:
            return
        await self._renew()
        self.renewed = now

    @outgoing("lease keep")
    def _renew(self) -> None:
        if self._leases.holders.get(self.unique_name) is not self:
            raise BusyError("lost")
        self.until = self._leases.clock.now() + _LEASE
