"""The people of a tenant in memory, as the registrar may see them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from shared.core.errors import ForbiddenError
from shared.ports import SeenPerson
from tests.fakes.faults import Faults, outgoing

ADA, GRACE = "aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002"
MALLORY, EVE, BOSS, ALAN = (f"aaaaaaaa-0000-4000-8000-00000000000{number}" for number in (3, 4, 5, 6))
_NAMES = {ADA: "ada", GRACE: "grace", MALLORY: "mallory", EVE: "eve", BOSS: "boss", ALAN: "alan"}
_SINCE_EVER = datetime(2020, 1, 1, tzinfo=UTC)


class FakePeople:
    """Fills `People`. `allowed` stands for User.ReadBasic.All, `sees_accounts` for User.Read.All."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.allowed = True
        self.sees_accounts = False
        self.looked_up: list[str] = []
        self.there: dict[str, SeenPerson] = {}
        for object_id, name in _NAMES.items():
            self.add(object_id, f"{name}@contoso.example")

    def add(
        self, object_id: str, principal_name: str, mail: str | None = None, created: datetime = _SINCE_EVER
    ) -> None:
        """Make a person, or give one another address."""
        self.there[object_id] = SeenPerson(object_id, principal_name, mail, enabled=True, created=created)

    def disable(self, object_id: str) -> None:
        """Disable an account."""
        self.there[object_id] = replace(self.there[object_id], enabled=False)

    @outgoing("graph people")
    def find(self, names: Sequence[str]) -> Mapping[str, tuple[SeenPerson, ...]]:
        if not self.allowed:
            raise ForbiddenError("Microsoft Graph answered 403 Authorization_RequestDenied")
        self.looked_up += names
        return {name: self._hits(name.casefold()) for name in names}

    def _hits(self, name: str) -> tuple[SeenPerson, ...]:
        hits = [
            each
            for each in self.there.values()
            if name in (each.object_id, (each.principal_name or "").casefold(), (each.mail or "").casefold())
        ]
        if self.sees_accounts:
            return tuple(hits[:2])
        return tuple(replace(each, enabled=None, created=None) for each in hits[:2])
