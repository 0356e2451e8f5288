"""What to write, decided purely from what is wanted, what was wanted before, and what the directory shows.

Graph replaces collections whole, and an app registration is also edited by people and other tools. So every
collection is merged three ways: what we asked for before and no longer want goes, what we want comes, and what
others added stays.
"""

from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta

from shared.model import ApplicationState, StoredModel

_COLLECTIONS = (
    "public_client_redirect_uris",
    "web_redirect_uris",
    "spa_redirect_uris",
    "required_permissions",
    "tags",
)
_SCALARS = (
    "display_name",
    "sign_in_audience",
    "is_fallback_public_client",
    "enable_id_token_issuance",
    "enable_access_token_issuance",
)


def merge_set[T](seen: AbstractSet[T], wanted: AbstractSet[T], previous: AbstractSet[T]) -> frozenset[T]:
    """Add what is wanted, drop what was ours and no longer is, keep what others added."""
    return frozenset((seen - (previous - wanted)) | wanted)


def merge(
    seen: ApplicationState | None, wanted: ApplicationState, previous: ApplicationState | None
) -> ApplicationState:
    """Return the state to write: scalars as wanted, collections merged three ways.

    The version of access tokens stays what it is where the audience does not ask for one.
    """
    if seen is None:
        return wanted
    merged: dict[str, object] = {
        name: merge_set(getattr(seen, name), getattr(wanted, name), getattr(previous, name, frozenset()))
        for name in _COLLECTIONS
    }
    if wanted.requested_access_token_version is None:
        merged["requested_access_token_version"] = seen.requested_access_token_version
    return wanted.model_copy(update=merged)


def covers(seen: ApplicationState, wanted: ApplicationState) -> bool:
    """Say whether everything wanted is there; what others added, or set where nothing is wanted, is no fault."""
    version = wanted.requested_access_token_version if wanted.has_personal_accounts else None
    if version is not None and seen.requested_access_token_version != version:
        return False
    return all(getattr(seen, name) == getattr(wanted, name) for name in _SCALARS) and all(
        getattr(seen, name) >= getattr(wanted, name) for name in _COLLECTIONS
    )


class ApplicationWrite(StoredModel, frozen=True):
    """Our last write to an application: what it wrote, and what it took away."""

    at: datetime
    wrote: ApplicationState
    removed: ApplicationState | None = None
    repeats: datetime | None = None
    """When the same was written before without an answer: that write may still arrive, over whatever comes next."""
    over: datetime | None = None
    """When something else was written before. Until this write is answered, a read that shows it may be older than
    both, from a time when the application looked the same."""

    def is_reflected_in(self, seen: ApplicationState) -> bool:
        """Say whether a read shows this write: everything written is there, nothing removed is."""
        if not covers(seen, self.wrote):
            return False
        return self.removed is None or not any(
            getattr(seen, name) & getattr(self.removed, name) for name in _COLLECTIONS
        )


def application_write(
    at: datetime, seen: ApplicationState | None, merged: ApplicationState, last: ApplicationWrite | None = None
) -> ApplicationWrite:
    """Describe the write of `merged` over `seen`, after our `last` one, for later reads to be compared with."""
    is_same = last is not None and last.wrote == merged
    before = last.at if last is not None else None
    write = ApplicationWrite(at=at, wrote=merged, repeats=before if is_same else None, over=None if is_same else before)
    if seen is None:
        return write
    gone = {name: getattr(seen, name) - getattr(merged, name) for name in _COLLECTIONS}
    return write.model_copy(update={"removed": merged.model_copy(update=gone)})


def within(window: timedelta, at: datetime | None, now: datetime) -> bool:
    """Say whether `at` is so recent that a read may still be older than it."""
    return at is not None and now - at < window
