"""What the report is made of: holders as the directory shows them, rows as the report tells them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from shared.model import CredentialType

type HolderKind = Literal["application", "servicePrincipal"]


@dataclass(frozen=True, slots=True)
class HeldCredential:
    """A client secret or a certificate as a listing shows it: never its value."""

    type: CredentialType
    key_id: str
    display_name: str | None
    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class CredentialHolder:
    """An application or a service principal with at least one credential."""

    kind: HolderKind
    object_id: str
    app_id: str
    display_name: str
    unique_name: str | None
    credentials: tuple[HeldCredential, ...]
    is_renewed_by_platform: bool = False
    """A managed identity: Azure replaces its certificate itself."""


class Urgency(StrEnum):
    """How soon somebody has to do something."""

    ACT = "act"
    WATCH = "watch"
    FINE = "fine"


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do about one credential: a stable code, and a sentence for people."""

    code: str
    text: str
    urgency: Urgency


@dataclass(frozen=True, slots=True)
class Row:
    """One credential of the report. `owners` is None where nobody looked them up: unknown, not none."""

    holder: CredentialHolder
    credential: HeldCredential
    is_managed: bool
    vault_secret: str | None
    """The Key Vault secret that holds its value, if it is managed."""
    owners: tuple[str, ...] | None
    advice: Advice


@dataclass(frozen=True)
class Report:
    """All rows, by expiry, as of the moment at which the listings began.

    `owners_not_looked_up` counts the holders whose owners could not be looked up in time.
    """

    as_of: datetime
    tenant_id: str
    rows: tuple[Row, ...]
    owners_not_looked_up: int = 0


type Format = Literal["html", "csv", "json"]
FORMATS: tuple[Format, ...] = ("html", "csv", "json")
"""In the order in which they are written: JSON comes last, and says that the report is complete."""


@dataclass(frozen=True)
class StoredReport:
    """The report in one of its formats, as it was written."""

    as_of: datetime
    content: bytes
