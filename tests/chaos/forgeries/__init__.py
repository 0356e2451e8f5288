"""Forged requests, decisions and callers, over HTTP: none is taken."""

from tests.chaos.forgeries.suite import SUITE

__all__ = ["SUITE"]
