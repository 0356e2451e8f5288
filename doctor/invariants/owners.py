"""Beside the invariants: apps whose owner is a name only, or nobody, or another one in the vault than in the record."""

from collections.abc import Iterator

from doctor.breach import Concern
from doctor.evidence import Owned
from doctor.invariants.case import Case
from shared.person import Person, read_person

_PINNING = (
    "Whoever is given the address later is not told apart from them. With User.ReadBasic.All the registrar pins owners "
    "at night; whom it does not find there as one person (log: owner.not_pinned), an administrator replaces: a request "
    "with another owner."
)


def unknown_owners(case: Case) -> Iterator[Concern]:
    """Find apps of ours whose owner no object id stands for; one concern for all where no owner is known by id."""
    owned = [each for each in case.evidence.owned if each.is_registered]
    unpinned = [each for each in owned if each.owner and not each.owner_id]
    if len(unpinned) > 1 and not any(each.owner_id for each in owned):
        what = f"all {len(unpinned)} owners are known by an address alone"
        yield Concern("owners", what, _PINNING)
    else:
        for each in unpinned:
            yield Concern(each.unique_name, f"its owner {each.owner} is known by an address alone", _PINNING)
    for each in owned:
        if not (each.owner or each.owner_id):
            advice = "Only administrators can change it. One of them names its owner in a request."
            yield Concern(each.unique_name, "nobody knows who owns it", advice)


def disagreeing_owners(case: Case) -> Iterator[Concern]:
    """Find vault secrets of ours whose tag names another owner than the app's record."""
    owned = {each.unique_name: each for each in case.evidence.owned if each.owner or each.owner_id}
    for secret in case.evidence.secrets:
        known, tagged = owned.get(secret.unique_name), read_person(secret.newest.tags.get("owner"))
        if not secret.is_ours or secret.is_pending or known is None or tagged is None or _agree(known, tagged):
            continue
        yield Concern(
            secret.name,
            f"its tag has {tagged.name} for the owner of {secret.unique_name}, the record has "
            f"{known.owner_id or known.owner}",
            "After an administrator changed the owner, the nightly check brings the tag up to date within a month. If "
            "nobody did (the audit record tells), somebody wrote the table or the tag, and the app answers to them.",
        )


def _agree(known: Owned, tagged: Person) -> bool:
    if known.owner_id is not None and tagged.object_id is not None:
        return known.owner_id.casefold() == tagged.object_id
    if tagged.object_id is not None:
        return False
    return known.owner is None or known.owner.casefold() == (tagged.address or "").casefold()
