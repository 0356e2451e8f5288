"""Entra tokens: those obtained to verify a credential, and those of callers."""

from typing import Protocol

from shared.core.callers import Caller
from shared.core.secret import Secret
from shared.model.directory import CredentialType


class SignIn(Protocol):
    """The token endpoint, called as the new client would."""

    async def verify(self, client_id: str, value: Secret, resource_uri: str, kind: CredentialType) -> None:
        """Obtain a token with a secret, or a certificate and its key, from the endpoint and never from a cache.

        A refusal known to occur only after the credential was accepted counts as success. Raises NotYetVisibleError if
        the credential or the client is not known (yet), and SignInUnclearError for a refusal that says nothing about
        the credential.
        """
        ...


class Callers(Protocol):
    """Verification of HTTP callers' tokens."""

    async def require(self, authorization: str | None, role: str) -> Caller:
        """Return the caller an Authorization header identifies.

        Raises NotAuthenticatedError, NotAllowedError without the app role, and UnavailableError while Entra's keys
        cannot be read.
        """
        ...
