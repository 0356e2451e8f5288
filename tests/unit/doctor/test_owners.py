"""Apps whose owner is a name only, or nobody, or another one in the vault than in the record, are named."""

from dataclasses import replace

import pytest

from doctor.evidence import AppOwner, Evidence, Seen, VaultSecret
from doctor.invariants import breaches, concerns
from tests.unit.doctor.scene import POLICY, SECRET, SOUND, VERSION

ADA, GRACE = "aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002"
PINNED = AppOwner("app", "ada@contoso.example", ADA, is_registered=True)
ADDRESS = AppOwner("app", "ada@contoso.example", None, is_registered=True)
NOBODY = AppOwner("app", None, None, is_registered=True)


def tenant(*owned: AppOwner, tag: str | None = None) -> Evidence:
    """The sound tenant, whose app's secret names this owner."""
    tags = VERSION.tags if tag is None else {**VERSION.tags, "owner": tag}
    secret = VaultSecret(SECRET.vault, SECRET.name, (replace(VERSION, tags=tags),))
    return replace(SOUND, owners=Seen(owned), secrets=Seen((secret,)))


def said(evidence: Evidence) -> list[str]:
    return [str(each) for each in concerns(evidence, POLICY)]


@pytest.mark.parametrize("tag", [None, "", ADA, ADA.upper(), "Ada@contoso.example"])
def test_an_owner_who_is_pinned_concerns_nobody_whichever_form_the_tag_has(tag: str | None) -> None:
    assert said(tenant(PINNED, tag=tag)) == []


@pytest.mark.parametrize("tag", [GRACE, "grace@contoso.example"])
@pytest.mark.parametrize("owned", [PINNED, ADDRESS])
def test_a_record_that_was_written_by_hand_disagrees_with_the_vault(owned: AppOwner, tag: str) -> None:
    found = [each for each in said(tenant(owned, tag=tag)) if "app--client-secret" in each]
    assert len(found) == 1
    assert tag in found[0]


def test_an_owner_whom_only_an_address_names_is_listed() -> None:
    other = replace(PINNED, unique_name="other")
    (found,) = said(tenant(ADDRESS, other))
    assert found == "concern: app: its owner ada@contoso.example is known only by an address"


def test_where_nobody_may_look_people_up_that_is_said_once() -> None:
    assert said(tenant(ADDRESS, replace(ADDRESS, unique_name="other"))) == [
        "concern: owners: all 2 owners are known only by an address"
    ]


def test_an_app_that_nobody_owns_is_listed_and_one_that_never_came_about_is_not() -> None:
    assert said(tenant(NOBODY)) == ["concern: app: it has no known owner"]
    assert said(tenant(replace(NOBODY, is_registered=False))) == []


def test_none_of_it_breaks_a_promise() -> None:
    assert breaches(tenant(ADDRESS, NOBODY, tag=GRACE), POLICY) == []
