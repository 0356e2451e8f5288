"""Exclusive work on one app."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Lease(Protocol):
    """Exclusive work on one app, on the store's own clock. Every step stays correct if it was lost."""

    async def keep(self) -> None:
        """Renew the lease when it is getting old. Raises BusyError when it was lost."""
        ...


class Leases(Protocol):
    """Leases by uniqueName."""

    def hold(self, unique_name: str) -> AbstractAsyncContextManager[Lease]:
        """Hold an app's lease. Raises BusyError on entry when somebody else does."""
        ...
