"""What we know of an app between operations: its owner, its order of changes, and our last writes.

An index, not the truth: it can be lost and rebuilt from Entra and the vault's tags. What is lost with it is the
memory of what we added ourselves, so a change then adds and removes nothing.
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
    """Who may change the app, as an address; set by the first request that gets to write."""
    owner_id: str | None = None
    """The same person as an object of the directory. Once it is known, it alone counts: an address may be inherited."""
    founded_by: str | None = None
    """Operation that brings the app about. Its request may name another owner; a later one's does not count."""
    last_sequence: int = 0
    """Handed out to the newest accepted change."""
    applied_sequence: int = 0
    """Of the newest change that was completed."""
    begun_sequence: int = 0
    """Of the newest change that has begun to write; while it is at work, older ones stand back."""
    begun_by: str | None = None
    """That change's operation."""
    ticket_source: str | None = None
    ticket: str | None = None
    """Where the ticket of the last registration lies that had one: what befalls the app later is told there."""
    object_id: str | None = None
    client_id: str | None = None
    service_principal_id: str | None = None
    principal_written_at: datetime | None = None
    applied: ApplicationState | None = None
    """What our completed or begun changes asked for. Its collections hold what is ours, until it is seen gone: the
    `previous` of the next three-way merge."""
    granted: frozenset[Consent] = frozenset()
    """The consents that are ours, until they are seen gone."""
    given: dict[str, frozenset[Consent]] = Field(default_factory=dict[str, frozenset[Consent]])
    """Consents of ours by the operation that gave them last. The next change that is completed makes them its own."""
    answered: dict[str, str] = Field(default_factory=dict[str, str])
    """keyId that a completed change found or issued last, by credential name: another's roll-back leaves it alone."""
    answered_by: dict[str, str] = Field(default_factory=dict[str, str])
    """The operation that alone has answered that keyId, by credential name: it may still be overtaken before its
    requester is told, and then its own roll-back takes the credential. No entry where several have, or in old rows."""
    withdrawn: dict[str, str] = Field(default_factory=dict[str, str])
    """Vault version that was rolled back and disabled last, by credential name: nobody was told of it."""
    lifetimes: dict[str, int] = Field(default_factory=dict[str, int])
    """Days that requests asked credentials to live, by credential name; rotations may have shortened them since."""
    found: Holdings = Holdings()
    """What requests ask for and others had made when it was first asked for: it is theirs, and stays."""
    going: tuple[Going, ...] = ()
    """What of ours is being taken back, and was not yet surely seen gone; a clean-up entry stands for it."""
    added_at: datetime | None = None
    """When a write of ours last added to the application's collections: a read may be older than that."""
    given_at: datetime | None = None
    """The same of consents."""
    application_write: ApplicationWrite | None = None
    consent_write: ConsentWrite | None = None
    key_write: KeyWrite | None = None

    @property
    def ours(self) -> Holdings:
        """Everything that is ours, what is going included."""
        return Holdings.of(self.applied) | Holdings(consents=self.granted)

    def given_by(self, operation_id: str) -> frozenset[Consent]:
        """Return the consents that an operation gave, nobody has made their own, and nobody has seen gone."""
        if not self.given and self.applied_sequence == 0 and self.founded_by == operation_id:
            return self.granted  # a row of before that was kept: nobody else can have given any
        return self.given.get(operation_id, frozenset[Consent]()) & self.granted

    def giving(self, operation_id: str, add: frozenset[Consent]) -> dict[str, frozenset[Consent]]:
        """Return by which operations consents were given once this one gives some."""
        left = {each: self.given_by(each) - add for each in self.given} | {
            operation_id: self.given_by(operation_id) | add
        }
        return {each: given for each, given in left.items() if given}

    def made_own_by(self, operation_id: str) -> dict[str, frozenset[Consent]]:
        """Return the same once this operation is completed: of what others gave, everything that is left is its own."""
        given = self.given_by(operation_id)
        return {operation_id: given} if given else {}

    def answered_to_others(self, operation_id: str) -> frozenset[str]:
        """Return the keyIds of which the requester of another operation may have been told."""
        return frozenset(key_id for name, key_id in self.answered.items() if self.answered_by.get(name) != operation_id)

    def answering(self, operation_id: str, key_ids: Mapping[str, str]) -> dict[str, dict[str, str]]:
        """Return what of the record changes when an operation answers these keyIds, by credential name."""
        alone = {
            name: operation_id
            for name, key_id in key_ids.items()
            if self.answered.get(name) != key_id or self.answered_by.get(name) == operation_id
        }
        others = {name: by for name, by in self.answered_by.items() if name not in key_ids}
        return {"answered": self.answered | dict(key_ids), "answered_by": others | alone}

    @property
    def written_at(self) -> datetime | None:
        """When we last wrote the application: what refers to it may be refused while that is replicated."""
        return self.application_write.at if self.application_write is not None else None

    @property
    def consents_written_at(self) -> tuple[datetime | None, datetime | None]:
        """When we last wrote what consents refer to: the service principal, and the consents themselves."""
        return self.principal_written_at, self.consent_write.at if self.consent_write is not None else None

    @property
    def last_added(self) -> datetime | None:
        """When the application's collections were last added to; rows of before tell only when it was written."""
        return self.added_at or self.written_at

    @property
    def last_given(self) -> datetime | None:
        """When a consent was last given; rows of before tell only when consents were written."""
        return self.given_at or (self.consent_write.at if self.consent_write is not None else None)

    @property
    def owned_by(self) -> Person | None:
        """Who owns the app; None when nobody knows."""
        return Person(self.owner, self.owner_id) if self.owner or self.owner_id else None

    @property
    def known_since(self) -> datetime | None:
        """When the app was there for certain, as early as its record tells: whoever came later did not found it."""
        writes = (self.application_write, self.consent_write, self.key_write)
        moments = [self.principal_written_at, *(write.at for write in writes if write is not None)]
        return min((moment for moment in moments if moment is not None), default=None)
