"""An identity that makes apps and may not read the tenant's policies is named; where nobody makes any, none is."""

from dataclasses import replace

import pytest

from doctor.evidence import Consent, Evidence, Seen
from doctor.invariants import concerns
from tests.unit.doctor.scene import CONSENT, POLICY, SOUND
from tests.unit.doctor.test_control import PRINCIPALS

MAKES_APPS, READS_POLICIES = "18a4783c-866b-4cc7-a460-3d5e5662c884", "246dd0d5-5bd0-4def-940b-0421030a5b68"


def tenant(*held: tuple[str, str]) -> Evidence:
    """The sound tenant, with these permissions of Microsoft Graph given to whom."""
    given = tuple(Consent(holder, "graph", "Role", role) for holder, role in held)
    return replace(SOUND, principals=Seen(PRINCIPALS), consents=Seen((CONSENT, *given)))


@pytest.mark.parametrize(
    ("held", "is_named"),
    [
        ((), False),
        ((("registrar", MAKES_APPS),), True),
        ((("registrar", MAKES_APPS), ("another", READS_POLICIES)), True),
        ((("registrar", MAKES_APPS), ("registrar", READS_POLICIES)), False),
        ((("another", MAKES_APPS), ("registrar", MAKES_APPS), ("registrar", READS_POLICIES)), False),
    ],
)
def test_a_registrar_that_cannot_read_the_tenants_rules_is_named(
    held: tuple[tuple[str, str], ...], *, is_named: bool
) -> None:
    found = [each.about for each in concerns(tenant(*held), POLICY)]
    assert ("Policy.Read.All" in found) is is_named
