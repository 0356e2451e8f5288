"""Naming rules for requests, and the marks by which the registrar recognises its own objects."""

import re

ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
"""Request ids and sources."""
OPERATION_ID_PATTERN = r"^[0-9a-f]{32}$"
UNIQUE_NAME_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$"
UNIQUE_NAME_LENGTH = 64
CREDENTIAL_NAME_LENGTH = 40
OWN_SOURCE = "registrar"
"""Source of the registrar's own requests; no message from outside may use it."""
PENDING = "pending"
"""Reserved as a credential name: rotation stores unproven values under `…--pending`."""

APPLICATION_TAG = "registrar"
"""Tag on every application the registrar manages."""
CREDENTIAL_MARK = "reg:"
VAULT_URL_PATTERN = r"^https://[A-Za-z0-9-]{3,24}\.vault\.(azure\.(net|cn)|usgovcloudapi\.net)/?$"
SECRET_CONTENT_TYPE = "application/vnd.registrar.client-secret"  # noqa: S105  a media type
CERTIFICATE_CONTENT_TYPE = "application/x-pkcs12"
"""Of the secret in which Key Vault stores a certificate with its private key: PFX without a password, in base64."""

INTAKE_QUEUE = "app-registrations"
POISON_QUEUE = "app-registrations-poison"
WEBHOOK_REQUESTS_QUEUE = "webhook-requests"
"""Requests from a verified source; only the app itself writes here."""
WEBHOOK_REQUESTS_POISON_QUEUE = "webhook-requests-poison"
WORK_QUEUE = "app-registration-work"
WORK_POISON_QUEUE = "app-registration-work-poison"
RESULTS_QUEUE = "app-registration-results"
EVENTS_QUEUE = "registrar-events"
ROTATIONS_QUEUE = "credential-rotations"
ROTATIONS_POISON_QUEUE = "credential-rotations-poison"
DECISIONS_QUEUE = "approval-decisions"
DECISIONS_POISON_QUEUE = "approval-decisions-poison"
TICKET_UPDATES_QUEUE = "ticket-updates"
TICKET_UPDATES_POISON_QUEUE = "ticket-updates-poison"

OPERATIONS_TABLE = "operations"
APPLICATIONS_TABLE = "applications"
UNSETTLED_TABLE = "unsettled"
CLEANUPS_TABLE = "cleanups"
BACKOFF_TABLE = "backoff"
DUE_TABLE = "due"
REQUEST_COUNTS_TABLE = "requestcounts"
AUDIT_OUTBOX_TABLE = "auditoutbox"
AUDIT_TABLE = "audit"
TICKET_UPDATES_TABLE = "ticketupdates"
NARROWING = "narrowing"
"""Row of an app's clean-up entry for what is being taken back; other entries' rows are operation ids."""
CLAIM_ROW = "claim"
"""Row of a claim in the operations table, followed by `-` and the channel, except in version 1."""
LEASES_CONTAINER = "application-leases"
REPORTS_CONTAINER = "reports"
AUDIT_ANCHORS_CONTAINER = "audit-anchors"

CLIENT_ID_PLACEHOLDER = "{clientId}"
"""Stands for the client id in a requested redirect URI, as it is unknown until the application is created."""

_OPERATION_MARK = re.compile(rf"^{CREDENTIAL_MARK}([0-9a-f]{{32}})(?: |$)")


def is_claim_row(row_key: str) -> bool:
    """Return whether a row of the operations table is a claim, of version 1 or of a channel."""
    return row_key == CLAIM_ROW or row_key.startswith(f"{CLAIM_ROW}-")


def with_client_id(text: str, client_id: str) -> str:
    """Return a redirect URI, or a scheme from policy, with the client id filled in."""
    return text.replace(CLIENT_ID_PLACEHOLDER, client_id)


def vault_secret_name(unique_name: str, credential: str) -> str:
    """Return the name of the Key Vault secret that clients read: at most 106 of Key Vault's 127 characters."""
    return f"{unique_name}--{credential}"


def pending_secret_name(unique_name: str, credential: str) -> str:
    """Return the name of the Key Vault secret that holds a value until a sign-in proves it: at most 115 characters."""
    return f"{vault_secret_name(unique_name, credential)}--{PENDING}"


def secret_of(secret_name: str) -> tuple[str, str] | None:
    """Parse the app and the credential from the name of a secret that clients read; None for any other name.

    Only the secret's tags say whether it is ours.
    """
    unique_name, _, credential = secret_name.partition("--")
    fits = len(unique_name) <= UNIQUE_NAME_LENGTH and len(credential) <= CREDENTIAL_NAME_LENGTH
    is_named = all(re.fullmatch(UNIQUE_NAME_PATTERN[1:-1], each) for each in (unique_name, credential))
    return (unique_name, credential) if fits and is_named and credential != PENDING else None


def is_pending(secret_name: str) -> bool:
    """Return whether this is a pending name, which clients never read; no credential can be called `pending`."""
    return secret_name.endswith(f"--{PENDING}")


def promoted_name(secret_name: str) -> str:
    """Return the name under which clients read a pending value once it is promoted."""
    return secret_name.removesuffix(f"--{PENDING}")


def credential_display_name(operation_id: str, description: str) -> str:
    """Return the display name of one of our credentials: the mark of its operation, then the description."""
    return f"{CREDENTIAL_MARK}{operation_id} {description}".rstrip()


def unsettled_row(operation_id: str, generation: int) -> str:
    """Return a generation's row key in the unsettled list: a late update of one never unlists the next."""
    return operation_id if generation == 1 else f"{operation_id}-{generation}"


def operation_of(display_name: str | None) -> str | None:
    """Parse the operation id from a credential's display name; None if the mark is not ours."""
    found = _OPERATION_MARK.match(display_name or "")
    return found.group(1) if found else None


def description_of(display_name: str | None) -> str:
    """Parse the description from a credential's display name; empty if the mark is not ours."""
    found = _OPERATION_MARK.match(display_name or "")
    return (display_name or "")[found.end() :] if found else ""


def portal_url(client_id: str) -> str:
    """Return the URL of the app registration in the Azure portal."""
    return (
        f"https://portal.azure.com/#view/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~/Overview/appId/{client_id}"
    )
