"""An app's history: what requests asked for, and its entries in the audit record, by the directory's ids.

Nothing here is taken from the app's own record: one that forgot a consent would acquit itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from doctor.evidence import AuditEntry, Consent, PermissionType, Record
from doctor.invariants.case import Case

type Identity = tuple[str, str, PermissionType]
"""(API's appId, permission's id, its type): a scope and an app role of one API may share an id."""
type Identities = frozenset[Identity]


@dataclass(frozen=True)
class AppHistory:
    """The requests about one app, and the audit record's entries about it."""

    changes: tuple[Record, ...]
    entries: tuple[AuditEntry, ...]

    @property
    def completed(self) -> Record | None:
        """The newest change that was completed."""
        done = [each for each in self.changes if each.state == "completed"]
        return max(done, key=lambda each: each.sequence, default=None)

    @property
    def consented(self) -> Identities | None:
        """What the registrar ever consented to in completed changes; None when the audit record has no such change."""
        ended = [each for each in self.entries if each.kind == "settled" and each.outcome == "completed"]
        return frozenset[Identity]().union(*(each.consented for each in ended)) if ended else None

    @property
    def approved(self) -> tuple[Record, ...]:
        """Changes that were approved."""
        ids = {each.operation_id for each in self.entries if each.kind == "decided" and each.outcome == "approved"}
        return tuple(each for each in self.changes if each.id in ids)


def history_of(case: Case, unique_name: str) -> AppHistory:
    """Collect the history of one app."""
    changes = tuple(each for each in case.evidence.records if each.unique_name == unique_name and each.is_change)
    entries = tuple(each for each in case.evidence.audit_entries if each.unique_name == unique_name)
    return AppHistory(changes, entries)


def permissions_of(case: Case, changes: Iterable[Record]) -> Identities | None:
    """Return the permissions that changes ask for; None when any of them is not known."""
    found = set[Identity]()
    for change in changes:
        if change.requested is None:
            return None
        for api, kind, name in change.requested.permissions:
            ids = _identities_named(case, api, kind, name)
            if not ids:
                return None
            found |= ids
    return frozenset(found)


def consents_requested(case: Case, history: AppHistory) -> Identities | None:
    """Return the permissions whose consent the changes up to now ask for; None when that is not known.

    A change that does not mention consent keeps what earlier ones asked for, of the permissions that it lists itself.
    One that was not completed may have given what it asks for, and may have taken back nothing.
    """
    changes = sorted((each for each in history.changes if each.state != "rejected"), key=lambda each: each.sequence)
    mentioned_at = [n for n, each in enumerate(changes) if each.state == "completed" and _mentions_consent(each)]
    requested: Identities | None = None
    """None: unchanged, since no change has mentioned consent yet."""
    for change in changes[mentioned_at[-1] if mentioned_at else 0 :]:
        listed = permissions_of(case, [change])
        if listed is None or change.requested is None:
            return None
        is_completed, consent = change.state == "completed", change.requested.admin_consent
        given = listed if consent else frozenset[Identity]()
        if is_completed and consent is not None:
            requested = given
        elif is_completed:
            requested = listed if requested is None else requested & listed
        elif requested is not None:
            requested |= given
    return requested


def _mentions_consent(change: Record) -> bool:
    return change.requested is None or change.requested.admin_consent is not None


def _identities_named(case: Case, api: str, kind: str, name: str) -> set[Identity]:
    """Look up a permission by the names that a request may use; a name that two APIs share means both."""
    rules = case.policy.api_named(api)
    wanted = rules.app_id if rules is not None else api.casefold()
    return {
        (each.client_id, permission.id, permission.type)
        for each in case.evidence.principals
        if wanted in (each.client_id.casefold(), each.display_name.casefold())
        for permission in each.permissions
        if (permission.type, permission.name) == (kind, name)
    }


def identity_of(case: Case, consent: Consent) -> Identity | None:
    """Return a consent's permission by its ids; None when the directory has none of that name."""
    api = next((each for each in case.evidence.principals if each.object_id == consent.resource_id), None)
    for permission in api.permissions if api is not None else ():
        called = permission.name if consent.type == "Scope" else permission.id
        if api is not None and (permission.type, called) == (consent.type, consent.name):
            return api.client_id, permission.id, permission.type
    return None
