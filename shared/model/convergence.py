"""Three-way merge of wanted, previously wanted and actual state into the state to write. Pure.

Graph replaces collections whole, and people and other tools also edit app registrations. So every collection is merged
three ways: what we wanted before and no longer want is removed, what we want is added, and what others added stays.
"""

from collections.abc import Set as AbstractSet

from shared.model.directory import ApplicationState

COLLECTIONS = (
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
    """Add what is wanted, remove what is ours and no longer wanted, keep what others added."""
    return frozenset((seen - (previous - wanted)) | wanted)


def merge(
    seen: ApplicationState | None, wanted: ApplicationState, previous: ApplicationState | None
) -> ApplicationState:
    """Return the state to write: scalars as wanted, collections merged three ways.

    The access token version stays unchanged unless the audience requires one.
    """
    if seen is None:
        return wanted
    merged: dict[str, object] = {
        name: merge_set(getattr(seen, name), getattr(wanted, name), getattr(previous, name, frozenset()))
        for name in COLLECTIONS
    }
    if wanted.requested_access_token_version is None:
        merged["requested_access_token_version"] = seen.requested_access_token_version
    return wanted.model_copy(update=merged)


def covers(seen: ApplicationState, wanted: ApplicationState) -> bool:
    """Return whether everything wanted is present; additions by others, and settings we want nothing of, are fine."""
    version = wanted.requested_access_token_version if wanted.has_personal_accounts else None
    if version is not None and seen.requested_access_token_version != version:
        return False
    return all(getattr(seen, name) == getattr(wanted, name) for name in _SCALARS) and all(
        getattr(seen, name) >= getattr(wanted, name) for name in COLLECTIONS
    )
