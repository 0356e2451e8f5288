"""Entra's tokens: those that verify a credential, and those that callers bring."""

from typing import Protocol

from shared.core.callers import Caller
from shared.core.secret import Secret
from shared.model.directory import CredentialType


class SignIn(Protocol):
    """The token endpoint, asked as the new client would."""

    async def verify(self, client_id: str, value: Secret, resource_uri: str, kind: CredentialType) -> None:
        """Obtain a token with a secret, or a certificate and its key, from the endpoint and never from a cache.

        A refusal that is known to come after the credential was accepted counts as accepted. Raises NotYetVisibleError
        when the credential, or the client, is not known (yet), and SignInUnclearError for a refusal that says nothing
        about it.
        """
        ...


class Callers(Protocol):
    """Entra, as far as callers over HTTP are concerned."""

    async def require(self, authorization: str | None, role: str) -> Caller:
        """Say who an Authorization header speaks for.

        Raises NotAuthenticatedError, NotAllowedError without the app role, and UnavailableError while Entra's keys
        cannot be read.
        """
        ...
