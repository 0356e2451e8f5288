"""No outage: clients of several kinds sign in all the time while their credentials are rotated."""

from tests.chaos.outage.suite import SUITE

__all__ = ["SUITE"]
