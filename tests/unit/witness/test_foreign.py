"""Invariants 1, 4 and 7 from a witness: what was made twice, what others made and is not as they left it."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from doctor.evidence import Application, Seen
from tests.unit.doctor.scene import CONSENT, FOREIGN_APP, POLICY, SOUND, noted
from tests.unit.witness.scene import texts, witnessed
from tests.witness.judgement import breaches
from tests.witness.knowledge import Foreign, ForeignUri, Witnessed

type Knowing = Callable[[], Witnessed]


def remembering(foreign: Foreign) -> Witnessed:
    return witnessed(foreign=foreign)


def test_where_all_is_well_nothing_is_found() -> None:
    assert texts(witnessed()) == ""


WRONG: dict[str, tuple[str, Knowing]] = {
    "a name that was made twice": ("1: app: was made 2 times", lambda: witnessed(made={"app": 2})),
    "a foreign application changed": (
        "4: Payroll",
        lambda: remembering(Foreign(applications=(replace(FOREIGN_APP, content="before"),))),
    ),
    "a foreign application gone": (
        "4: Ledger",
        lambda: remembering(Foreign(applications=(Application("object-8", "client-8", None, "Ledger"),))),
    ),
    "a secret made by hand gone": (
        "4: app: the credential key-7",
        lambda: remembering(Foreign(passwords=frozenset({("object-1", "key-7")}))),
    ),
    "a redirect URI added by hand gone": (
        "4: app: the redirect URI",
        lambda: remembering(Foreign(redirect_uris=frozenset({ForeignUri("object-1", "https://a.example")}))),
    ),
    "a consent given by hand gone": (
        "4: principal-1: the consent openid",
        lambda: remembering(Foreign(consents=frozenset({replace(CONSENT, name="openid")}))),
    ),
}


@pytest.mark.parametrize(("expected", "knowing"), WRONG.values(), ids=WRONG)
def test_one_thing_wrong_is_found_and_comes_with_advice(expected: str, knowing: Knowing) -> None:
    found = breaches(SOUND, knowing(), POLICY)
    assert any(str(breach).startswith(expected) for breach in found), found
    assert all(breach.advice for breach in found)


@pytest.mark.parametrize(
    "listing", ["applications", "principals", "consents", "secrets", "records", "unsettled", "cleanups", "kept"]
)
def test_what_could_not_be_looked_at_is_never_a_breach(listing: str) -> None:
    unknown = replace(SOUND, **{listing: Seen[object](gap=f"{listing} are away")})
    found = breaches(unknown, witnessed(), POLICY)
    assert [breach for breach in found if breach.kind != "5"] == []


def test_what_others_granted_is_no_gain_of_a_request() -> None:
    by_hand = replace(CONSENT, name="Everything")
    evidence = replace(SOUND, consents=Seen((CONSENT, by_hand)))
    assert texts(remembering(Foreign(consents=frozenset({by_hand}))), evidence) == ""
    # A witness knows better than the audit record.
    recorded = replace(evidence, audit_entries=Seen((noted(),)))
    assert "7: app" in texts(witnessed(), recorded)
