"""Our last writes to an app, kept until a read shows them."""

from collections.abc import Iterable
from datetime import datetime

from shared.model.convergence import COLLECTIONS, covers
from shared.model.directory import ApplicationState, Consent, KeyCredential, PermissionType, StoredModel


class ApplicationWrite(StoredModel, frozen=True):
    """Our last write to an application: what it wrote, and what it removed."""

    at: datetime
    wrote: ApplicationState
    removed: ApplicationState | None = None
    repeats: datetime | None = None
    """When the same was written before without a response: that write may still arrive and overwrite a later one."""
    over: datetime | None = None
    """When something else was written before. Until this write is answered, a read that shows it may predate both, from
    a time when the application looked the same."""

    def is_reflected_in(self, seen: ApplicationState) -> bool:
        """Return whether a read shows this write: everything written is present, nothing removed is."""
        if not covers(seen, self.wrote):
            return False
        return self.removed is None or not any(
            getattr(seen, name) & getattr(self.removed, name) for name in COLLECTIONS
        )


def application_write(
    at: datetime, seen: ApplicationState | None, merged: ApplicationState, last: ApplicationWrite | None = None
) -> ApplicationWrite:
    """Describe the write of `merged` over `seen`, after our `last` one, for comparison with later reads."""
    is_same = last is not None and last.wrote == merged
    before = last.at if last is not None else None
    write = ApplicationWrite(at=at, wrote=merged, repeats=before if is_same else None, over=None if is_same else before)
    if seen is None:
        return write
    gone = {name: getattr(seen, name) - getattr(merged, name) for name in COLLECTIONS}
    return write.model_copy(update={"removed": merged.model_copy(update=gone)})


class ConsentWrite(StoredModel, frozen=True):
    """Our last write to an app's consents: what it left granted by us, and what it removed."""

    at: datetime
    wrote: frozenset[Consent]
    removed: frozenset[Consent] = frozenset()

    def is_reflected_in(self, seen: frozenset[Consent], types: frozenset[PermissionType]) -> bool:
        """Return whether a read of these types shows this write; each type is a separate list."""
        wrote = {consent for consent in self.wrote if consent.type in types}
        return seen >= wrote and not seen & self.removed


class KeyWrite(StoredModel, frozen=True):
    """Our last write of an app's list of certificates, which Graph replaces whole: what it added or removed."""

    at: datetime
    added: str = ""
    """Thumbprint of a certificate."""
    removed: str = ""
    """keyId of a certificate."""

    def is_reflected_in(self, keys: Iterable[KeyCredential]) -> bool:
        """Return whether a read shows this write; a list built on an older read would undo it."""
        seen = tuple(keys)
        is_added = not self.added or any(key.thumbprint == self.added for key in seen)
        return is_added and all(key.key_id != self.removed for key in seen)
