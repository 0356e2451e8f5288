"""Who a person is: an object in the directory where that is known, else the address that somebody wrote. Pure."""

import re
from dataclasses import dataclass

_OBJECT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


@dataclass(frozen=True)
class Person:
    """A person by object id, which nobody chooses and nobody inherits, or by address, which is only a name.

    An address is a UPN or an e-mail address as it was written. Of a person that is known by id alone it is None.
    """

    address: str | None = None
    object_id: str | None = None

    @property
    def name(self) -> str:
        """What is kept of them in one field, and can be read back: the id once it is known, else the address."""
        return self.object_id or self.address or ""

    def goes_by(self, other: "Person") -> bool:
        """Return whether the other one is named by the same address."""
        return bool(self.address) and (self.address or "").casefold() == (other.address or "").casefold()

    @property
    def shown(self) -> str:
        """What people are told of them."""
        return self.address or self.object_id or "nobody"


def is_object_id(name: str) -> bool:
    """Return whether a name is an object id rather than an address."""
    return _OBJECT_ID.fullmatch(name.casefold()) is not None


def read_person(name: str | None) -> Person | None:
    """Read back what `Person.name` kept, of any version: an object id, or an address; None when nothing was kept."""
    if not name:
        return None
    return Person(object_id=name.casefold()) if is_object_id(name) else Person(address=name)


def is_surely(owner: Person, person: Person) -> bool:
    """Return whether a person is the one who has a right; only ids count once the right is somebody's by id.

    Of a right that stands in an address alone (version 1, or nobody may look people up), the same address counts.
    """
    if owner.object_id is not None:
        return owner.object_id == person.object_id
    return owner.goes_by(person)


def may_be_one(party: Person, decider: Person) -> bool:
    """Return whether a decider may be a party to the request: whatever cannot tell them apart counts as the same.

    Ids tell people apart. Without them an address may be an alias of another; so the same name before the @, whatever
    the domain and whatever follows a +, counts as one, and so does whoever names nothing to compare.
    """
    if party.goes_by(decider):
        return True
    if party.object_id is not None:
        return decider.object_id is None or decider.object_id == party.object_id
    if party.address is None or decider.address is None:
        return True
    return _local_part(party.address) == _local_part(decider.address)


def _local_part(address: str) -> str:
    return address.casefold().rpartition("@")[0].partition("+")[0]
