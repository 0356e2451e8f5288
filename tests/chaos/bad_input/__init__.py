"""Bad input: 100,000 messages that nobody should send."""

from tests.chaos.bad_input.suite import SUITE

__all__ = ["SUITE"]
