"""Who may change an app, who owns it once a request is carried out, and what the request's sender is told of it. Pure.

Only an app that a request brings about gets the owner whom that request names, else its requester. An app that is there
keeps its owner, whoever asks, until an administrator names another.
"""

from dataclasses import dataclass

from shared.contract.request import RegistrationRequest, Request
from shared.core.errors import Problem
from shared.core.text import echo
from shared.model.person import Person, is_surely


@dataclass(frozen=True)
class Standing:
    """What one attempt knows about the people of a request and of its app."""

    requester: Person
    owner: Person | None
    """Who owns the app; None when nobody knows."""
    named: Person | None
    """Whom the request names as the owner."""
    exists: bool
    founds: bool
    """Whether this request brings the app about."""
    owns: bool
    """Whether the requester may change the app as its owner, or because it is new."""
    administers: bool
    """Whether the requester is an administrator; nobody asks where it makes no difference."""

    @property
    def names_another(self) -> bool:
        """Return whether the request names somebody else than the app's owner, as far as that can be told."""
        if self.named is None or self.owner is None:
            return self.named is not None
        return not (
            is_surely(self.owner, self.named) or (self.named.object_id is None and self.owner.goes_by(self.named))
        )

    @property
    def names_count(self) -> bool:
        """Return whether the owner that the request names is going to be the owner.

        Forms fill in whoever sent them: an administrator who names themself takes nobody's app over with that.
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
        """Who owns the app once the request is carried out; None when nobody knows, and an administrator has to say."""
        if self.names_count and self.names_another:
            return self.named
        return self.owner or (self.requester if self.founds else None)


def is_theirs(owner: Person | None, requester: Person, *, exists: bool) -> bool:
    """Return whether the requester may change the app without being an administrator.

    An app that exists and whose owner nobody remembers is for administrators only.
    """
    return not exists if owner is None else is_surely(owner, requester)


def not_owner(request: Request) -> Problem:
    """Say that the requester may not change this app."""
    return Problem(
        "requestedBy",
        "not_owner",
        f"{echo(request.requested_by)} does not own the app {echo(request.application.unique_name)}. "
        "Ask its owner or an administrator of the registrar to send this request.",
    )


def owner_notes(request: RegistrationRequest, standing: Standing) -> tuple[Problem, ...]:
    """Say what the request wanted of the app's owner and did not get; nothing that stands in its way."""
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
