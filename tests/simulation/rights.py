"""Who may change an app, judged from outside: by who asked, who was named owner, and what was answered when."""

from collections.abc import Sequence

from shared.operation import Operation, State


def unauthorised(operations: Sequence[Operation]) -> list[str]:
    """Every completed change whose requester could not own the app; in these worlds nobody is an administrator.

    Somebody can own an app whom a completed request named owner, or who asked before any change by others had been
    completed.
    """
    return [
        f"owner: {each.request.request_id}: {each.request.requested_by} changed {each.unique_name} and cannot own it"
        for each in operations
        if each.state is State.COMPLETED and not _may_own(each, operations)
    ]


def _may_own(change: Operation, operations: Sequence[Operation]) -> bool:
    person = change.request.requested_by
    others = [each for each in operations if each.unique_name == change.unique_name and each.id != change.id]
    named = any(each.request.owner == person and each.state is State.COMPLETED for each in others)
    started = change.accepted_at
    return named or not any(
        each.state is State.COMPLETED
        and each.answer is not None
        and each.answer.time < started
        and not _gives(each, person)
        for each in others
    )


def _gives(change: Operation, person: str) -> bool:
    return change.request.owner == person or (change.request.owner is None and change.request.requested_by == person)
