"""Who may change an app, judged from outside: by who asked, who was named owner, and what was answered when."""

from collections.abc import Sequence
from itertools import pairwise

from shared.contract.request import RegistrationRequest
from shared.operation import Operation, State


def unauthorised(operations: Sequence[Operation]) -> list[str]:
    """Every completed change whose requester could not own the app; in these worlds nobody is an administrator.

    Somebody can own an app whom the request named owner that brought it about, or who asked for that. Whoever is named
    by a later one owns nothing: without an administrator no app changes hands.
    """
    return [
        f"owner: {each.request.request_id}: {each.request.requested_by} changed {each.unique_name} and cannot own it"
        for each in operations
        if each.state is State.COMPLETED and not each.is_our_own and not _may_own(each, operations)
    ] + _changed_hands(operations)


def _changed_hands(operations: Sequence[Operation]) -> list[str]:
    """Every app that a later change gave to somebody else, as the answers say."""
    found: list[str] = []
    for name in sorted({each.unique_name for each in operations}):
        changes = [each for each in operations if each.unique_name == name and _is_completed_change(each)]
        changes.sort(key=lambda each: each.answer.time if each.answer is not None else each.accepted_at)
        for before, after in pairwise(changes):
            if not _is_early(after, changes) and _owner(before) != _owner(after):
                found.append(f"owner: {after.request.request_id}: {name} was given away without an administrator")
    return found


def _is_completed_change(operation: Operation) -> bool:
    return operation.state is State.COMPLETED and isinstance(operation.request, RegistrationRequest)


def _owner(change: Operation) -> str | None:
    return change.answer.data.owner_object_id if change.answer is not None else None


def _may_own(change: Operation, operations: Sequence[Operation]) -> bool:
    changes = [
        each
        for each in operations
        if each.unique_name == change.unique_name and isinstance(each.request, RegistrationRequest)
    ]
    founding = [each for each in changes if _is_early(each, changes)]
    if any(each.id == change.id for each in founding):
        return True
    # One that failed may have brought the app about before it did; a rejected one leaves it to nobody.
    owners = {
        person for each in founding if each.state is not State.REJECTED for person in _owners(each, len(founding) > 1)
    }
    if not isinstance(change.request, RegistrationRequest) and _is_early(change, changes):
        # Until the app is there, it is its requester's: a value that leaked meanwhile is theirs to replace.
        owners |= {each.request.requested_by for each in founding}
    return change.request.requested_by in owners


def may_be_tagged_otherwise(secret_name: str, operations: Sequence[Operation]) -> bool:
    """Return whether of several requests that brought an app about at once, one named another owner.

    A credential that the last of them did not ask for keeps the tag it was given; the nightly check brings it up to
    date within a month.
    """
    return any(
        isinstance(each.request, RegistrationRequest)
        and each.request.owner not in (None, each.request.requested_by)
        and secret_name.startswith(f"{each.unique_name}--")
        for each in operations
    )


def _is_early(change: Operation, changes: Sequence[Operation]) -> bool:
    """Say whether nobody's change of the app had been completed when this one came: it may have brought it about."""
    return not any(
        each.state is State.COMPLETED and each.answer is not None and each.answer.time < change.accepted_at
        for each in changes
        if each.id != change.id
    )


def _owners(founding: Operation, is_one_of_several: bool) -> set[str]:
    """Whom it can have made the owner; where several came at once, any of them may have brought the app about."""
    request = founding.request
    named = request.owner if isinstance(request, RegistrationRequest) else None
    if named is None or is_one_of_several:
        return {each for each in (named, request.requested_by) if each is not None}
    return {named}
