"""Who may change an app, who owns it after a request, and what the requester is told about it. Pure.

Only an app created by a request gets the owner named in that request, else the requester. An existing app keeps its
owner, regardless of the requester, until an administrator names another.
"""

from dataclasses import dataclass

from shared.contract.request import RegistrationRequest, Request
from shared.core.errors import Problem
from shared.core.text import echo
from shared.model.person import Person, is_surely


@dataclass(frozen=True)
class Standing:
    """The people of a request and of its app, as known to one attempt."""

    requester: Person
    owner: Person | None
    """The app's owner; None if unknown."""
    named: Person | None
    """The owner named in the request."""
    exists: bool
    founds: bool
    """Whether this request creates the app."""
    owns: bool
    """Whether the requester may change the app as its owner, or because it is new."""
    administers: bool
    """Whether the requester is an administrator; not looked up if it makes no difference."""

    @property
    def names_another(self) -> bool:
        """Return whether the request names a person other than the app's owner, as far as can be determined."""
        if self.named is None or self.owner is None:
            return self.named is not None
        return not (
            is_surely(self.owner, self.named) or (self.named.object_id is None and self.owner.goes_by(self.named))
        )

    @property
    def names_count(self) -> bool:
        """Return whether the owner named in the request becomes the owner.

        Forms fill in their sender as the owner: an administrator who names themself does not take over an app.
        """
        if self.named is None:
            return False
        if self.founds:
            return True
        takes_over = self.owner is not None and (
            self.requester.goes_by(self.named) or is_surely(self.named, self.requester)
        )
        return self.administers and not takes_over

    @property
    def owner_after(self) -> Person | None:
        """The app's owner after the request; None if unknown, in which case an administrator has to name one."""
        if self.names_count and self.names_another:
            return self.named
        return self.owner or (self.requester if self.founds else None)


def is_theirs(owner: Person | None, requester: Person, *, exists: bool) -> bool:
    """Return whether the requester may change the app without being an administrator.

    An existing app without a known owner is for administrators only.
    """
    return not exists if owner is None else is_surely(owner, requester)


def not_owner(request: Request) -> Problem:
    """Return the problem that the requester may not change this app."""
    return Problem(
        "requestedBy",
        "not_owner",
        f"{echo(request.requested_by)} does not own the app {echo(request.application.unique_name)}. "
        "Ask its owner or an administrator of the registrar to send this request.",
    )


def owner_notes(request: RegistrationRequest, standing: Standing) -> tuple[Problem, ...]:
    """Return notes on changes of the owner that the request asked for and did not get; they do not block it."""
    if standing.names_another and not standing.names_count:
        message = (
            f"The app {echo(request.application.unique_name)} exists and keeps its owner: {echo(request.owner)} does "
            "not become its owner. Only an administrator of the registrar can change the owner, and not to themselves."
        )
        return (Problem("owner", "owner_not_changed", message),)
    if standing.owner_after is None:
        message = (
            f"The app {echo(request.application.unique_name)} has no known owner, so only administrators of the "
            "registrar can change it. Ask one of them to send a request that names the owner."
        )
        return (Problem("owner", "owner_unknown", message),)
    return ()
