"""A person's identity: a directory object if known, else a given address. Pure."""

import re
from dataclasses import dataclass

_OBJECT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


@dataclass(frozen=True)
class Person:
    """A person by object id, which cannot be chosen or reassigned, or by address, which is only a name.

    An address is a UPN or an e-mail address as written; None for a person known only by id.
    """

    address: str | None = None
    object_id: str | None = None

    @property
    def name(self) -> str:
        """Their identity in one field, for `read_person`: the id if known, else the address."""
        return self.object_id or self.address or ""

    def goes_by(self, other: "Person") -> bool:
        """Return whether both have the same address."""
        return bool(self.address) and (self.address or "").casefold() == (other.address or "").casefold()

    @property
    def shown(self) -> str:
        """Their name in texts for people."""
        return self.address or self.object_id or "nobody"


def is_object_id(name: str) -> bool:
    """Return whether a name is an object id rather than an address."""
    return _OBJECT_ID.fullmatch(name.casefold()) is not None


def read_person(name: str | None) -> Person | None:
    """Parse a stored `Person.name` of any version: an object id or an address; None if it is empty."""
    if not name:
        return None
    return Person(object_id=name.casefold()) if is_object_id(name) else Person(address=name)


def is_surely(owner: Person, person: Person) -> bool:
    """Return whether a person is the holder of a right; if the holder's id is known, only ids count.

    If only the holder's address is known (version 1, or no right to look people up), the same address counts.
    """
    if owner.object_id is not None:
        return owner.object_id == person.object_id
    return owner.goes_by(person)


def may_be_one(party: Person, decider: Person) -> bool:
    """Return whether a decider may be a party to the request: people count as the same unless proven different.

    Ids prove people different. Without them, an address may be an alias: the same name before the @, regardless of
    domain and of any suffix after a +, counts as the same person, and so does a person with nothing to compare.
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
