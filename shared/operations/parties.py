"""Identifies a request's requester and its app's owner in the directory, and compares them."""

from dataclasses import dataclass, replace
from datetime import datetime

from shared.core.errors import DeferredError, Problem
from shared.model.operation import State, named_owner_of, requester_of
from shared.model.person import Person
from shared.operations.attempt import Attempt
from shared.people.search import Found, Search, is_whom_it_means
from shared.policy.ownership import Standing, is_theirs


@dataclass(frozen=True)
class Parties:
    """The standing of a registration's people, and problems with them."""

    standing: Standing
    problems: tuple[Problem, ...]


async def parties_of(attempt: Attempt, owner: Person | None, *, exists: bool) -> Parties:
    """Look up the people of a registration; return who may change the app and who will own it.

    `owner` is the app's known owner. Raises DeferredError if the directory does not respond.
    """
    search, record, named = Search(attempt.ports.people), attempt.application, named_owner_of(attempt.operation)
    asks, owns_by, names = await _found(attempt, search, owner, named)
    owner, owns = _compared(owner, owns_by, asks.person, record.known_since, exists=exists)
    standing = Standing(
        requester=asks.person,
        owner=owner,
        named=names.person if names is not None else None,
        exists=exists,
        founds=not exists or record.founded_by == attempt.operation.id,
        owns=owns,
        administers=False,
    )
    if owns and not standing.founds:
        standing = replace(standing, founds=await _is_founded_in_vain(attempt))
    if not owns or (standing.names_another and not standing.founds):
        administers = await search.is_administrator(asks.person, attempt.policy.administrators)
        standing = replace(standing, administers=administers)
    named_problem = names.problem("owner") if names is not None and standing.names_count else None
    problems = (asks.problem("requestedBy"), named_problem)
    return Parties(standing, tuple(each for each in problems if each is not None))


async def _is_founded_in_vain(attempt: Attempt) -> bool:
    """Return whether the request that created the app was rejected: the owner's next one then counts as creating it."""
    record = attempt.application
    if record.founded_by is None or record.applied_sequence > 0:
        return False
    founder = await attempt.ports.operations.read(record.founded_by)
    return founder is not None and founder.value.state is State.REJECTED


async def may_change(attempt: Attempt, owner: Person | None) -> tuple[bool, tuple[Problem, ...]]:
    """Return whether the requester may change an existing app, with problems in identifying them.

    Raises DeferredError if the directory does not respond, except for a leaked credential whose time is over: then it
    is enough that the requester's address equals the owner's.
    """
    search, operation = Search(attempt.ports.people), attempt.operation
    try:
        asks, owns_by, _ = await _found(attempt, search, owner, None)
        _, owns = _compared(owner, owns_by, asks.person, attempt.application.known_since, exists=True)
        administers = not owns and await search.is_administrator(asks.person, attempt.policy.administrators)
    except DeferredError:
        if operation.revoke_by is None or attempt.now() < operation.revoke_by:
            raise
        return owner is not None and owner.goes_by(requester_of(operation)), ()
    problem = asks.problem("requestedBy")
    return owns or administers, (problem,) if problem is not None else ()


async def _found(
    attempt: Attempt, search: Search, owner: Person | None, named: Person | None
) -> tuple[Found, Found | None, Found | None]:
    """Look up concurrently the requester, the owner if known only by address, and the owner named in the request.

    Requester and named owner are kept in the record: they are looked up once, and once more after an approval.
    """
    operation, requester = attempt.operation, requester_of(attempt.operation)
    is_settled = operation.approval is None
    by_address = owner if owner is not None and owner.object_id is None else None
    people = {
        "requester": requester if operation.found_requester_id is None or not is_settled else None,
        "owner": by_address,
        "named": named if operation.found_owner_id is None or not is_settled else None,
    }
    sought = {role: person for role, person in people.items() if person is not None}
    found = dict(zip(sought, await search.find_all([*sought.values()]), strict=True))
    asks = found.get("requester") or _as_kept(requester)
    names = found.get("named") or (_as_kept(named) if named is not None else None)
    known = {
        "found_requester_id": asks.person.object_id if asks.is_one else None,
        "found_owner_id": names.person.object_id if names is not None and names.is_one else None,
    }
    attempt.remember(operation.model_copy(update=known))
    return asks, found.get("owner"), names


def _as_kept(person: Person) -> Found:
    return Found(person, is_looked_up=True, hits=1)


def _compared(
    owner: Person | None, found: Found | None, requester: Person, known_since: datetime | None, *, exists: bool
) -> tuple[Person | None, bool]:
    """Return the owner, by id if the directory resolves their address, and whether they are the requester."""
    if owner is None or found is None or not found.is_looked_up:
        return owner, is_theirs(owner, requester, exists=exists)
    if not is_whom_it_means(found, known_since):
        return owner, False
    return found.person, is_theirs(found.person, requester, exists=exists)
