"""Every protection that the sabotages switch off still stands where they look for it."""

import pytest

from devstack.services import REPOSITORY
from tests.chaos.sabotage.catalogue import REAL_SABOTAGES
from tests.chaos.sabotage.replacement import RealSabotage


@pytest.mark.parametrize("sabotage", REAL_SABOTAGES, ids=lambda sabotage: sabotage.protection)
def test_what_is_switched_off_stands_there_just_once(sabotage: RealSabotage) -> None:
    for replacement in sabotage.replacements:
        content = (REPOSITORY / replacement.file).read_text(encoding="utf-8")
        assert content.count(replacement.old) == 1, replacement
        assert replacement.new != replacement.old
    test, _, _ = sabotage.check.partition("::")
    assert (REPOSITORY / test).exists()
