"""A worker dies, or a newer request overtakes, at any moment of a late refusal: as little is left behind."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shared.core.errors import UnavailableError
from shared.model.application import ApplicationRecord
from shared.model.operation import Operation
from tests.component.registration.refusing import (
    APP,
    SECRET,
    Refusing,
    asking,
    assert_nothing_is_left,
    consents,
    enabled,
    offer_nothing,
)
from tests.component.registration.test_narrowing import READ_WRITE
from tests.fakes.faults import Faults, Moment, WorkerDied
from tests.fakes.invariants import breaches
from tests.fakes.world import World

ALWAYS = range(1, 1_000)


async def test_a_request_that_is_overtaken_by_what_it_finds_leaves_nothing() -> None:
    """It had given all of it, and waited: its API then offers the permission no more."""
    world = World()
    world.directory.secret_delay = timedelta(hours=2)
    await world.send(asking("R1"))
    assert consents(world) == {READ_WRITE}
    offer_nothing(world)
    await world.settle()
    assert_nothing_is_left(world)


async def test_what_a_newer_request_has_made_its_own_stays() -> None:
    """The older one had issued a secret and waited; the newer one answered with it, and overtook it."""
    world = World()
    world.directory.secret_delay = timedelta(minutes=30)
    await world.send(asking("R1"))
    assert world.directory.passwords_ever_issued == 1
    world.clock.advance(timedelta(minutes=31))
    await world.send(asking("R2"))
    answered = {each["data"]["requestId"]: each["data"] for each in world.queues.answers}
    assert answered["R2"]["status"] == "completed"
    await world.settle()
    answered = {each["data"]["requestId"]: each["data"] for each in world.queues.answers}
    assert [each["code"] for each in answered["R1"]["errors"]] == ["superseded"]
    (app,) = world.directory.applications.values()
    assert list(app.passwords) == [answered["R2"]["credentials"][0]["keyId"]]
    assert (enabled(world), consents(world)) == ([SECRET], {READ_WRITE})
    assert breaches(world) == []


async def test_a_worker_that_dies_before_it_records_what_was_applied_leaves_nothing_of_a_refusal() -> None:
    """All of it was given and noted as applied; then the directory offers the permission no more."""
    faults = _DyingAt(await _calls_until_settled())
    world = World(faults=faults)
    faults.last_act = lambda: (offer_nothing(world), world.clock.advance(timedelta(hours=1)))
    await world.send(asking("R1"))
    (record,) = (ApplicationRecord.model_validate_json(text) for text, _ in world.applications.rows.values())
    assert record.applied_sequence == 1
    await world.settle()
    assert_nothing_is_left(world)


async def test_a_request_overtaken_after_it_was_noted_as_applied_keeps_only_what_the_newer_one_answered() -> None:
    """Its requester was told of nothing: what it noted as its own answer is no reason for a credential to stay."""
    undisturbed, world = World(), World()
    await undisturbed.run(asking("R1", "first", "second"))
    noted = [index for index, call in enumerate(undisturbed.faults.calls) if call == "table save app"][-1]
    world.faults.at(noted, "after", UnavailableError("503"))
    await world.send(asking("R1", "first", "second"))
    (app,) = world.directory.applications.values()
    assert (len(app.passwords), world.queues.answers) == (2, [])
    await world.send(asking("R2", "first"))
    await world.settle()
    answered = {each["data"]["requestId"]: each["data"] for each in world.queues.answers}
    assert [each["code"] for each in answered["R1"]["errors"]] == ["superseded"]
    assert answered["R2"]["status"] == "completed"
    assert list(app.passwords) == [answered["R2"]["credentials"][0]["keyId"]]
    assert (enabled(world), consents(world)) == (["adt-client-dev--first"], {READ_WRITE})
    assert breaches(world) == []


async def _calls_until_settled() -> int:
    """Number of the call by which the operation of an undisturbed request is saved as completed."""
    world = World()
    await world.run(asking("R1"))
    saves = [index for index, call in enumerate(world.faults.calls) if call == "table save"]
    last = [index for index in saves if index < world.faults.calls.index("queue answer")]
    return last[-1]


async def test_rows_of_before_know_no_refusal_and_no_giver() -> None:
    world = World()
    await world.run(asking("R1"))
    ((text, _),), (row, _) = world.operations.rows.values(), world.applications.rows[APP]
    operation, record = json.loads(text), json.loads(row)
    del operation["refusal"]
    for name in ("given", "answered", "withdrawn"):
        del record[name]
    assert Operation.model_validate(operation).refusal is None
    read = ApplicationRecord.model_validate(record)
    assert (read.given_by("a" * 32), read.answered, read.withdrawn) == (frozenset(), {}, {})


@pytest.mark.parametrize(
    ("kind", "moment", "trouble"),
    [
        ("secret", "before", WorkerDied),
        ("secret", "after", WorkerDied),
        ("secret", "after", lambda: UnavailableError("connection lost")),
        ("certificate", "after", WorkerDied),
    ],
    ids=["secret-before", "secret-after", "secret-answer-lost", "certificate-after"],
)
async def test_whatever_happens_at_any_call_nothing_is_left(
    moment: Moment, trouble: Callable[[], BaseException], kind: str
) -> None:
    request = asking("R1", "first")
    request["credentials"][0]["type"] = kind
    for index in range(await _calls_of_a_refusal(request)):
        faults = Refusing("graph write_consents", times=ALWAYS)
        faults.at(index, moment, trouble())
        world = World(faults=faults)
        await world.send(request)
        await world.settle()
        assert faults.refused, f"{moment} call {index}, {faults.calls[index]}"
        assert_nothing_is_left(world, f"{moment} call {index}, {faults.calls[index]}")


async def _calls_of_a_refusal(request: dict[str, Any]) -> int:
    world = World(faults=Refusing("graph write_consents", times=ALWAYS))
    await world.send(request)
    await world.settle()
    return len(world.faults.calls)


class _DyingAt(Faults):
    """The worker dies before the call with this number, and something happens while it is away."""

    def __init__(self, index: int) -> None:
        super().__init__()
        self._index = index
        self.last_act: Callable[[], object] = lambda: None

    async def call[R](self, name: str, effect: Callable[[], R]) -> R:
        if len(self.calls) == self._index:
            self.calls.append(name)
            self.last_act()
            raise WorkerDied
        return await super().call(name, effect)
