"""Protections switched off one at a time, each of which some check must miss."""

from tests.chaos.sabotage.suite import SabotageSuite

SUITE = SabotageSuite()
