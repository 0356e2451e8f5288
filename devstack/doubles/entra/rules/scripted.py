"""Sign-ins that a test has refused with codes of its choice, at the moment at which Entra would give them.

Conditional Access, a missing assignment and a missing consent are judged once a client has proven who it is: a wrong
credential never leads to them. All other refusals come before the credential is checked, so that none is taken for a
proof. Meanings: Microsoft Learn, reference-error-codes; texts are those clients have reported.
"""

from typing import Any

from starlette.requests import Request

from devstack.doubles.entra.errors import SignInRefusedError
from devstack.doubles.middleware import REFUSAL

AFTER_THE_CREDENTIAL = frozenset({53003, 501051, 65001})
_KNOWN = {
    50013: ("invalid_grant", "Assertion failed signature validation."),
    50027: ("invalid_request", "JWT token is invalid or malformed."),
    50059: ("invalid_request", "No tenant-identifying information found in the request."),
    50196: ("invalid_grant", "The server terminated an operation because it encountered a client request loop."),
    53003: (
        "access_denied",
        "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.",
    ),
    65001: ("invalid_grant", "The user or administrator has not consented to use the application."),
    90033: ("temporarily_unavailable", "A transient error has occurred. Please try again."),
    500014: ("invalid_resource", "The service principal for the resource is disabled."),
    501051: ("invalid_grant", "The application is not assigned to a role for the application."),
    700030: ("invalid_client", "Invalid certificate: the subject name in the certificate is not authorized."),
}


def refuse_before_the_credential(request: Request) -> None:
    """Raises SignInRefusedError where a test wants a refusal that says nothing about the credential."""
    codes = _codes(request)
    if codes and not AFTER_THE_CREDENTIAL.issuperset(codes):
        raise _refused(codes)


def refuse_after_the_credential(request: Request) -> None:
    """Raises SignInRefusedError where a test wants a refusal that follows an accepted credential."""
    if codes := _codes(request):
        raise _refused(codes)


def _codes(request: Request) -> tuple[int, ...]:
    extensions: dict[str, Any] = request.scope.get("extensions") or {}
    return extensions.get(REFUSAL, ())


def _refused(codes: tuple[int, ...]) -> SignInRefusedError:
    error, text = _KNOWN.get(codes[0], ("invalid_request", "The request was refused."))
    return SignInRefusedError(codes[0], error, text, 401 if error == "invalid_client" else 400, more=codes[1:])
