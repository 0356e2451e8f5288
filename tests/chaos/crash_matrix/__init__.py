"""Crash matrix: the worker, and in a second pass the whole host, dies before and after every call of every action."""

from tests.chaos.crash_matrix.suite import SUITE

__all__ = ["SUITE"]
