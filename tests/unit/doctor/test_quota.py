"""A registrar that is about to be refused new applications is named before it is."""

from dataclasses import replace

import pytest

from doctor.evidence import Creator, Seen
from doctor.invariants import breaches, concerns
from tests.unit.doctor.scene import POLICY, SOUND


@pytest.mark.parametrize(
    ("created", "deleted", "warns"), [(199, 0, False), (200, 0, True), (150, 48, False), (150, 50, True)]
)
def test_it_warns_from_200_objects_and_deleted_ones_count(created: int, deleted: int, *, warns: bool) -> None:
    evidence = replace(SOUND, creators=Seen((Creator("principal-7", "registrar", created, deleted),)))
    found = concerns(evidence, POLICY)
    assert [each.about for each in found] == (["registrar"] if warns else [])
    assert all(f"{created} directory objects" in each.what and "250" in each.what for each in found)
    assert breaches(evidence, POLICY) == []


def test_an_identity_without_a_name_is_called_by_its_id() -> None:
    (found,) = concerns(replace(SOUND, creators=Seen((Creator("principal-7", "", 250, 0),))), POLICY)
    assert found.about == "principal-7"
