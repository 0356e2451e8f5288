"""Who calls over HTTP, as a verified access token says: for people and programs that read, and people who decide."""

from dataclasses import dataclass
from enum import StrEnum

READER = "Registrar.Reader"
"""App role of the registrar's own API: may see which credentials there are, and when they expire."""
APPROVER = "Registrar.Approver"
"""App role of the registrar's own API: may decide about requests that wait for a person."""

SCOPE = "user_impersonation"
"""Scope of the registrar's own API: a client that has it acts for the person who signed in to it."""


class Holder(StrEnum):
    """For whom a token was issued."""

    PERSON = "person"
    """Somebody who signed in, through a client that may act for them here: the token carries `user_impersonation`."""
    APP = "app"
    """A program, with its own credentials."""
    OTHER = "other"
    """Neither for certain: a person's token for something else, or a kind of token that nobody has heard of."""


@dataclass(frozen=True)
class Caller:
    """A caller whose token was verified. No name: that would be the token's own text, and ids suffice for a log."""

    object_id: str
    """Of the user or service principal in our tenant."""
    client_id: str
    """Of the application that the token was issued to."""
    roles: frozenset[str]
    """App roles of the registrar's own API."""
    holder: Holder = Holder.OTHER


class NotAuthenticatedError(Exception):
    """There is no token, or none that counts. Why is for our log; a caller is told nothing."""


class NotAllowedError(Exception):
    """The token is good, but its holder lacks the role."""

    def __init__(self, caller: Caller, role: str) -> None:
        self.caller = caller
        self.role = role
        super().__init__(f"{caller.object_id} does not hold the app role {role}")
