"""Microsoft Graph, as far as it knows the tenant's rules for apps."""

from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Protocol

from shared.policy.tenant import Restriction, Restrictions


@dataclass(frozen=True)
class SeenRestrictions:
    """What restricts an app, as far as the registrar may see it; `remembered` says that it was not read just now."""

    restrictions: Restrictions = field(default_factory=dict[str, Restriction])
    remembered: bool = False


class AppPolicies(Protocol):
    """The tenant's app management policies, as the directory showed them within minutes.

    Where the registrar may not read them, or cannot, nothing restricts as far as anybody knows: Graph's answer to the
    write itself decides. Raises DeferredError when the directory does not answer.
    """

    async def of(self, object_id: str | None, *, ask: bool = False) -> SeenRestrictions:
        """Read what restricts an application, or a new one without an id; `ask` even if it was seen within minutes."""
        ...

    async def beside[T](self, other: Awaitable[T], object_id: str | None) -> tuple[T, SeenRestrictions]:
        """Read the same side by side with something else, so that it takes no time of its own.

        Raises what either does.
        """
        ...
