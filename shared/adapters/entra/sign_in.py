"""Signs in as the new client would, with azure-identity, and interprets refusals."""

import base64
import json
from typing import Any

from azure.core.exceptions import AzureError, ClientAuthenticationError
from azure.identity.aio import CertificateCredential, ClientSecretCredential

from shared.adapters.azure_errors import pause_of, translate
from shared.adapters.entra.sign_in_codes import Meaning, meaning_of
from shared.core.errors import DisabledError, NotYetVisibleError, SignInUnclearError, ThrottledError, UnavailableError
from shared.core.secret import Secret
from shared.model.directory import CredentialType

_TOO_MANY_REQUESTS, _SERVER_ERROR = 429, 500
_MOST_CODES, _LARGEST_CODE = 3, 10**9
"""At most so many codes of an answer are reported; a larger number is not a code of Entra's."""


class EntraSignIn:
    """Fills the port `SignIn` for one tenant."""

    def __init__(self, tenant_id: str) -> None:
        self._tenant_id = tenant_id

    async def verify(self, client_id: str, value: Secret, resource_uri: str, kind: CredentialType) -> None:
        """Obtain a token with a secret, or a certificate and its key, from the endpoint and never from a cache.

        A refusal that is known to follow acceptance of the credential (Conditional Access, say) counts as success.
        Raises NotYetVisibleError when the credential, or the client, is not known (yet), DisabledError when the client
        was disabled, SignInUnclearError for a refusal that says nothing about the credential, ThrottledError and
        UnavailableError when the endpoint cannot answer now.
        """
        once: Any = {"retry_total": 0, "connection_timeout": 10, "read_timeout": 30}
        if kind == "certificate":
            pair = base64.b64decode(value.reveal())
            credential = CertificateCredential(self._tenant_id, client_id, certificate_data=pair, **once)
        else:
            credential = ClientSecretCredential(self._tenant_id, client_id, value.reveal(), **once)
        try:
            async with credential:
                await credential.get_token(f"{resource_uri}/.default")
        except ClientAuthenticationError as error:
            judge(client_id, kind, error)
        except AzureError as error:
            raise translate(f"sign in as {client_id}", error) from error


def judge(client_id: str, kind: CredentialType, error: ClientAuthenticationError) -> None:
    """Return if a refusal still shows that the credential was accepted; raise the error it means otherwise."""
    status, codes = error.status_code or 0, _codes(error)
    named = ", ".join(f"AADSTS{code}" for code in codes[:_MOST_CODES])
    if status == _TOO_MANY_REQUESTS:
        raise ThrottledError(f"the token endpoint answered {status}", pause_of(error)) from None
    if status >= _SERVER_ERROR or not codes:
        raise UnavailableError(f"the token endpoint answered {status} without a reason", pause_of(error)) from None
    match meaning_of(codes):
        case Meaning.ACCEPTED:
            return
        case Meaning.NOT_ACCEPTED:
            message = f"the sign-in as {client_id} with the stored {kind} was refused: {named}"
            raise NotYetVisibleError(message) from None
        case Meaning.DISABLED:
            message = f"the app, or its service principal, is disabled: the sign-in as {client_id} was refused, {named}"
            raise DisabledError(message) from None
        case Meaning.THROTTLED:
            raise ThrottledError(f"the token endpoint answered {named}", pause_of(error)) from None
        case Meaning.PASSING:
            # Without the answer's Retry-After: it is meant for this client, and would pause every operation.
            raise UnavailableError(f"the token endpoint answered {named}") from None
        case Meaning.UNCLEAR:
            message = f"a sign-in as {client_id} was refused, which says nothing about the stored {kind}: {named}"
            raise SignInUnclearError(message, codes[:_MOST_CODES]) from None


def _codes(error: ClientAuthenticationError) -> list[int]:
    """Read Entra's `error_codes` from the answer's body; none when the answer is not Entra's."""
    response: Any = error.response
    try:
        body: Any = json.loads(response.text())
        codes: list[Any] = list(body["error_codes"])
    except (AttributeError, KeyError, TypeError, ValueError):
        return []
    # Nothing is rounded or converted into a code that would prove something.
    return codes if all(type(code) is int and 0 < code < _LARGEST_CODE for code in codes) else []
