"""Two thousand requests in a bad working day's weather: nothing is lost, and nothing piles up in memory."""

from tests.chaos.load.suite import LoadSuite

SUITE = LoadSuite()
