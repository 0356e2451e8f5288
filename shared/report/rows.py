"""The report's data: holders from the directory, rows of the report."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.model.directory import CredentialHolder, HeldCredential


class Urgency(StrEnum):
    """How soon somebody has to do something."""

    ACT = "act"
    WATCH = "watch"
    FINE = "fine"


@dataclass(frozen=True, slots=True)
class Advice:
    """Advice on one credential: a stable code, and a sentence for people."""

    code: str
    text: str
    urgency: Urgency


@dataclass(frozen=True, slots=True)
class Row:
    """One credential of the report. `owners` is None if not looked up: unknown, not none."""

    holder: CredentialHolder
    credential: HeldCredential
    is_managed: bool
    vault_secret: str | None
    """The Key Vault secret that holds its value, if it is managed."""
    owners: tuple[str, ...] | None
    advice: Advice


@dataclass(frozen=True)
class Report:
    """All rows, by expiry, as of the start of the listings.

    `owners_not_looked_up` counts the holders whose owners could not be looked up in time.
    """

    as_of: datetime
    tenant_id: str
    rows: tuple[Row, ...]
    owners_not_looked_up: int = 0
