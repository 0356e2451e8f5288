"""The end of a unit: time passes until nothing waits, and nothing on the poison queue is without a reason."""

from devstack.stack import Stack
from tests.chaos.bad_input.log_lines import faults_of_log
from tests.chaos.check import HIDDEN_SECONDS, Witness
from tests.e2e.driver import Driver, eventually

_POISON = "app-registrations-poison"
_UPKEEP_SECONDS = 300
"""How often `settle_poison` runs."""


def settle(witness: Witness, *, poisoned: bool) -> list[str]:
    """Let stack time pass until all is settled; what is not is returned."""
    found = [witness.settle()]
    if poisoned:
        witness.driver.advance(_UPKEEP_SECONDS)
        eventually(lambda: all_have_reasons(witness.driver) or None, "the poisoned messages to be answered")
        found.append(witness.settle())
        witness.driver.advance(HIDDEN_SECONDS)
    return [waiting for waiting in found if waiting]


def all_have_reasons(driver: Driver) -> bool:
    """Whether `settle_poison` has seen to every message: the host's come first, what is kept is put behind them."""
    return all("reason" in message for message in driver.messages(_POISON))


def log_faults(stack: Stack) -> list[str]:
    """Say what is wrong with the logs of the stack's hosts."""
    return [fault for log in sorted(stack.logs.glob("host*.log")) for fault in faults_of_log(log.read_bytes())]
