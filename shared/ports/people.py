"""Microsoft Graph, as far as it knows people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class SeenPerson:
    """A user as one read showed them. `enabled` and `created` are None where the registrar may not see them."""

    object_id: str
    principal_name: str | None = None
    mail: str | None = None
    enabled: bool | None = None
    created: datetime | None = None


class People(Protocol):
    """The users of the tenant."""

    async def find(self, names: Sequence[str]) -> Mapping[str, tuple[SeenPerson, ...]]:
        """Look people up side by side, each by object id, or by userPrincipalName or mail; by the name as it was given.

        Two hits at most: more than one is one too many. Raises ForbiddenError where the registrar may not look people
        up, and DeferredError when any lookup failed: that says of nobody that they are not there.
        """
        ...
