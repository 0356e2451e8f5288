"""Finds people in the directory: exactly one, or a problem that says why not; a failed lookup is neither.

If the registrar may not look people up (403), a person is known only by what a proven channel or an address says.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from shared.core import log
from shared.core.errors import ForbiddenError, Problem, RegistrarError
from shared.core.text import echo
from shared.model.person import Person, read_person
from shared.ports import People, SeenPerson

_NAMED_AT_ONCE = 100
_MOST_NAMED = 2_000
"""Maximum owners that a report names: some twenty seconds of lookups."""


@dataclass(frozen=True)
class Found:
    """Result of a search. `is_looked_up` is false if the registrar may not look: then `person` is as written."""

    person: Person
    is_looked_up: bool = False
    hits: int = 0
    enabled: bool | None = None
    created: datetime | None = None

    @property
    def is_one(self) -> bool:
        """Return whether the directory knows exactly one such person."""
        return self.is_looked_up and self.hits == 1

    def problem(self, field: str) -> Problem | None:
        """Return why this person cannot ask, own or decide; None if they can, or if the registrar may not look."""
        if not self.is_looked_up:
            return None
        who = echo(self.person.shown)
        if self.hits == 0:
            message = (
                f"The directory has nobody called {who}. Name a person who is in the directory, by userPrincipalName, "
                "mail or object id."
            )
            return Problem(field, "person_unknown", message)
        if self.hits > 1:
            message = (
                f"More than one person in the directory is called {who}. Give the userPrincipalName or the object id "
                "of one of them."
            )
            return Problem(field, "person_ambiguous", message)
        if self.enabled is False:
            message = f"The account of {who} is disabled. Name a person whose account is enabled."
            return Problem(field, "person_disabled", message)
        return None


class Search:
    """The lookups of one attempt: each person is looked up once."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._seen: dict[str, tuple[SeenPerson, ...] | None] = {}

    async def find(self, person: Person) -> Found:
        """Look one person up; see `find_all`."""
        return (await self.find_all([person]))[0]

    async def find_all(self, people: Sequence[Person]) -> list[Found]:
        """Look people up concurrently, by id if known, else by UPN or mail.

        Raises DeferredError if the directory does not respond, which does not mean that they do not exist.
        """
        names = {person.name.casefold() for person in people}
        unseen = sorted(names - self._seen.keys())
        if unseen:
            try:
                seen = await self._people.find(unseen)
                self._seen.update({name: seen[name] for name in unseen})
            except ForbiddenError:
                self._seen.update(dict.fromkeys(unseen))
        return [_found(person, self._seen[person.name.casefold()]) for person in people]

    async def is_administrator(self, person: Person, administrators: Sequence[str]) -> bool:
        """Return whether policy's `administrators` name this person, by object id or by one of their addresses.

        A person with an object id is compared by it alone if the directory resolves the policy's addresses.
        """
        named = [each for each in map(read_person, administrators) if each is not None]
        if person.object_id is None:
            return _is_named(person, named)
        addresses = [each for each in named if each.object_id is None]
        found = await self.find_all(addresses)
        if any(each.is_looked_up and not each.is_one for each in found):
            log.warning("policy.administrators_not_found", count=sum(not each.is_one for each in found))
        ids = {each.object_id for each in named} | {each.person.object_id for each in found if each.is_one}
        return person.object_id in ids or _is_named(person, [each.person for each in found if not each.is_looked_up])


async def names_of(people: People, object_ids: Iterable[str]) -> dict[str, str]:
    """Return userPrincipalNames by object id, for display. Omits people beyond the limit or who cannot be looked up."""
    wanted, names = sorted(set(object_ids))[:_MOST_NAMED], dict[str, str]()
    for start in range(0, len(wanted), _NAMED_AT_ONCE):
        try:
            found = await people.find(wanted[start : start + _NAMED_AT_ONCE])
        except RegistrarError as error:
            log.warning("people.not_named", reason=error.reason, count=len(wanted) - start)
            break
        names |= {each: hits[0].principal_name for each, hits in found.items() if hits and hits[0].principal_name}
    return names


def _found(person: Person, hits: tuple[SeenPerson, ...] | None) -> Found:
    if hits is None:
        return Found(person)
    if len(hits) != 1:
        return Found(person, is_looked_up=True, hits=len(hits))
    (hit,) = hits
    known = replace(person, object_id=hit.object_id.casefold())
    return Found(known, is_looked_up=True, hits=1, enabled=hit.enabled, created=hit.created)


def _is_named(person: Person, administrators: Iterable[Person]) -> bool:
    address = (person.address or "").casefold()
    return bool(address) and address in {(each.address or "").casefold() for each in administrators}


def is_whom_it_means(found: Found, known_since: datetime | None) -> bool:
    """Return whether an owner's stored address still refers to the same person, as far as the directory tells.

    A person created after the app cannot be its owner: the address was reassigned to them.
    """
    is_younger = found.created is not None and known_since is not None and found.created > known_since
    return found.is_one and not is_younger
