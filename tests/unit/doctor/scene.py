"""A tenant in which all is well, as evidence; tests change one thing and see whether it is noticed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from doctor.evidence import (
    Application,
    AuditEntry,
    Claim,
    Consent,
    Evidence,
    Password,
    Permission,
    PermissionType,
    Record,
    RequiredPermission,
    SecretVersion,
    Seen,
    ServicePrincipal,
    VaultSecret,
)
from doctor.finding import Finding, Invariant
from doctor.invariants import breaches
from doctor.patience import Patience
from shared.policy.policy_file import ApiRules, Policy

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=3)
OPERATION = "a" * 32
TWINS = "0b07f429-9f4b-4714-9392-cc5e8e80c8b0"
READ_WRITE = "4589bd03-58cb-4e6c-b17f-b580e39652f8"
POLICY = Policy(version="1", apis=(ApiRules(name="Twins", app_id=TWINS, delegated=("Read.Write",)),))
AT_REST = Patience(settling=timedelta(0), lag=timedelta(0), at_rest=True)

PASSWORD = Password("key-1", f"reg:{OPERATION} for the client", LONG_AGO, NOW + timedelta(days=90))
APP = Application(
    object_id="object-1",
    client_id="client-1",
    unique_name="app",
    display_name="App",
    tags=frozenset({"registrar"}),
    passwords=(PASSWORD,),
    required=frozenset({RequiredPermission(TWINS, READ_WRITE, "Scope")}),
)
FOREIGN_APP = Application("object-9", "client-9", None, "Payroll", passwords=(Password("key-9", "by hand"),))
TWINS_API = ServicePrincipal("twins", TWINS, "Twins", (Permission(READ_WRITE, "Read.Write", "Scope"),))
CONSENT = Consent("principal-1", "twins", "Scope", "Read.Write")
TAGS = {"managedBy": "registrar", "uniqueName": "app", "keyId": "key-1", "operationId": OPERATION}
VERSION = SecretVersion("v1", True, LONG_AGO, NOW + timedelta(days=90), TAGS, signs_in=True)
SECRET = VaultSecret("https://contoso.vault.azure.net", "app--client-secret", (VERSION,))
RECORD = Record(
    id=OPERATION,
    source="queue",
    request_id="R1",
    unique_name="app",
    display_name="App",
    state="completed",
    generation=1,
    sequence=1,
    accepted_at=LONG_AGO,
    started_at=LONG_AGO,
    credentials=("client-secret",),
    answer_time=LONG_AGO,
    answered_at=LONG_AGO,
)
RUNNING = replace(RECORD, state="running", started_at=NOW - timedelta(minutes=1), answer_time=None, answered_at=None)
SOUND = Evidence(
    now=NOW,
    applications=Seen((APP, FOREIGN_APP)),
    principals=Seen((TWINS_API, ServicePrincipal("principal-1", "client-1", "App"))),
    consents=Seen((CONSENT,)),
    secrets=Seen((SECRET,)),
    records=Seen((RECORD,)),
    claims=Seen((Claim("queue", "R1", OPERATION, LONG_AGO),)),
)


GIVEN: tuple[tuple[str, str, PermissionType], ...] = ((TWINS, READ_WRITE, "Scope"),)


def noted(operation: str = OPERATION, consented: tuple[tuple[str, str, PermissionType], ...] = GIVEN) -> AuditEntry:
    """What the audit record says of a completed change to the app."""
    return AuditEntry("settled", operation, "app", "completed", frozenset(consented))


def found(evidence: Evidence, patience: Patience | None = None) -> list[Finding[Invariant]]:
    """What the checker finds."""
    return breaches(evidence, POLICY, patience)


def texts(evidence: Evidence, patience: Patience | None = None) -> str:
    """The same as one text."""
    return "\n".join(map(str, found(evidence, patience)))
