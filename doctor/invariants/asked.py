"""What requests asked for and the audit record says of it, by the directory's ids; no app's record is believed."""

from collections.abc import Iterable
from dataclasses import dataclass

from doctor.evidence import Consent, Noted, PermissionType, Record
from doctor.invariants.case import Case

type Identity = tuple[str, str, PermissionType]
"""(API's appId, permission's id, its type): a scope and an app role of one API may share an id."""
type Ids = frozenset[Identity]


@dataclass(frozen=True)
class Asked:
    """The requests about one app, and the entries of the audit record about them."""

    changes: tuple[Record, ...]
    noted: tuple[Noted, ...]

    @property
    def completed(self) -> Record | None:
        """The newest change that was completed."""
        done = [each for each in self.changes if each.state == "completed"]
        return max(done, key=lambda each: each.sequence, default=None)

    @property
    def newer(self) -> tuple[Record, ...]:
        """Changes after it that may have come part of the way."""
        last = self.completed.sequence if self.completed is not None else 0
        return tuple(each for each in self.changes if each.sequence > last and each.state != "rejected")

    @property
    def consented(self) -> Ids | None:
        """What we ever consented to in a change that was completed; None when the record tells of no such change."""
        ended = [each for each in self.noted if each.kind == "settled" and each.outcome == "completed"]
        return frozenset[Identity]().union(*(each.consented for each in ended)) if ended else None

    @property
    def approved(self) -> tuple[Record, ...]:
        """Changes that somebody approved."""
        ids = {each.operation_id for each in self.noted if each.kind == "decided" and each.outcome == "approved"}
        return tuple(each for each in self.changes if each.id in ids)


def asked_of(case: Case, unique_name: str) -> Asked:
    """Collect what there is about one app."""
    changes = tuple(each for each in case.evidence.records if each.unique_name == unique_name and each.is_change)
    noted = tuple(each for each in case.evidence.noted if each.unique_name == unique_name)
    return Asked(changes, noted)


def permissions_of(case: Case, changes: Iterable[Record]) -> Ids | None:
    """Return the permissions that changes ask for; None when any of it cannot be told."""
    found = set[Identity]()
    for change in changes:
        if change.wants is None:
            return None
        for api, kind, name in change.wants.permissions:
            ids = _ids(case, api, kind, name)
            if not ids:
                return None
            found |= ids
    return frozenset(found)


def consents_wanted(case: Case, asked: Asked) -> Ids | None:
    """Return the permissions whose consent changes want to be there by now; None when that cannot be told.

    A change that says nothing of consent keeps what earlier ones wanted, of the permissions that it lists itself. One
    that was not completed may have given what it wants, and may have taken back nothing.
    """
    changes = sorted((each for each in asked.changes if each.state != "rejected"), key=lambda each: each.sequence)
    said = [n for n, each in enumerate(changes) if each.state == "completed" and _says_whether(each)]
    wanted: Ids | None = None
    """None: whatever was there, for nobody has said yet."""
    for change in changes[said[-1] if said else 0 :]:
        listed = permissions_of(case, [change])
        if listed is None or change.wants is None:
            return None
        is_done, says = change.state == "completed", change.wants.admin_consent
        given = listed if says else frozenset[Identity]()
        if is_done and says is not None:
            wanted = given
        elif is_done:
            wanted = listed if wanted is None else wanted & listed
        elif wanted is not None:
            wanted |= given
    return wanted


def _says_whether(change: Record) -> bool:
    return change.wants is None or change.wants.admin_consent is not None


def _ids(case: Case, api: str, kind: str, name: str) -> set[Identity]:
    """Look a permission up by the names that a request may use; a name that two APIs have stands for both."""
    rules = case.policy.api_named(api)
    wanted = rules.app_id if rules is not None else api.casefold()
    return {
        (each.client_id, permission.id, permission.type)
        for each in case.evidence.principals
        if wanted in (each.client_id.casefold(), each.display_name.casefold())
        for permission in each.permissions
        if (permission.type, permission.name) == (kind, name)
    }


def id_of(case: Case, consent: Consent) -> Identity | None:
    """Return a consent's permission by its ids; None when the directory knows none of that name."""
    api = next((each for each in case.evidence.principals if each.object_id == consent.resource_id), None)
    for permission in api.permissions if api is not None else ():
        called = permission.name if consent.type == "Scope" else permission.id
        if api is not None and (permission.type, called) == (consent.type, consent.name):
            return api.client_id, permission.id, permission.type
    return None
