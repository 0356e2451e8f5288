"""A unit that gives its messages to the real worker child itself, several at once."""

import asyncio
from collections.abc import Sequence
from itertools import batched
from pathlib import Path

from azure.storage.queue import QueueClient

from devstack.stack import Stack
from tests.chaos.bad_input.effects import Effects, unwanted
from tests.chaos.bad_input.log_lines import faults_of_record
from tests.chaos.bad_input.messages import Message, message
from tests.chaos.bad_input.sent import Sent
from tests.chaos.bad_input.settling import log_faults, settle
from tests.chaos.bad_input.verdicts import fault_of_outcome
from tests.chaos.bad_input.worker import Worker, running_worker
from tests.chaos.check import Witness
from tests.chaos.suite import Result
from tests.e2e.driver import Driver
from tests.policies import opened_settings
from tests.stacks import start_stack

_AT_ONCE = 8
_AT_A_TIME = 500
"""Messages until their answers are taken away: Azurite goes through all that lie on a queue at every call."""
_POISON = "app-registrations-poison"


def run_through_worker(unit: str, count: int, folder: Path) -> Result:
    """Deliver `count` messages, then let a host carry on what has to wait, and judge."""
    sent = Sent([message(unit, index) for index in range(count)])
    with start_stack(folder, hosts=0, settings=opened_settings(folder), forked=True) as stack:
        driver = Driver(stack)
        witness = Witness(driver)
        witness.remember_foreign()
        before = Effects.see(driver)
        found, index_of = asyncio.run(_deliver_all(stack, sent, witness))
        _poison(driver, [one for one in sent.messages if one.index in sent.poisoned])
        stack.restart("host")
        found += settle(witness, poisoned=bool(sent.poisoned))
        found += unwanted(before, Effects.see(driver), list(sent.valid.values()))
        found += witness.breaches(sent.bodies)
        found += sent.faults(witness.answers(), index_of)
        found += log_faults(stack)
    return sent.result(found, witness.examined)


async def _deliver_all(stack: Stack, sent: Sent, witness: Witness) -> tuple[list[str], dict[str, int]]:
    """Give every message to the worker; what is wrong with how it took them, and which arrival is which message's."""
    lines: list[str] = []
    slots, found = asyncio.Semaphore(_AT_ONCE), list[str]()
    async with running_worker(stack, lines) as worker:

        async def deliver(one: Message) -> None:
            async with slots:
                outcome = await worker.deliver(one)
            if fault := fault_of_outcome(one, outcome):
                found.append(fault)
            elif outcome.error is not None:
                sent.poisoned.add(one.index)

        first = worker.pid
        for some in batched(sent.messages, _AT_A_TIME, strict=False):
            await asyncio.gather(*map(deliver, some))
            witness.take_away()  # nobody else is at work now
        if worker.pid != first:
            found.append(f"the worker {first} is gone")
        index_of = _arrivals(worker, sent.messages)
    return found + [fault for line in lines for fault in faults_of_record(line)], index_of


def _arrivals(worker: Worker, messages: Sequence[Message]) -> dict[str, int]:
    return {worker.arrival(one.index).strftime("%Y-%m-%dT%H:%M:%SZ"): one.index for one in messages}


def _poison(driver: Driver, messages: Sequence[Message]) -> None:
    """Do what a host does with a message that failed five times."""
    connection = driver.environment["AZURE_STORAGE_CONNECTION_STRING"]
    with QueueClient.from_connection_string(connection, _POISON, use_env_settings=False) as queue:
        for one in messages:
            queue.send_message(one.body.decode())
