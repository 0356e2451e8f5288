"""HTTP callers as identified by a verified access token: people and programs that read, and people who decide."""

from dataclasses import dataclass
from enum import StrEnum

READER = "Registrar.Reader"
"""App role of the registrar's own API: may list credentials and their expiry."""
APPROVER = "Registrar.Approver"
"""App role of the registrar's own API: may approve or refuse waiting requests."""

SCOPE = "user_impersonation"
"""Scope of the registrar's own API: a client with it acts for its signed-in user."""


class Holder(StrEnum):
    """The kind of principal a token was issued to."""

    PERSON = "person"
    """A signed-in user, through a client that may act for them: the token carries `user_impersonation`."""
    APP = "app"
    """A program, with its own credentials."""
    OTHER = "other"
    """Not known to be either: a user's token without the scope, or an unknown kind of token."""


@dataclass(frozen=True)
class Caller:
    """A caller whose token was verified. Has no name: that would be text from the token, and ids suffice for a log."""

    object_id: str
    """Of the user or service principal in our tenant."""
    client_id: str
    """Of the application the token was issued to."""
    roles: frozenset[str]
    """App roles of the registrar's own API."""
    holder: Holder = Holder.OTHER


class NotAuthenticatedError(Exception):
    """The token is missing or invalid. The reason goes to our log only, never to the caller."""


class NotAllowedError(Exception):
    """The token is valid, but its holder lacks the role."""

    def __init__(self, caller: Caller, role: str) -> None:
        self.caller = caller
        self.role = role
        super().__init__(f"{caller.object_id} does not hold the app role {role}")
