"""A unit of the reliability suites that dies in its process."""

from tests.chaos import runner
from tests.chaos.processes import Processes


def test_a_unit_that_dies_is_an_error_with_its_last_words() -> None:
    with Processes() as processes:
        record = runner.run_apart("no-such-suite", "x", processes)
    assert not record.is_sound
    assert "there is no suite no-such-suite" in (record.error or "")
