"""What a ticket is told, at what cost, and which state it is set to."""

from collections import Counter
from datetime import timedelta

import pytest

from shared.core.errors import RefusedError, UnavailableError
from shared.model.ticket_update import UpdateState, mark_of
from tests.component.rotating import APP, rotation_of
from tests.component.ticketing import Stage, asked
from tests.fakes.world import World, example


async def test_an_answer_is_told_once_and_sets_the_state() -> None:
    stage = Stage()
    answer = await stage.world.run(asked())
    (text,) = stage.texts()
    data = answer["data"]
    assert data["clientId"] in text
    assert data["credentials"][0]["keyVaultSecretUri"] in text
    assert text.endswith(mark_of(answer["id"]))
    assert stage.servicenow.states["SYS1"] == ["completed"]
    assert stage.updates() == [UpdateState.DONE]
    await stage.world.run(asked())
    assert len(stage.texts()) == 1


async def test_a_rejection_says_what_to_change() -> None:
    stage = Stage()
    request = asked()
    request["credentials"][0]["lifetimeDays"] = 3000
    await stage.world.run(request)
    (text,) = stage.texts()
    assert "Please change the following" in text
    assert "credentials[0].lifetimeDays" in text
    assert stage.servicenow.states["SYS1"] == ["rejected"]


async def test_a_used_request_id_is_told_and_leaves_the_state() -> None:
    stage = Stage()
    await stage.world.run(asked())
    await stage.world.run(asked(owner="grace@contoso.example"))
    assert ["request_id_reused" in text for text in stage.texts()] == [False, True]
    assert stage.servicenow.states["SYS1"] == ["completed"]


@pytest.mark.parametrize("source", ["queue", "elsewhere", "servicenow"])
async def test_who_has_no_ticket_or_no_updates_costs_nothing(source: str) -> None:
    stage, alone = Stage(), World(targets={})
    await stage.world.run(example(source=source))
    await alone.run(example(source=source))
    assert stage.world.faults.calls == alone.faults.calls
    assert stage.updates() == []


async def test_a_receiver_of_webhooks_needs_no_ticket() -> None:
    stage = Stage()
    answer = await stage.world.run(example(source="hook"))
    ((ticket, (note,)),) = stage.hook.notes.items()
    assert (ticket, note.id) == ("", answer["id"])


async def test_an_update_costs_eight_calls_of_storage() -> None:
    stage, alone = Stage(), World(targets={})
    await stage.world.run(asked())
    await alone.run(asked())
    added = Counter(stage.world.faults.calls) - Counter(alone.faults.calls)
    timers = ("queue peek work", "table due", "table due updates", "table all cleanups")
    timers += ("table noted", "table is linked", "table chain head", "table append", "table forget note")
    storage = {call: n for call, n in added.items() if call.startswith(("table", "queue")) and call not in timers}
    assert storage == {
        "table relist update": 1,
        "table create update": 1,
        "queue ticket update": 1,
        "table read update": 1,
        "table save update": 2,
        "table read": 1,
        "table unlist update": 1,
    }


async def test_what_is_told_late_does_not_take_the_ticket_back() -> None:
    """The first outcome is told when the second one is known already: its note comes, its state does not."""
    stage = Stage()
    stage.servicenow.failing = UnavailableError("no answer")
    stage.world.faults.next("graph upsert_application", "before", RefusedError("no"))
    await stage.world.send(asked())
    assert stage.world.queues.answers[-1]["data"]["status"] == "failed"
    (operation,) = stage.world.operations.all()
    await stage.world.registrar.replays.replay(operation.id)
    await stage.world.go_on(timedelta(minutes=3))
    assert stage.world.queues.answers[-1]["data"]["status"] == "completed"
    stage.servicenow.failing = None
    await stage.world.settle()
    assert len(stage.texts()) == 2
    assert stage.servicenow.states["SYS1"] == ["completed"]


async def rotated(stage: Stage) -> None:
    await stage.world.run(asked())
    stage.world.clock.advance(timedelta(days=160))
    await stage.world.go_on(timedelta(hours=2))
    await stage.world.settle()


async def test_a_rotation_is_told_in_the_apps_ticket_where_that_is_configured() -> None:
    stage = Stage("rotated")
    await rotated(stage)
    first, second = stage.texts()
    assert "A credential is replaced" in second
    assert "The old credential works until" in second
    assert first != second
    assert stage.servicenow.states["SYS1"] == ["completed"]


async def test_a_rotation_is_told_nowhere_else() -> None:
    stage = Stage("expiring")
    await rotated(stage)
    assert len(stage.texts()) == 1


async def test_a_rotation_that_somebody_asked_for_is_told_in_their_ticket() -> None:
    stage = Stage()
    await stage.world.run(asked())
    await stage.world.go_on(timedelta(hours=1))
    await stage.world.run(rotation_of("client-secret", "ROT1", source="servicenow", ticket="SYS2"))
    (text,) = stage.texts("SYS2")
    assert "A credential is replaced" in text
    assert len(stage.texts()) == 1


async def test_what_expires_and_cannot_be_replaced_is_told_where_configured() -> None:
    stage = Stage("expiring", "rotation_failed")
    await stage.world.run(asked())
    del stage.world.directory.applications[APP]
    for days in (150, 5, 5, 5):
        stage.world.clock.advance(timedelta(days=days))
        await stage.world.go_on(timedelta(hours=3))
    texts = stage.texts()[1:]
    assert any("could not be replaced" in text for text in texts)
    assert any("expires soon" in text for text in texts)
    assert len({text.splitlines()[-1] for text in texts}) == len(texts)
