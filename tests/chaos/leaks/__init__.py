"""The leak search: every value the doubles ever issued, looked for in everything a stack leaves behind."""

from tests.chaos.leaks.suite import SUITE

__all__ = ["SUITE"]
