"""What we know of an app between operations: its owner, its order of changes, and our last writes.

An index, not the truth: it can be lost and rebuilt from Entra and the vault's tags. What is lost with it is the
memory of what we added ourselves, so a change then adds and removes nothing.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from shared.model import ApplicationState, Consent, KeyCredential, StoredModel
from shared.registration.convergence import ApplicationWrite


class ConsentWrite(StoredModel, frozen=True):
    """Our last write to an app's consents: what it left granted by us, and what it took away."""

    at: datetime
    wrote: frozenset[Consent]
    removed: frozenset[Consent] = frozenset()

    def is_reflected_in(self, seen: frozenset[Consent]) -> bool:
        """Say whether a read shows this write."""
        return seen >= self.wrote and not seen & self.removed


class KeyWrite(StoredModel, frozen=True):
    """Our last write of an app's list of certificates, which Graph replaces whole: what it added or took away."""

    at: datetime
    added: str = ""
    """Thumbprint of a certificate."""
    removed: str = ""
    """keyId of one."""

    def is_reflected_in(self, keys: Iterable[KeyCredential]) -> bool:
        """Say whether a read shows this write: a list built on an older read would undo it."""
        seen = tuple(keys)
        is_added = not self.added or any(key.thumbprint == self.added for key in seen)
        return is_added and all(key.key_id != self.removed for key in seen)


class ApplicationRecord(StoredModel, frozen=True):
    """One app, keyed by uniqueName."""

    schema_version: Literal["1"] = "1"
    unique_name: str
    owner: str | None = None
    """Who may change the app; set by the first request that gets to write."""
    last_sequence: int = 0
    """Handed out to the newest accepted change."""
    applied_sequence: int = 0
    """Of the newest change that was completed."""
    ticket_source: str | None = None
    ticket: str | None = None
    """Where the ticket of the last registration lies that had one: what befalls the app later is told there."""
    object_id: str | None = None
    client_id: str | None = None
    service_principal_id: str | None = None
    principal_written_at: datetime | None = None
    applied: ApplicationState | None = None
    """What our completed or begun changes asked for: the `previous` of the next three-way merge."""
    granted: frozenset[Consent] = frozenset()
    """The consents that we gave and still stand behind."""
    application_write: ApplicationWrite | None = None
    consent_write: ConsentWrite | None = None
    key_write: KeyWrite | None = None
