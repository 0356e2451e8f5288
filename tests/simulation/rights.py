"""Who may change an app, judged from outside: by who asked, who was named owner, and what was answered when."""

from collections.abc import Sequence

from shared.contract.request import RegistrationRequest
from shared.operation import Operation, State


def unauthorised(operations: Sequence[Operation]) -> list[str]:
    """Every completed change whose requester could not own the app; in these worlds nobody is an administrator.

    Somebody can own an app whom a completed request named owner, or who asked before any change by others had been
    completed.
    """
    return [
        f"owner: {each.request.request_id}: {each.request.requested_by} changed {each.unique_name} and cannot own it"
        for each in operations
        if each.state is State.COMPLETED and not each.is_our_own and not _may_own(each, operations)
    ]


def _may_own(change: Operation, operations: Sequence[Operation]) -> bool:
    person = change.request.requested_by
    others = [
        (each, each.request)
        for each in operations
        if each.unique_name == change.unique_name
        and each.id != change.id
        and isinstance(each.request, RegistrationRequest)
    ]
    named = any(request.owner == person and each.state is State.COMPLETED for each, request in others)
    started = change.accepted_at
    # Whose change was completed before owns the app still: only the request that brings it about names an owner.
    was_theirs = any(
        each.state is State.COMPLETED
        and each.answer is not None
        and each.answer.time < started
        and request.requested_by == person
        and (each.sequence > 1 or _gives(request, person))
        for each, request in others
    )
    return (
        named
        or was_theirs
        or not any(
            each.state is State.COMPLETED
            and each.answer is not None
            and each.answer.time < started
            and not _gives(request, person)
            for each, request in others
        )
    )


def _gives(request: RegistrationRequest, person: str) -> bool:
    return request.owner == person or (request.owner is None and request.requested_by == person)
