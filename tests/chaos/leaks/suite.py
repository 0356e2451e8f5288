"""The suite: a stack goes through trouble with its logs at their most talkative, and is searched from end to end."""

import json
from collections.abc import Sequence
from pathlib import Path

from tests.brokers import split, tenth
from tests.chaos.check import Witness
from tests.chaos.leaks.app import careless_app
from tests.chaos.leaks.processes import watched
from tests.chaos.leaks.search import Values, issued_values, leaks
from tests.chaos.leaks.trouble import Trouble
from tests.chaos.suite import Result, Size
from tests.e2e.driver import Driver
from tests.stacks import start_stack

_UNITS, _SMALL = 4, "small"
_LOGGED = (" DEBUG ", "error.unexpected")
"""What a talkative log of the trouble must hold."""


class LeakSearch:
    """A secret's value is in the vault, and in no file, log, message, record, argument or environment."""

    name = "leaks"

    def units(self, size: Size) -> Sequence[str]:
        """Numbers: what goes wrong at which moment follows from them. The small one goes through the worst only."""
        if size is Size.SMALL:
            return [_SMALL]
        units = [str(number) for number in range(_UNITS)]
        return [*units, *tenth(units, self.name)]

    def run(self, unit: str, folder: Path) -> Result:
        """Go through one round of trouble, stop the stack, and search what it leaves."""
        state = folder / "stack"
        bare, broker = split(unit)
        app, settings = careless_app(folder / "app"), broker.settings()
        with watched(state) as processes, start_stack(state, app=app, settings=settings) as stack:
            driver = Driver(stack)
            witness = Witness(driver)
            witness.remember_foreign()
            trouble = Trouble(driver, 0 if bare == _SMALL else int(bare))
            found = trouble.run(witness, briefly=bare == _SMALL) + witness.breaches(trouble.requests)
            issued = issued_values(driver.control("GET", "/issued"))
        answers = json.dumps(witness.answers()).encode()
        found += leaks(state, issued, {**processes, "the answers": answers})
        found += _blindness(state, issued)
        again = f"(again: python -m tests.chaos unit {self.name} {unit})"
        figures: dict[str, float] = witness.examined | {
            "issued_values": len(issued),
            "searched_files": sum(1 for file in state.rglob("*") if file.is_file()),
            "searched_processes": len(processes),
        }
        return Result(breaches=[f"leaks {unit}: {breach} {again}" for breach in found], figures=figures)


def _blindness(state: Path, issued: Sequence[str]) -> list[str]:
    """The vault does hold values, and logs were written in detail: else a search could not fail."""
    vault = b"".join(file.read_bytes() for file in sorted(state.glob("doubles.db*")))
    found = [] if any(Values(issued).found_in(vault)) else ["the search does not even find what the vault holds"]
    log = (state / "logs/host.log").read_text(errors="replace")
    return found + [f"the host's log says nothing of {what}" for what in _LOGGED if what not in log]


SUITE = LeakSearch()
