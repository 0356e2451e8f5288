"""How a world is judged in which everything had time to settle."""

from datetime import timedelta

from doctor.patience import Patience

AT_REST = Patience(
    settling=timedelta(0),
    lag=timedelta(0),
    at_rest=True,
    chaining=timedelta(days=999),
    accepting=timedelta(0),
    claiming=timedelta(0),
    anchoring=None,
)
"""The writer of the audit record runs every minute and need not have run yet; clocks jump over days without anchors."""
