"""Key Vault's errors: `{"error": {"code", "message", "innererror": {"code"}}}`.

Codes: Microsoft Learn, "Azure Key Vault REST API error codes". Texts are those clients have reported.
"""

from collections.abc import Mapping

from starlette.responses import JSONResponse

from devstack.doubles.documents import Document
from devstack.doubles.tokens import Caller, RefusalReason, TokenRefusedError, issuer

AUDIENCES = ("https://vault.azure.net", "cfa8b339-82a2-471a-a3c9-0fc0be7a4093")


class KeyVaultError(Exception):
    """A call that Key Vault refuses; `inner` is the inner error's code, the one to decide on."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        inner: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.inner = inner
        self.headers = dict(headers or {})

    def answer(self) -> JSONResponse:
        """The error on the wire."""
        error: Document = {"code": self.code, "message": str(self)}
        if self.inner:
            error["innererror"] = {"code": self.inner}
        return JSONResponse({"error": error}, self.status, self.headers)


def challenge(tenant_id: str, refused: TokenRefusedError) -> KeyVaultError:
    """401 with the challenge from which a client learns tenant and resource."""
    expected = " or ".join((", ".join(AUDIENCES[:-1]), AUDIENCES[-1]))
    texts = {
        RefusalReason.MISSING: "AKV10000: Request is missing a Bearer or PoP token.",
        RefusalReason.WRONG_AUDIENCE: (f"AKV10022: Invalid audience. Expected {expected}, found: {refused.found}."),
        RefusalReason.WRONG_ISSUER: (
            f"AKV10032: Invalid issuer. Expected one of {issuer(tenant_id)}, found {refused.found}."
        ),
        RefusalReason.EXPIRED: "[TokenExpired] Error validating token: 'S2S12086'.",
        RefusalReason.NOT_YET_VALID: "[TokenNotYetValid] Error validating token: 'S2S12086'.",
    }
    message = texts.get(refused.reason, "[BearerReadAccessTokenFailed] Error validating token: 'S2S12005'.")
    header = f'Bearer authorization="https://login.microsoftonline.com/{tenant_id}", resource="{AUDIENCES[0]}"'
    return KeyVaultError(401, "Unauthorized", message, headers={"WWW-Authenticate": header})


def bad_parameter(message: str) -> KeyVaultError:
    return KeyVaultError(400, "BadParameter", message)


def invalid_name(name: str) -> KeyVaultError:
    return bad_parameter(f"The request URI contains an invalid name: {name}")


def invalid_value(name: str) -> KeyVaultError:
    return bad_parameter(f"Property {name} has invalid value\r\n")


def unknown_version(version: str) -> KeyVaultError:
    return bad_parameter(
        f"The specified version ({version}) is not recognized. Consider using the latest supported version"
        " (2026-04-01)."
    )


def unknown_vault(host: str) -> KeyVaultError:
    return KeyVaultError(404, "VaultNotFound", f"The vault {host} was not found.")


def not_found(kind: str, name: str) -> KeyVaultError:
    """`kind` is Secret or Certificate."""
    return KeyVaultError(
        404,
        f"{kind}NotFound",
        f"A {kind.lower()} with (name/id) {name} was not found in this key vault. If you recently deleted this"
        f" {kind.lower()} you may be able to recover it using the correct recovery command. For help resolving"
        " this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182",
    )


def deleted_but_recoverable(kind: str, name: str) -> KeyVaultError:
    return _conflict(
        f"{kind} {name} is currently in a deleted but recoverable state, and its name cannot be reused; in this"
        " state, the secret can only be recovered or purged.",
        "ObjectIsDeletedButRecoverable",
    )


def being_deleted(kind: str, name: str) -> KeyVaultError:
    return _conflict(
        f"{kind} {name} is currently being deleted and cannot be re-created; retry later.",
        "ObjectIsBeingDeleted",
    )


def being_recovered(kind: str, name: str) -> KeyVaultError:
    return _conflict(
        f"{kind} {name} is currently being recovered and cannot be re-created; retry later.",
        "ObjectIsBeingRecovered",
    )


def already_exists(kind: str, name: str) -> KeyVaultError:
    return _conflict(f"{kind} {name} already exists.", None)


def _conflict(message: str, inner: str | None) -> KeyVaultError:
    return KeyVaultError(409, "Conflict", message, inner)


def disabled(operation: str) -> KeyVaultError:
    return KeyVaultError(
        403, "Forbidden", f"Operation {operation} is not allowed on a disabled secret.", "SecretDisabled"
    )


def managed(operation: str) -> KeyVaultError:
    return KeyVaultError(
        403, "Forbidden", f"Operation {operation} is not allowed on a secret that belongs to a certificate."
    )


def purge_protected() -> KeyVaultError:
    return KeyVaultError(
        403,
        "Forbidden",
        'Operation "purge" is not allowed because purge protection is enabled for this vault. Key Vault service'
        " will automatically purge it after the retention period has passed.",
    )


def forbidden(caller: Caller, action: str, vault: Document, path: str) -> KeyVaultError:
    """No role of the caller allows the data action."""
    resource = f"/subscriptions/local/resourcegroups/local/providers/microsoft.keyvault/vaults/{vault['name']}{path}"
    message = "\r\n".join(
        (
            "Caller is not authorized to perform action on resource.",
            "If role assignments, deny assignments or role definitions were changed recently, please observe"
            " propagation time.",
            f"Caller: appid={caller.app_id};oid={caller.object_id};iss={issuer(caller.tenant_id)}",
            f"Action: 'Microsoft.KeyVault/vaults/{action}'",
            f"Resource: '{resource}'",
            "Assignment: (not found)",
            "DenyAssignmentId: null",
            "DecisionReason: null",
            f"Vault: {vault['name']};location={vault['location']}",
        )
    )
    return KeyVaultError(403, "Forbidden", message, "ForbiddenByRbac")


def throttled(retry_after: int = 0) -> KeyVaultError:
    """The captured answer of the service had no Retry-After, so 0 means none."""
    return KeyVaultError(
        429,
        "Throttled",
        "Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached",
        headers={"Retry-After": str(retry_after)} if retry_after else None,
    )


def unavailable(status: int) -> KeyVaultError:
    return KeyVaultError(status, "ServiceUnavailable" if status == 503 else "InternalServerError", "Try again.")
