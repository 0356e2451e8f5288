"""Fifty seeded schedules on the real stack; the simulation's counterpart, with real processes, sockets and SDKs."""

from tests.chaos.weather.suite import WeatherSuite

SUITE = WeatherSuite()
