"""The credentials that the vault knows, and what will happen to them, from tags alone. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum

from shared.core.naming import pending_secret_name, secret_of, vault_secret_name
from shared.credentials.life import rotate_at
from shared.credentials.tags import SecretTags, ours, read_tags
from shared.model.vault import VaultEntry


class Part(IntEnum):
    """A credential's role in its vault secret. If a keyId has two, the higher one counts."""

    PENDING = 1
    """Stored, and not yet proven by a sign-in."""
    REPLACED = 2
    """Superseded; removed when the overlap ends."""
    CURRENT = 3
    """What clients read."""


@dataclass(frozen=True, slots=True)
class Known:
    """The vault's knowledge of one credential. `at` is when it will be replaced or removed; None if it will not."""

    part: Part
    client_id: str
    unique_name: str
    secret_name: str
    owner: str
    at: datetime | None
    is_read: bool = True
    """Whether clients read it, if it is current: not if others set a version above it."""


class KnownCredentials:
    """The vault's listings, indexed by keyId."""

    def __init__(self) -> None:
        self._by_key: dict[str, Known] = {}
        self._secrets: dict[str, set[str]] = {}
        self._hidden: dict[str, set[str]] = {}
        self._unnamed: dict[str, Known] = {}

    def learn(self, entries: Iterable[VaultEntry]) -> None:
        """Add some of the vault's versions, in any order; those that are not ours are skipped."""
        for entry in entries:
            tags = read_tags(entry)
            if tags is None:
                if (names := secret_of(entry.name)) is not None:
                    self._hidden.setdefault(names[0], set()).add(entry.name)
                continue
            name = vault_secret_name(tags.unique_name, tags.credential)
            if entry.name == pending_secret_name(tags.unique_name, tags.credential) and not tags.key_id:
                if entry.enabled:
                    self._unnamed[tags.unique_name] = _known(tags, name, Part.PENDING, None)
            elif entry.name == pending_secret_name(tags.unique_name, tags.credential):
                self._keep(tags.key_id, _known(tags, name, Part.PENDING, None))
            elif entry.name == name:
                self._secrets.setdefault(tags.unique_name, set()).add(name)
                self._learn_current(entry, tags, name)

    def _learn_current(self, entry: VaultEntry, tags: SecretTags, name: str, *, is_read: bool = True) -> None:
        due = rotate_at(entry, tags) if entry.enabled else None
        self._keep(tags.key_id, replace(_known(tags, name, Part.CURRENT, due), is_read=is_read))
        if tags.previous_key_id:
            self._keep(tags.previous_key_id, _known(tags, name, Part.REPLACED, tags.retire_after))

    def learn_all(self, versions: Sequence[VaultEntry]) -> None:
        """Add all versions of a secret, oldest first.

        Our older versions were replaced, whatever others set above the newest of ours.
        """
        found = [(entry, tags) for entry in ours(versions) if (tags := read_tags(entry)) is not None]
        for entry, tags in found[-1:]:
            self._learn_current(entry, tags, entry.name, is_read=entry == versions[-1])
        for entry, tags in found[:-1]:
            self._keep(tags.key_id, _known(tags, entry.name, Part.REPLACED, None))

    def find(self, key_id: str, client_id: str) -> Known | None:
        """Return what is known of an application's credential; None if the vault does not know it."""
        known = self._by_key.get(key_id.casefold())
        return known if known is not None and known.client_id == client_id.casefold() else None

    def unnamed_certificate(self, unique_name: str | None, client_id: str) -> Known | None:
        """Return what is known of an application's certificate that awaits verification: it has no keyId yet."""
        known = self._unnamed.get(unique_name or "")
        return known if known is not None and known.client_id == client_id.casefold() else None

    def secrets_of(self, unique_name: str) -> frozenset[str]:
        """Return the names of the vault secrets that an application's clients read, by their tags or by their name.

        A secret matched by name alone may not be ours, or have a version that others set above ours.
        """
        return frozenset(self._secrets.get(unique_name, ())) | frozenset(self._hidden.get(unique_name, ()))

    def _keep(self, key_id: str, known: Known) -> None:
        existing = self._by_key.get(key_id.casefold())
        if existing is None or (known.part, known.at is not None) > (existing.part, existing.at is not None):
            self._by_key[key_id.casefold()] = known


def _known(tags: SecretTags, secret_name: str, part: Part, at: datetime | None) -> Known:
    return Known(part, tags.client_id.casefold(), tags.unique_name, secret_name, tags.owner, at)
