"""Concerns: apps without a known owner, or whose vault secret names another owner than their record."""

from collections.abc import Iterator

from doctor.evidence import AppOwner
from doctor.finding import Finding
from doctor.invariants.case import Case
from shared.model.person import Person, read_person

_PINNING = (
    "Somebody who gets the address later would be taken for the owner. With User.ReadBasic.All, the registrar looks up "
    "the object id every night. If the log has owner.not_pinned, it did not find exactly one person: have an "
    "administrator send a request that names another owner."
)


def unknown_owners(case: Case) -> Iterator[Finding[None]]:
    """Find apps of ours whose owner is not known by object id; one concern for all where no owner is."""
    owners = [each for each in case.evidence.owners if each.is_registered]
    unpinned = [each for each in owners if each.owner and not each.owner_id]
    if len(unpinned) > 1 and not any(each.owner_id for each in owners):
        what = f"all {len(unpinned)} owners are known only by an address"
        yield Finding(None, "owners", what, _PINNING)
    else:
        for each in unpinned:
            yield Finding(None, each.unique_name, f"its owner {each.owner} is known only by an address", _PINNING)
    for each in owners:
        if not (each.owner or each.owner_id):
            advice = "Only administrators can change it. Have one of them send a request that names an owner."
            yield Finding(None, each.unique_name, "it has no known owner", advice)


def disagreeing_owners(case: Case) -> Iterator[Finding[None]]:
    """Find vault secrets of ours whose tag names another owner than the app's record."""
    by_app = {each.unique_name: each for each in case.evidence.owners if each.owner or each.owner_id}
    for secret in case.evidence.secrets:
        known, tagged = by_app.get(secret.unique_name), read_person(secret.newest.tags.get("owner"))
        if not secret.is_ours or secret.is_pending or known is None or tagged is None or _agree(known, tagged):
            continue
        yield Finding(
            None,
            secret.name,
            f"its tag names {tagged.name} as the owner of {secret.unique_name}, but the table applications names "
            f"{known.owner_id or known.owner}",
            "If an administrator changed the owner, wait: the nightly check updates the tag within a month. If nobody "
            "did (see the audit record), somebody edited the table or the tag, and the app now obeys whoever it names.",
        )


def _agree(known: AppOwner, tagged: Person) -> bool:
    if known.owner_id is not None and tagged.object_id is not None:
        return known.owner_id.casefold() == tagged.object_id
    if tagged.object_id is not None:
        return False
    return known.owner is None or known.owner.casefold() == (tagged.address or "").casefold()
