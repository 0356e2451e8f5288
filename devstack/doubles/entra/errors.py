"""The token endpoint's refusals, worded as Entra words them.

Codes and meanings: Microsoft Learn, reference-error-codes. Texts are those clients have reported.
"""

from datetime import datetime
from uuid import uuid4

from starlette.responses import JSONResponse

NO_STORE = {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"}


class SignInRefusedError(Exception):
    """A sign-in that Entra refuses: AADSTS `code`, OAuth `error`, HTTP `status`; `more` are further codes."""

    def __init__(self, code: int, error: str, text: str, status: int = 400, more: tuple[int, ...] = ()) -> None:
        super().__init__(f"AADSTS{code}: {text}")
        self.code = code
        self.more = more
        self.error = error
        self.status = status


def answer(refused: SignInRefusedError, now: datetime, headers: dict[str, str] | None = None) -> JSONResponse:
    """The JSON answer to a refused sign-in, at `now` on the stack clock."""
    trace, correlation = str(uuid4()), str(uuid4())
    timestamp = f"{now:%Y-%m-%d %H:%M:%SZ}"
    body = {
        "error": refused.error,
        "error_description": f"{refused} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {timestamp}",
        "error_codes": [refused.code, *refused.more],
        "timestamp": timestamp,
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": f"https://login.microsoftonline.com/error?code={refused.code}",
    }
    return JSONResponse(body, refused.status, NO_STORE | {"x-ms-request-id": trace} | (headers or {}))


def missing_parameter(name: str) -> SignInRefusedError:
    return SignInRefusedError(
        900144,
        "invalid_request",
        f"The request body must contain the following parameter: '{name}'.",
    )


def unsupported_grant(grant: str) -> SignInRefusedError:
    return SignInRefusedError(
        70003, "unsupported_grant_type", f"The app requested an unsupported grant type '{grant}'."
    )


def unknown_tenant(tenant: str, error: str = "invalid_request") -> SignInRefusedError:
    return SignInRefusedError(
        90002,
        error,
        f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into"
        " the correct cloud. Check with your subscription administrator, this may happen if there are no active"
        " subscriptions for the tenant.",
    )


def no_tenant() -> SignInRefusedError:
    return SignInRefusedError(
        50059,
        "invalid_request",
        "No tenant-identifying information found in either the request or implied by any provided credentials.",
    )


def unknown_application(client_id: str, tenant_name: str) -> SignInRefusedError:
    return SignInRefusedError(
        700016,
        "unauthorized_client",
        f"Application with identifier '{client_id}' was not found in the directory '{tenant_name}'. This can"
        " happen if the application has not been installed by the administrator of the tenant or consented to by"
        " any user in the tenant. You may have sent your authentication request to the wrong tenant.",
    )


def no_service_principal(app_id: str, tenant_id: str) -> SignInRefusedError:
    return SignInRefusedError(
        7000229,
        "invalid_client",
        f"The client application {app_id} is missing service principal in the tenant {tenant_id}. See"
        " instructions here: https://go.microsoft.com/fwlink/?linkid=2225119",
        401,
    )


def disabled_application(app_id: str, name: str) -> SignInRefusedError:
    return SignInRefusedError(7000112, "unauthorized_client", f"Application '{app_id}'({name}) is disabled.")


def no_credential() -> SignInRefusedError:
    return SignInRefusedError(
        7000216,
        "invalid_client",
        "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
        401,
    )


def wrong_secret(app_id: str) -> SignInRefusedError:
    return SignInRefusedError(
        7000215,
        "invalid_client",
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value,"
        f" not the client secret ID, for a secret added to app '{app_id}'.",
        401,
    )


def expired_secret(app_id: str) -> SignInRefusedError:
    return SignInRefusedError(
        7000222,
        "invalid_client",
        f"The provided client secret keys for app '{app_id}' are expired. Visit the Azure portal to create new"
        " keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added"
        " security: https://aka.ms/certCreds.",
        401,
    )


def malformed_assertion() -> SignInRefusedError:
    return SignInRefusedError(50027, "invalid_request", "JWT token is invalid or malformed.")


def wrong_key(reason: str, thumbprint: str) -> SignInRefusedError:
    return SignInRefusedError(
        700027,
        "invalid_client",
        f"Client assertion contains an invalid signature. [Reason - {reason}, Thumbprint of key used by client:"
        f" '{thumbprint}']",
        401,
    )


def stale_assertion(now: datetime, valid_from: datetime, expires: datetime) -> SignInRefusedError:
    return SignInRefusedError(
        700024,
        "invalid_client",
        f"Client assertion is not within its valid time range. Current time: {now:%Y-%m-%dT%H:%M:%SZ}, assertion"
        f" valid from {valid_from:%Y-%m-%dT%H:%M:%SZ}, expiry time of assertion {expires:%Y-%m-%dT%H:%M:%SZ}.",
        401,
    )


def foreign_assertion(subject: str, client_id: str) -> SignInRefusedError:
    return SignInRefusedError(
        700021,
        "invalid_client",
        f"Client assertion application identifier '{subject}' doesn't match 'client_id' parameter '{client_id}'.",
        401,
    )


def wrong_assertion_audience(audience: str) -> SignInRefusedError:
    return SignInRefusedError(
        700023,
        "invalid_client",
        f"Client assertion audience claim '{audience}' does not match Realm issuer.",
        401,
    )


def no_federation(code: int, what: str, value: str) -> SignInRefusedError:
    """`what` is the claim without a match: issuer (700211), audience (700212) or subject (700213)."""
    return SignInRefusedError(
        code,
        "invalid_client",
        f"No matching federated identity record found for presented assertion {what} '{value}'. Please check your"
        " federated identity credential Subject, Audience and Issuer against the presented assertion."
        " https://learn.microsoft.com/entra/workload-id/workload-identity-federation",
        401,
    )


def unreachable_issuer(issuer: str) -> SignInRefusedError:
    return SignInRefusedError(
        50166, "invalid_request", f"Request to External OIDC endpoint failed. Issuer: '{issuer}'."
    )


def wrong_federated_signature() -> SignInRefusedError:
    return SignInRefusedError(
        50013,
        "invalid_client",
        "Assertion failed signature validation. [Reason - The key was not found.]",
        401,
    )


def scope_without_default(scope: str) -> SignInRefusedError:
    return SignInRefusedError(
        1002012,
        "invalid_scope",
        f"The provided value for scope {scope} is not valid. Client credential flows must have a scope value with"
        " /.default suffixed to the resource identifier (application ID URI).",
    )


def several_scopes(scope: str) -> SignInRefusedError:
    return SignInRefusedError(
        70011,
        "invalid_scope",
        "The provided request must include a 'scope' input parameter. The provided value for the input parameter"
        f" 'scope' is not valid. The scope {scope} is not valid.",
    )


def unknown_resource(resource: str, tenant_name: str) -> SignInRefusedError:
    return SignInRefusedError(
        500011,
        "invalid_resource",
        f"The resource principal named {resource} was not found in the tenant named {tenant_name}. This can"
        " happen if the application has not been installed by the administrator of the tenant or consented to by"
        " any user in the tenant. You might have sent your authentication request to the wrong tenant.",
    )


def disabled_resource(resource: str) -> SignInRefusedError:
    return SignInRefusedError(
        500014,
        "invalid_resource",
        f"The service principal for resource '{resource}' is disabled.",
    )


def not_assigned(app_id: str, name: str, resource_id: str, resource_name: str) -> SignInRefusedError:
    return SignInRefusedError(
        501051,
        "invalid_grant",
        f"Application '{app_id}'({name}) is not assigned to a role for the application"
        f" '{resource_id}'({resource_name}).",
    )


def too_many_requests() -> SignInRefusedError:
    return SignInRefusedError(
        90055,
        "temporarily_unavailable",
        "There are too many incoming requests. Please wait and retry.",
        429,
    )


def directory_unavailable(status: int) -> SignInRefusedError:
    return SignInRefusedError(
        90033, "temporarily_unavailable", "A transient error has occurred. Please try again.", status
    )
