"""Who may change an app: its owner, or an administrator that policy names."""

from shared.contract.request import RegistrationRequest, Request
from shared.errors import Problem, echo
from shared.policy.model import Policy


def ownership_problem(request: Request, owner: str | None, policy: Policy, *, exists: bool) -> Problem | None:
    """Say why the requester may not change this app; None when they may, or when the app is new.

    An app that exists and whose owner nobody remembers is for administrators only.
    """
    person = request.requested_by
    if policy.is_administrator(person):
        return None
    if not exists if owner is None else owner.casefold() == person.casefold():
        return None
    return Problem(
        "requestedBy",
        "not_owner",
        f"{echo(person)} does not own {echo(request.application.unique_name)}. "
        "Ask its owner, or an administrator of the registrar, to send this request.",
    )


def owner_after(request: RegistrationRequest, owner: str | None) -> str:
    """Return who owns the app once this request is carried out: whom it names, else whoever did, else its requester."""
    return request.owner or owner or request.requested_by
