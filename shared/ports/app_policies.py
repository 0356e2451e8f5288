"""Microsoft Graph: the tenant's app management policies."""

from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Protocol

from shared.policy.tenant import Restriction, Restrictions


@dataclass(frozen=True)
class SeenRestrictions:
    """The restrictions on an app that the registrar may see; `remembered` marks a cached result."""

    restrictions: Restrictions = field(default_factory=dict[str, Restriction])
    remembered: bool = False


class AppPolicies(Protocol):
    """The tenant's app management policies, cached for minutes.

    If the registrar may not or cannot read them, no restrictions are assumed: Graph's response to the write itself
    decides. Raises DeferredError when the directory does not respond.
    """

    async def of(self, object_id: str | None, *, ask: bool = False) -> SeenRestrictions:
        """Read the restrictions on an application, or on a new one if it has no id; `ask` bypasses the cache."""
        ...

    async def beside[T](self, other: Awaitable[T], object_id: str | None) -> tuple[T, SeenRestrictions]:
        """Read the same concurrently with something else.

        Raises whatever either raises.
        """
        ...
