"""Exclusive work on one app."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Lease(Protocol):
    """Exclusive work on one app, timed by the store's clock. Every step stays correct even if it is lost."""

    async def keep(self) -> None:
        """Renew the lease when it is getting old. Raises BusyError when it was lost."""
        ...


class Leases(Protocol):
    """Leases by uniqueName."""

    def hold(self, unique_name: str) -> AbstractAsyncContextManager[Lease]:
        """Hold an app's lease. Raises BusyError on entry if it is held elsewhere."""
        ...
