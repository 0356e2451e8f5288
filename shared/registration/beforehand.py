"""Predicts what the directory would refuse of a request, or make useless, from reads before the first write."""

from collections.abc import Sequence

from shared.contract.request import RegistrationRequest
from shared.core.errors import Problem
from shared.model.convergence import merge
from shared.model.directory import SeenApplication
from shared.operations.attempt import Attempt
from shared.policy.entra_limits import Change, refusals, remarks
from shared.registration.application import known_state, wanted_state
from shared.registration.permissions import Resolution


def refused_beforehand(
    attempt: Attempt,
    request: RegistrationRequest,
    seen: SeenApplication | None,
    resolution: Resolution,
    new: Sequence[str],
) -> tuple[list[Problem], tuple[Problem, ...]]:
    """Return the problems of the application that the request leads to, and notes on what it keeps.

    `new` are the names of the credentials that it adds. Nothing is read.
    """
    before, wanted = known_state(attempt, seen), wanted_state(request.application, resolution.permissions)
    problems, notes = resolution.disabled(before)
    change = Change(
        before=before,
        after=merge(before, wanted, attempt.application.applied),
        secrets=len(seen.passwords) if seen is not None else 0,
        keys=len(seen.keys) if seen is not None else 0,
        new_credentials=frozenset(new),
        api_fields=resolution.fields,
    )
    return [*problems, *refusals(request, change)], (*notes, *remarks(request, change))
