"""A unit that sends its messages as a sender does: queue, host, worker."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

from azure.storage.queue import QueueClient as SyncQueueClient
from azure.storage.queue.aio import QueueClient

from tests.chaos.bad_input.effects import Effects, unwanted
from tests.chaos.bad_input.messages import Message, message
from tests.chaos.bad_input.sent import Sent
from tests.chaos.bad_input.settling import log_faults, settle
from tests.chaos.check import Witness
from tests.chaos.suite import Result
from tests.e2e.driver import Driver
from tests.policies import opened_settings
from tests.stacks import start_stack

_INTAKE, _POISON = "app-registrations", "app-registrations-poison"
_AT_ONCE = 4
_LONGEST_SECONDS = 600
"""Wall time for the host to take them all."""
_LOOK_SECONDS = 30
_PAUSE_SECONDS = 15
"""More than host.json's `visibilityTimeout`, after which a failed message comes back."""


def run_through_queue(unit: str, count: int, folder: Path) -> Result:
    """Send `count` messages, wait until the host has taken every one, and judge."""
    sent = Sent([message(unit, index).for_a_queue() for index in range(count)])
    with start_stack(folder, settings=opened_settings(folder), forked=True) as stack:
        driver = Driver(stack)
        witness = Witness(driver)
        witness.remember_foreign()
        before, worker = Effects.see(driver), driver.worker_process_id()
        found = asyncio.run(_send_all(driver, sent))
        found += settle(witness, poisoned=True)
        if driver.worker_process_id() != worker:
            found.append(f"the worker {worker} is gone")
        found += unwanted(before, Effects.see(driver), list(sent.valid.values()))
        found += _find_poisoned(driver, sent)
        found += witness.breaches(sent.bodies)
        found += sent.faults(witness.answers())
        found += log_faults(stack)
    return sent.result(found, witness.examined)


async def _send_all(driver: Driver, sent: Sent) -> list[str]:
    """Put all on the intake queue, and return when the host has taken each of them or given it up."""
    connection, slots = driver.environment["AZURE_STORAGE_CONNECTION_STRING"], asyncio.Semaphore(_AT_ONCE)
    async with QueueClient.from_connection_string(connection, _INTAKE, use_env_settings=False) as intake:

        async def send(one: Message) -> None:
            async with slots:
                await intake.send_message(one.body.decode())

        await asyncio.gather(*map(send, sent.messages))
        end, before = time.monotonic() + _LONGEST_SECONDS, -1
        while waiting := (await intake.get_queue_properties()).approximate_message_count:
            if time.monotonic() > end:
                return [f"{waiting} messages are still on the intake queue after {_LONGEST_SECONDS} s"]
            if waiting == before:  # what is left has failed, and comes back after a pause
                driver.advance(_PAUSE_SECONDS)
            before = waiting
            await asyncio.sleep(1)
    return []


def _find_poisoned(driver: Driver, sent: Sent) -> list[str]:
    """Recognise the messages that the host gave up on by what is kept of them; only those it cannot deliver may be."""
    indexes, found = {one.body.decode(): one.index for one in sent.messages}, list[str]()
    connection = driver.environment["AZURE_STORAGE_CONNECTION_STRING"]
    with SyncQueueClient.from_connection_string(connection, _POISON, use_env_settings=False) as queue:
        for kept in queue.receive_messages(messages_per_page=32, visibility_timeout=_LOOK_SECONDS):
            message: dict[str, Any] = json.loads(kept.content)
            index = indexes.get(message["original"])
            if index is None or not sent.messages[index].hides_metadata or message["reason"] != "given_up_by_host":
                found.append(f"kept without need: {kept.content[:300]}")
            else:
                sent.poisoned.add(index)
    driver.advance(_LOOK_SECONDS + 1)  # they are to be seen again
    return found
