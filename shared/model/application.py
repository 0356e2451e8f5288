"""What is kept of an app between operations: its owner, the order of its changes, and our last writes.

An index, not the source of truth: it can be rebuilt from Entra and the vault's tags. Losing it loses only the record of
what we added ourselves, so a change then adds and removes nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import Field

from shared.model.directory import ApplicationState, Consent, StoredModel
from shared.model.holdings import Going, Holdings
from shared.model.person import Person
from shared.model.writes import ApplicationWrite, ConsentWrite, KeyWrite


class ApplicationRecord(StoredModel, frozen=True):
    """One app, keyed by uniqueName."""

    schema_version: Literal["1"] = "1"
    unique_name: str
    owner: str | None = None
    """Address of the person who may change the app; set by the first request that gets to write."""
    owner_id: str | None = None
    """The owner's directory object id. Once known, only it counts: an address may be reassigned."""
    founded_by: str | None = None
    """Operation that creates the app. Its request may name another owner; later requests cannot."""
    last_sequence: int = 0
    """Sequence number of the newest accepted change."""
    applied_sequence: int = 0
    """Of the newest completed change."""
    begun_sequence: int = 0
    """Of the newest change that has begun to write; older ones yield to it while it runs."""
    begun_by: str | None = None
    """That change's operation."""
    ticket_source: str | None = None
    ticket: str | None = None
    """Address of the ticket of the last registration that had one: it receives later news of the app."""
    object_id: str | None = None
    client_id: str | None = None
    service_principal_id: str | None = None
    principal_written_at: datetime | None = None
    applied: ApplicationState | None = None
    """State requested by our completed or begun changes. Its collections contain what is ours until it is seen gone:
    the `previous` of the next three-way merge."""
    granted: frozenset[Consent] = frozenset()
    """Our consents, until they are seen gone."""
    given: dict[str, frozenset[Consent]] = Field(default_factory=dict[str, frozenset[Consent]])
    """Our consents by the operation that gave them last. The next completed change takes them over."""
    answered: dict[str, str] = Field(default_factory=dict[str, str])
    """keyId that a completed change last found or issued, by credential name: other operations never roll it back."""
    answered_by: dict[str, str] = Field(default_factory=dict[str, str])
    """The only operation that has answered that keyId, by credential name: it may be superseded before its requester
    is told, and its own roll-back then removes the credential. No entry if several have, or in old rows."""
    withdrawn: dict[str, str] = Field(default_factory=dict[str, str])
    """Vault version that was last rolled back and disabled, by credential name: it was never answered."""
    lifetimes: dict[str, int] = Field(default_factory=dict[str, int])
    """Requested lifetime in days, by credential name; rotations may have shortened it since."""
    found: Holdings = Holdings()
    """Elements that already existed when a request first asked for them: they belong to others, and stay."""
    going: tuple[Going, ...] = ()
    """What of ours is being taken back and not yet confirmed gone; it has a clean-up entry."""
    added_at: datetime | None = None
    """When we last added to the application's collections: a read may predate it."""
    given_at: datetime | None = None
    """The same for consents."""
    application_write: ApplicationWrite | None = None
    consent_write: ConsentWrite | None = None
    key_write: KeyWrite | None = None

    @property
    def ours(self) -> Holdings:
        """Everything that is ours, including what is being taken back."""
        return Holdings.of(self.applied) | Holdings(consents=self.granted)

    def given_by(self, operation_id: str) -> frozenset[Consent]:
        """Return the consents given by an operation that were neither taken over by another nor seen gone."""
        if not self.given and self.applied_sequence == 0 and self.founded_by == operation_id:
            return self.granted  # a row older than this field: no other operation can have given any
        return self.given.get(operation_id, frozenset[Consent]()) & self.granted

    def giving(self, operation_id: str, add: frozenset[Consent]) -> dict[str, frozenset[Consent]]:
        """Return the consents by operation after this one gives some."""
        left = {each: self.given_by(each) - add for each in self.given} | {
            operation_id: self.given_by(operation_id) | add
        }
        return {each: given for each, given in left.items() if given}

    def made_own_by(self, operation_id: str) -> dict[str, frozenset[Consent]]:
        """Return the consents by operation after this one completes: what others gave no longer counts as theirs."""
        given = self.given_by(operation_id)
        return {operation_id: given} if given else {}

    def answered_to_others(self, operation_id: str) -> frozenset[str]:
        """Return the keyIds that may have been answered to requesters of other operations."""
        return frozenset(key_id for name, key_id in self.answered.items() if self.answered_by.get(name) != operation_id)

    def answering(self, operation_id: str, key_ids: Mapping[str, str]) -> dict[str, dict[str, str]]:
        """Return the record's changes when an operation answers these keyIds, by credential name."""
        alone = {
            name: operation_id
            for name, key_id in key_ids.items()
            if self.answered.get(name) != key_id or self.answered_by.get(name) == operation_id
        }
        others = {name: by for name, by in self.answered_by.items() if name not in key_ids}
        return {"answered": self.answered | dict(key_ids), "answered_by": others | alone}

    @property
    def written_at(self) -> datetime | None:
        """When we last wrote the application: references to it may be refused while that is replicated."""
        return self.application_write.at if self.application_write is not None else None

    @property
    def consents_written_at(self) -> tuple[datetime | None, datetime | None]:
        """When we last wrote the service principal, which consents refer to, and the consents themselves."""
        return self.principal_written_at, self.consent_write.at if self.consent_write is not None else None

    @property
    def last_added(self) -> datetime | None:
        """When the application's collections were last added to; in old rows, when it was last written."""
        return self.added_at or self.written_at

    @property
    def last_given(self) -> datetime | None:
        """When a consent was last given; in old rows, when consents were last written."""
        return self.given_at or (self.consent_write.at if self.consent_write is not None else None)

    @property
    def owned_by(self) -> Person | None:
        """The app's owner; None if unknown."""
        return Person(self.owner, self.owner_id) if self.owner or self.owner_id else None

    @property
    def known_since(self) -> datetime | None:
        """Earliest time at which the record proves that the app existed: later people did not create it."""
        writes = (self.application_write, self.consent_write, self.key_write)
        moments = [self.principal_written_at, *(write.at for write in writes if write is not None)]
        return min((moment for moment in moments if moment is not None), default=None)
