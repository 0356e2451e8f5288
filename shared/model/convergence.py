"""What to write, decided purely from what is wanted, what was wanted before, and what the directory shows.

Graph replaces collections whole, and an app registration is also edited by people and other tools. So every
collection is merged three ways: what we asked for before and no longer want goes, what we want comes, and what
others added stays.
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
        for name in COLLECTIONS
    }
    if wanted.requested_access_token_version is None:
        merged["requested_access_token_version"] = seen.requested_access_token_version
    return wanted.model_copy(update=merged)


def covers(seen: ApplicationState, wanted: ApplicationState) -> bool:
    """Return whether everything wanted is there; what others added, or set where nothing is wanted, is no fault."""
    version = wanted.requested_access_token_version if wanted.has_personal_accounts else None
    if version is not None and seen.requested_access_token_version != version:
        return False
    return all(getattr(seen, name) == getattr(wanted, name) for name in _SCALARS) and all(
        getattr(seen, name) >= getattr(wanted, name) for name in COLLECTIONS
    )
