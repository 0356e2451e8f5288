"""Ten thousand seeded schedules of the domain over in-memory services; each replays exactly."""

from tests.chaos.simulation.suite import SimulationSuite

SUITE = SimulationSuite()
