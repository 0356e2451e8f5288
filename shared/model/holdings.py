"""An app's elements in the collections that requests control, and those of ours that are being removed. Pure.

An element is ours if we announced it and the read before the first announcement did not show it. It stays ours until a
read that cannot predate the write that made it shows it gone.
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
    """Elements of all collections, the application's own and its consents, with the operators of sets."""

    public_client_redirect_uris: frozenset[str] = frozenset()
    web_redirect_uris: frozenset[str] = frozenset()
    spa_redirect_uris: frozenset[str] = frozenset()
    required_permissions: frozenset[RequiredPermission] = frozenset()
    tags: frozenset[str] = frozenset()
    consents: frozenset[Consent] = frozenset()

    @classmethod
    def of(cls, state: ApplicationState | None) -> Self:
        """Return the application's own elements; consents are not included."""
        return cls() if state is None else cls(**{name: getattr(state, name) for name in _OF_APPLICATION})

    @property
    def in_application(self) -> "Holdings":
        """The application's own elements."""
        return self.model_copy(update={"consents": frozenset[Consent]()})

    @property
    def as_consents(self) -> "Holdings":
        """Only the consents."""
        return Holdings(consents=self.consents)

    @property
    def redirect_uris(self) -> frozenset[str]:
        """Redirect URIs of all platforms."""
        return self.public_client_redirect_uris | self.web_redirect_uris | self.spa_redirect_uris

    def put_into(self, state: ApplicationState) -> ApplicationState:
        """Return the state with these collections."""
        return state.model_copy(update={name: getattr(self, name) for name in _OF_APPLICATION})

    def describe(self) -> list[str]:
        """Return a text for each element, for the log; none is secret."""
        named = [f"{name}: {each}" for name in _OF_APPLICATION[:3] for each in getattr(self, name)]
        named += [
            f"required_permissions: {each.resource_app_id}/{each.type}/{each.id}" for each in self.required_permissions
        ]
        named += [f"consents: {each.resource_id}/{each.type}/{each.name}" for each in self.consents]
        return sorted(named)

    def __bool__(self) -> bool:
        """Return whether there are any elements."""
        return any(getattr(self, name) for name in (*_OF_APPLICATION, "consents"))

    def __or__(self, other: "Holdings") -> "Holdings":
        """Return the union."""
        return self._with(lambda name: getattr(self, name) | getattr(other, name))

    def __and__(self, other: "Holdings") -> "Holdings":
        """Return the intersection."""
        return self._with(lambda name: getattr(self, name) & getattr(other, name))

    def __sub__(self, other: "Holdings") -> "Holdings":
        """Return the difference."""
        return self._with(lambda name: getattr(self, name) - getattr(other, name))

    def _with(self, collection: Callable[[str], Any]) -> "Holdings":
        return Holdings(**{name: collection(name) for name in (*_OF_APPLICATION, "consents")})


class Going(StoredModel, frozen=True):
    """Elements of ours that one operation takes back."""

    operation_id: str
    since: datetime
    sent: datetime
    """When a removal was last announced: a read within the lag window after it may predate it."""
    made: datetime | None = None
    """When we last wrote such elements: a read that may predate it cannot show that they are gone."""
    left: Holdings = Holdings()
    """Elements not yet seen gone: their removal is repeated until a read shows it."""
    gone: Holdings = Holdings()
    """Elements seen gone: checked once more by a definitely later read, and never removed again."""

    @property
    def all(self) -> Holdings:
        """All elements being taken back."""
        return self.left | self.gone


def all_going(goings: Iterable[Going]) -> Holdings:
    """Return everything being taken back."""
    found = Holdings()
    for each in goings:
        found |= each.all
    return found


def left(goings: Iterable[Going]) -> Holdings:
    """Return everything not yet seen gone."""
    found = Holdings()
    for each in goings:
        found |= each.left
    return found


def sent(goings: tuple[Going, ...], what: Holdings, now: datetime) -> tuple[Going, ...]:
    """Return `goings` after the removal of `what` is sent now."""
    return tuple(each.model_copy(update={"sent": now}) if each.left & what else each for each in goings)


def without(goings: tuple[Going, ...], wanted: Holdings) -> tuple[Going, ...]:
    """Return what is still being taken back after a request wants some of it (again)."""
    return _kept(
        each.model_copy(update={"left": each.left - wanted, "gone": each.gone - wanted}) if each.all & wanted else each
        for each in goings
    )


@dataclass(frozen=True)
class Looked:
    """What a read showed of elements being taken back."""

    goings: tuple[Going, ...]
    gone: Holdings
    """First seen gone by this read: no longer ours."""
    returned: Holdings
    """Seen gone before and now present again: made by others."""


def looked(
    goings: tuple[Going, ...], part: Holdings, seen: Holdings, is_recent: Callable[[datetime | None], bool]
) -> Looked:
    """Evaluate a read of `part` that showed `seen`; `is_recent` says whether the read may predate a given time."""
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
