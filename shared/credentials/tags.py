"""The fifteen tags of a managed secret, version 1: enough to rebuild every index from the vault alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from shared.core.naming import pending_secret_name, vault_secret_name
from shared.core.text import utc_text
from shared.model.vault import VaultEntry

SCHEMA_VERSION = "1"
MANAGED_BY = "registrar"
TAG_NAMES = (
    "schema",
    "managedBy",
    "uniqueName",
    "clientId",
    "credential",
    "type",
    "keyId",
    "operationId",
    "requestId",
    "owner",
    "lifetimeDays",
    "rotateBeforeDays",
    "overlapDays",
    "previousKeyId",
    "retireAfter",
)
"""Key Vault allows exactly fifteen tags on a secret (Microsoft Learn, "About Key Vault secrets")."""


def belongs_to(tags: Mapping[str, str], unique_name: str, credential: str) -> bool:
    """Return whether a secret with these tags is the registrar's for this app and credential."""
    return (
        tags.get("managedBy") == MANAGED_BY
        and tags.get("uniqueName") == unique_name
        and tags.get("credential") == credential
    )


def ours(versions: Sequence[VaultEntry]) -> tuple[VaultEntry, ...]:
    """Return the versions that the registrar stored: their tags name this very secret, unlike those set by hand."""
    return tuple(entry for entry in versions if _is_ours(entry))


def _is_ours(entry: VaultEntry) -> bool:
    unique_name, credential = entry.tags.get("uniqueName", ""), entry.tags.get("credential", "")
    names = (vault_secret_name(unique_name, credential), pending_secret_name(unique_name, credential))
    return entry.tags.get("managedBy") == MANAGED_BY and entry.name in names


@dataclass(frozen=True)
class SecretTags:
    """The tags as values. `operation_id` and `request_id` are those that issued the credential."""

    unique_name: str
    client_id: str
    credential: str
    type: str
    key_id: str
    operation_id: str
    request_id: str
    owner: str
    lifetime_days: int
    rotate_before_days: int
    overlap_days: int
    previous_key_id: str = ""
    """The credential that this one replaced, if any."""
    retire_after: datetime | None = None
    """When the replaced one is removed."""

    def to_tags(self) -> dict[str, str]:
        """Return all fifteen. Times are ISO 8601 in UTC; tags that do not apply are empty."""
        values = (
            SCHEMA_VERSION,
            MANAGED_BY,
            self.unique_name,
            self.client_id,
            self.credential,
            self.type,
            self.key_id,
            self.operation_id,
            self.request_id,
            self.owner,
            str(self.lifetime_days),
            str(self.rotate_before_days),
            str(self.overlap_days),
            self.previous_key_id,
            utc_text(self.retire_after) if self.retire_after is not None else "",
        )
        return dict(zip(TAG_NAMES, values, strict=True))

    def issued(self, key_id: str) -> "SecretTags":
        """Return the tags with the keyId of the credential that was just issued."""
        return replace(self, key_id=key_id)


def read_tags(entry: VaultEntry) -> SecretTags | None:
    """Read the tags of a vault entry; None if they are not ours, or unreadable."""
    tags = entry.tags
    if tags.get("schema") != SCHEMA_VERSION or tags.get("managedBy") != MANAGED_BY:
        return None
    try:
        retire_after = datetime.fromisoformat(tags["retireAfter"]) if tags["retireAfter"] else None
        read = SecretTags(
            unique_name=tags["uniqueName"],
            client_id=tags["clientId"],
            credential=tags["credential"],
            type=tags["type"],
            key_id=tags["keyId"],
            operation_id=tags["operationId"],
            request_id=tags["requestId"],
            owner=tags["owner"],
            lifetime_days=int(tags["lifetimeDays"]),
            rotate_before_days=int(tags["rotateBeforeDays"]),
            overlap_days=int(tags["overlapDays"]),
            previous_key_id=tags["previousKeyId"],
            retire_after=retire_after,
        )
    except (KeyError, ValueError):
        return None
    has_zone = retire_after is None or retire_after.tzinfo is not None
    has_days = min(read.lifetime_days, read.rotate_before_days, read.overlap_days) > 0
    # A certificate is in the vault before the directory gives it a keyId.
    is_named = bool(read.key_id) or read.type == "certificate"
    return read if has_zone and has_days and is_named else None
