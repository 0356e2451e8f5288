"""What an app has in the collections that requests decide, element by element; and what of ours is on its way out.

Pure. An element is ours when we announced it and the read before the first announcement did not show it. It stays ours
until a read shows it gone that cannot be older than the write that made it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from shared.model.directory import ApplicationState, Consent, RequiredPermission, StoredModel

_OF_APPLICATION = (
    "public_client_redirect_uris",
    "web_redirect_uris",
    "spa_redirect_uris",
    "required_permissions",
    "tags",
)


class Holdings(StoredModel, frozen=True):
    """Elements of all collections, an application's own and its consents; joined, cut and subtracted like sets."""

    public_client_redirect_uris: frozenset[str] = frozenset()
    web_redirect_uris: frozenset[str] = frozenset()
    spa_redirect_uris: frozenset[str] = frozenset()
    required_permissions: frozenset[RequiredPermission] = frozenset()
    tags: frozenset[str] = frozenset()
    consents: frozenset[Consent] = frozenset()

    @classmethod
    def of(cls, state: ApplicationState | None) -> Self:
        """Return what an application holds itself; consents are not part of it."""
        return cls() if state is None else cls(**{name: getattr(state, name) for name in _OF_APPLICATION})

    @property
    def in_application(self) -> "Holdings":
        """What the application holds itself."""
        return self.model_copy(update={"consents": frozenset[Consent]()})

    @property
    def as_consents(self) -> "Holdings":
        """The consents alone."""
        return Holdings(consents=self.consents)

    @property
    def redirect_uris(self) -> frozenset[str]:
        """Redirect URIs of all platforms."""
        return self.public_client_redirect_uris | self.web_redirect_uris | self.spa_redirect_uris

    def put_into(self, state: ApplicationState) -> ApplicationState:
        """Return the state with these collections."""
        return state.model_copy(update={name: getattr(self, name) for name in _OF_APPLICATION})

    def describe(self) -> list[str]:
        """Name each element, for the log: no secrets are among them."""
        named = [f"{name}: {each}" for name in _OF_APPLICATION[:3] for each in getattr(self, name)]
        named += [
            f"required_permissions: {each.resource_app_id}/{each.type}/{each.id}" for each in self.required_permissions
        ]
        named += [f"consents: {each.resource_id}/{each.type}/{each.name}" for each in self.consents]
        return sorted(named)

    def __bool__(self) -> bool:
        """Return whether there is anything."""
        return any(getattr(self, name) for name in (*_OF_APPLICATION, "consents"))

    def __or__(self, other: "Holdings") -> "Holdings":
        """Return what either holds."""
        return self._with(lambda name: getattr(self, name) | getattr(other, name))

    def __and__(self, other: "Holdings") -> "Holdings":
        """Return what both hold."""
        return self._with(lambda name: getattr(self, name) & getattr(other, name))

    def __sub__(self, other: "Holdings") -> "Holdings":
        """Return what this one alone holds."""
        return self._with(lambda name: getattr(self, name) - getattr(other, name))

    def _with(self, collection: Callable[[str], Any]) -> "Holdings":
        return Holdings(**{name: collection(name) for name in (*_OF_APPLICATION, "consents")})


class Going(StoredModel, frozen=True):
    """What one operation takes back of what was ours."""

    operation_id: str
    since: datetime
    sent: datetime
    """When a removal of it was announced last: a read within the lag window after may be older."""
    made: datetime | None = None
    """When a write of ours last made anything like it: a read that may be older than that shows nothing gone."""
    left: Holdings = Holdings()
    """No read has shown it gone: its removal is repeated until one does."""
    gone: Holdings = Holdings()
    """A read has. It is looked at once more, by a read that is surely younger; it is never removed again."""

    @property
    def all(self) -> Holdings:
        """All of it."""
        return self.left | self.gone


def all_going(goings: Iterable[Going]) -> Holdings:
    """Return everything on its way out."""
    found = Holdings()
    for each in goings:
        found |= each.all
    return found


def left(goings: Iterable[Going]) -> Holdings:
    """Return what no read has shown gone."""
    found = Holdings()
    for each in goings:
        found |= each.left
    return found


def sent(goings: tuple[Going, ...], what: Holdings, now: datetime) -> tuple[Going, ...]:
    """Return what is going when the removal of some of it is sent now."""
    return tuple(each.model_copy(update={"sent": now}) if each.left & what else each for each in goings)


def without(goings: tuple[Going, ...], wanted: Holdings) -> tuple[Going, ...]:
    """Return what is still on its way out when a request wants some of it (again)."""
    return _kept(
        each.model_copy(update={"left": each.left - wanted, "gone": each.gone - wanted}) if each.all & wanted else each
        for each in goings
    )


@dataclass(frozen=True)
class Looked:
    """What a read made of what is on its way out."""

    goings: tuple[Going, ...]
    gone: Holdings
    """Shown gone by this read for the first time: it is ours no more."""
    returned: Holdings
    """Gone before, and there again: somebody else made it."""


def looked(
    goings: tuple[Going, ...], part: Holdings, seen: Holdings, is_recent: Callable[[datetime | None], bool]
) -> Looked:
    """Judge by a read of `part`, of which it shows `seen`; `is_recent` says whether it may be older than a moment."""
    kept, gone, returned = list[Going](), Holdings(), Holdings()
    for each in goings:
        newly = Holdings() if is_recent(each.made) else (each.left & part) - seen
        known = (each.gone & part) | newly
        gone |= newly
        if is_recent(each.sent):
            kept.append(each.model_copy(update={"left": each.left - newly, "gone": each.gone | newly}))
        else:
            returned |= known & seen
            kept.append(each.model_copy(update={"left": each.left - newly, "gone": each.gone - known}))
    return Looked(_kept(kept), gone, returned)


def _kept(goings: Iterable[Going]) -> tuple[Going, ...]:
    return tuple(each for each in goings if each.left or each.gone)
