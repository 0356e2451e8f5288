"""What the app keeps is told from what others made up, and said in one line."""

import json
from datetime import UTC, datetime

import pytest

from queues.broker import Message
from queues.kept import find, is_kept, parse
from shared.contract.request import RegistrationRequest
from shared.model.kept import MAX_POISON_BYTES, kept_failure, kept_message
from shared.model.operation import Operation
from tests.fakes.world import example
from tests.unit.queues.memory import KEPT, MemoryBroker


def test_a_message_without_an_operation_and_a_note_that_a_ticket_did_not_get() -> None:
    plain = parse(Message("1", kept_message("given_up_by_host", "no JSON").encode()))
    assert plain is not None
    assert (plain.operation_id, plain.update_id, plain.about, plain.reason) == (None, None, "", "given_up_by_host")
    note = parse(Message("2", kept_message("ticket_update_failed: x", {"updateId": "u", "ticket": "T-1"}).encode()))
    assert note is not None
    assert (note.operation_id, note.update_id, note.about) == (None, "u", "T-1")
    cut = parse(Message("3", kept_message("given_up_by_host", "x" * MAX_POISON_BYTES).encode()))
    assert cut is not None


def test_a_failed_operation() -> None:
    request = RegistrationRequest.model_validate(example())
    now = datetime.now(UTC)
    operation = Operation(
        id="a" * 32, request=request, body_hash="h", sequence=1, accepted_at=now, started_at=now, reason="throttled"
    )
    failure = parse(Message("1", kept_failure(operation).encode()))
    assert failure is not None
    assert (failure.operation_id, failure.generation, failure.reason) == ("a" * 32, 1, "throttled")
    assert failure.about == request.application.unique_name


@pytest.mark.parametrize(
    "text",
    [
        "no JSON",
        "[]",
        '{"reason": "r", "operationId": null, "original": 1}',
        json.dumps({**json.loads(kept_message("r", "x")), "DequeueCount": "x"}),
        '{"original": ' + "[" * 20_000,
    ],
)
def test_what_others_put_there_is_not_taken_for_it(text: str) -> None:
    assert not is_kept(text.encode())
    assert parse(Message("1", text.encode())) is None


async def test_everything_is_looked_at_only_where_a_look_does_not_find_it() -> None:
    broker = MemoryBroker()
    known = broker.add(KEPT, kept_message("r", "x"))
    broker.more = "there is more"
    asked: list[bool] = []
    look = broker.look

    async def noted(place: object, *, everything: bool = False) -> object:
        asked.append(everything)
        return await look(KEPT, everything=everything)

    broker.look = noted  # type: ignore[method-assign,assignment]
    assert [each.message.id for each in await find(broker, known)] == [known]
    assert asked == [False]
    assert await find(broker, "m99") == []
    assert asked == [False, False, True]
