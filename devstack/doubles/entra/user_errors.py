"""Refusals of sign-ins of people, worded as Entra words them.

Codes: Microsoft Learn, reference-error-codes, and v2-oauth2-device-code for the `error` values of the device flow. Of
`slow_down` Entra publishes no code: RFC 8628, 3.5, has the meaning, and 70016 stands for "go on polling" here, too.
"""

from devstack.doubles.documents import Document
from devstack.doubles.entra.errors import SignInRefusedError


def wrong_redirect(uri: str, app_id: str) -> SignInRefusedError:
    return SignInRefusedError(
        50011,
        "invalid_request",
        f"The redirect URI '{uri}' specified in the request does not match the redirect URIs configured for the"
        f" application '{app_id}'. Make sure the redirect URI sent in the request matches one added to your application"
        " in the Azure portal. Navigate to https://aka.ms/redirectUriMismatchError to learn more.",
    )


def other_redirect(uri: str, first: str) -> SignInRefusedError:
    return SignInRefusedError(
        500112,
        "invalid_client",
        f"The reply address '{uri}' does not match the reply address '{first}' provided when requesting Authorization"
        " code.",
        401,
    )


def unsupported_response_type(given: str) -> SignInRefusedError:
    return SignInRefusedError(
        70005, "unsupported_response_type", f"The app requested an unsupported response type '{given}'."
    )


def wrong_challenge(method: str) -> SignInRefusedError:
    return SignInRefusedError(
        501491, "invalid_request", f"Invalid code challenge, or a method that is neither plain nor S256: '{method}'."
    )


def wrong_verifier() -> SignInRefusedError:
    return SignInRefusedError(
        501481,
        "invalid_grant",
        "The Code_Verifier does not match the code_challenge supplied in the authorization request.",
    )


def malformed_grant() -> SignInRefusedError:
    return SignInRefusedError(9002313, "invalid_grant", "Invalid request. Request is malformed or invalid.")


def redeemed_code() -> SignInRefusedError:
    return SignInRefusedError(
        54005,
        "invalid_grant",
        "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh"
        " token.",
    )


def expired_code() -> SignInRefusedError:
    return SignInRefusedError(
        70008,
        "invalid_grant",
        "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive"
        " authorization request for this user and resource.",
    )


def secret_of_public_client() -> SignInRefusedError:
    return SignInRefusedError(
        700025,
        "invalid_client",
        "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
        401,
    )


def secret_missing() -> SignInRefusedError:
    return SignInRefusedError(
        7000218,
        "invalid_client",
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
        401,
    )


def nobody_signed_in() -> SignInRefusedError:
    return SignInRefusedError(
        50058,
        "login_required",
        "Session information is not sufficient for single-sign-on. Here: say in login_hint who signs in.",
    )


def unknown_user(name: str, tenant_name: str) -> SignInRefusedError:
    return SignInRefusedError(
        50034,
        "invalid_grant",
        f"The user account {name} does not exist in the {tenant_name} directory. To sign into this application, the"
        " account must be added to the directory.",
    )


def blocked_user() -> SignInRefusedError:
    return SignInRefusedError(50057, "invalid_grant", "The user account is disabled.")


def user_not_assigned(user: Document, resource: Document) -> SignInRefusedError:
    return SignInRefusedError(
        50105,
        "access_denied",
        f"Your administrator has configured the application {resource['displayName']} ('{resource['appId']}') to block"
        " users unless they are specifically granted ('assigned') access to the application. The signed in user"
        f" '{user['userPrincipalName']}' is blocked because they are not a direct member of a group with access, nor"
        " had access directly assigned by an administrator. Please contact your administrator to assign access to this"
        " application.",
    )


def no_consent(app_id: str, name: str) -> SignInRefusedError:
    return SignInRefusedError(
        65001,
        "invalid_grant",
        f"The user or administrator has not consented to use the application with ID '{app_id}' named '{name}'. Send an"
        " interactive authorization request for this user and resource.",
    )


def unknown_scope(client_name: str, scope: str, resource_name: str) -> SignInRefusedError:
    return SignInRefusedError(
        650053,
        "invalid_client",
        f"The application '{client_name}' asked for scope '{scope}' that doesn't exist on the resource"
        f" '{resource_name}'. Contact the app vendor.",
    )


def several_resources() -> SignInRefusedError:
    return SignInRefusedError(
        28000,
        "invalid_request",
        "Provided value for the input parameter scope is not valid because it contains more than one resource.",
    )


def device_pending() -> SignInRefusedError:
    return SignInRefusedError(
        70016, "authorization_pending", "OAuth 2.0 device flow error. Authorization is pending. Continue polling."
    )


def device_too_fast() -> SignInRefusedError:
    return SignInRefusedError(70016, "slow_down", "OAuth 2.0 device flow error. Polling too often. Slow down.")


def device_declined() -> SignInRefusedError:
    return SignInRefusedError(70018, "authorization_declined", "The end user denied the authorization request.")


def device_expired() -> SignInRefusedError:
    return SignInRefusedError(
        70020,
        "expired_token",
        "The provided value for the input parameter 'device_code' is not valid. This device code has expired.",
    )


def device_unknown() -> SignInRefusedError:
    return SignInRefusedError(
        70018, "bad_verification_code", "Bad verification code. The device code was not issued, or was redeemed."
    )
