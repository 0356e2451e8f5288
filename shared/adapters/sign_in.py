"""Signs in as the new client would, with azure-identity, and reads what a refusal really says."""

import base64
import json
from typing import Any

from azure.core.exceptions import AzureError, ClientAuthenticationError
from azure.identity.aio import CertificateCredential, ClientSecretCredential

from shared.adapters.azure_errors import retry_after, translate
from shared.errors import NotYetVisible, Throttled, Unavailable
from shared.model import CredentialType
from shared.secret import Secret

_NOT_ACCEPTED = frozenset(
    {
        7000215,  # wrong secret, or one that the token endpoint does not know yet
        7000222,  # expired secret
        7000216,  # no client credential at all
        700016,  # the application is not known in the tenant (yet)
        700024,  # an assertion whose time is not now
        700027,  # a certificate that is not the application's, or not known to be (yet), or expired
        7000229,  # the application has no service principal in the tenant (yet)
        7000112,  # the application is disabled
        90002,  # the tenant is not known
        900144,  # a parameter is missing
    }
)
"""Refusals that come before or instead of accepting the secret (Microsoft Learn, "Microsoft Entra error codes")."""
_TOO_MANY_REQUESTS, _SERVER_ERROR = 429, 500


class EntraSignIn:
    """Fills the port `SignIn` for one tenant."""

    def __init__(self, tenant_id: str) -> None:
        self._tenant_id = tenant_id

    async def prove(self, client_id: str, value: Secret, resource_uri: str, kind: CredentialType) -> None:
        """Obtain a token with a secret, or a certificate and its key, from the endpoint and never from a cache.

        A refusal that comes after the credential was accepted, by Conditional Access say, counts as proof. Raises
        NotYetVisible when the credential, or the client, is not known (yet).
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
            _judge(client_id, kind, error)
        except AzureError as error:
            raise translate(f"sign in as {client_id}", error) from error


def _judge(client_id: str, kind: CredentialType, error: ClientAuthenticationError) -> None:
    status, codes = error.status_code or 0, _codes(error)
    named = ", ".join(f"AADSTS{code}" for code in codes)
    if status == _TOO_MANY_REQUESTS:
        raise Throttled(f"the token endpoint answered {status}", retry_after(error)) from None
    if status >= _SERVER_ERROR or not codes:
        raise Unavailable(f"the token endpoint answered {status} without a reason", retry_after(error)) from None
    if any(code in _NOT_ACCEPTED for code in codes):
        raise NotYetVisible(f"the sign-in as {client_id} with the stored {kind} was refused: {named}") from None


def _codes(error: ClientAuthenticationError) -> list[int]:
    """Read Entra's `error_codes` from the answer's body; none when the answer is not Entra's."""
    response: Any = error.response
    try:
        body: Any = json.loads(response.text())
        return [int(code) for code in body["error_codes"]]
    except (AttributeError, KeyError, TypeError, ValueError):
        return []
