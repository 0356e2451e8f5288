"""Microsoft Graph: users."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class SeenPerson:
    """A user as one read showed them. `enabled` and `created` are None if the registrar may not see them."""

    object_id: str
    principal_name: str | None = None
    mail: str | None = None
    enabled: bool | None = None
    created: datetime | None = None


class People(Protocol):
    """The users of the tenant."""

    async def find(self, names: Sequence[str]) -> Mapping[str, tuple[SeenPerson, ...]]:
        """Look people up concurrently, by object id, userPrincipalName or mail; the result is keyed by the given name.

        At most two hits per name, enough to show ambiguity. Raises ForbiddenError if the registrar may not look people
        up, and DeferredError if any lookup failed: then no absence is proven.
        """
        ...
