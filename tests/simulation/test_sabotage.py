"""Each protection is switched off once, and the checker must notice: a check that never fails checks nothing."""

from datetime import timedelta

import pytest

from tests.simulation.sabotages import SABOTAGES, Sabotage
from tests.simulation.simulation import simulate

_SEEDS = 120
"""As many schedules may pass before a sabotage counts as unnoticed."""

_PATIENCE = timedelta(hours=3)
"""Nothing sound takes longer to settle in fine weather, and what is broken need not be watched for a day."""


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.name)
def test_what_is_switched_off_is_missed(sabotage: Sabotage, monkeypatch: pytest.MonkeyPatch) -> None:
    sabotage.switch_off(monkeypatch)
    broken = set[str]()
    for seed in range(sabotage.first_seed, sabotage.first_seed + _SEEDS):
        broken |= {breach.partition(":")[0] for breach in simulate(seed, sabotage.spoil, _PATIENCE).breaches}
        if sabotage.caught_by in broken:
            return
    pytest.fail(f"{_SEEDS} schedules without a breach of {sabotage.caught_by}; broken: {sorted(broken) or 'nothing'}")


def test_every_invariant_has_a_sabotage_that_breaks_it() -> None:
    assert {sabotage.caught_by for sabotage in SABOTAGES} == {
        "1",
        "2",
        "3",
        "4",
        "5",
        "6",
        "7",
        "order",
        "owner",
        "gone",
        "recorded",
    }


def test_with_everything_on_nothing_is_missed() -> None:
    assert [breach for seed in range(_SEEDS // 3) for breach in simulate(seed, patience=_PATIENCE).breaches] == []
