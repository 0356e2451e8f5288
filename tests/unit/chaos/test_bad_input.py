"""The checks of the suite bad-input can fail, and its messages can be made again."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.bad_input.answers import faults_of_form
from tests.chaos.bad_input.judge import valid_request
from tests.chaos.bad_input.log_lines import faults_of_log, faults_of_record
from tests.chaos.bad_input.messages import Message, message
from tests.chaos.bad_input.sent import Sent
from tests.chaos.bad_input.verdicts import fault_of_outcome
from tests.chaos.bad_input.worker import Outcome

EXAMPLE = (Path(__file__).parents[3] / "examples/azure-digital-twins.json").read_bytes()
VALID, INVALID = Message("u", 0, "valid", EXAMPLE), Message("u", 1, "broken", EXAMPLE[:-3])
LINE = b"2026-11-23T10:00:00.000+00:00 INFO Function.a.User <1> "


def answer(status: str, **data: Any) -> dict[str, Any]:
    errors = [] if status == "completed" else [{"field": "a", "code": "invalid_json", "message": "m"}]
    known = {"requestId": None, "source": "queue", "operationId": None, "errors": errors, "errorCount": len(errors)}
    kind = f"registrar.registration.{status}.v1"
    return {"id": "1", "type": kind, "time": "t", "data": {**known, "status": status, **data}}


def test_messages_follow_from_unit_and_index() -> None:
    made = [message("worker/00", index) for index in range(300)]
    assert made == [message("worker/00", index) for index in range(300)]
    assert made != [message("worker/01", index) for index in range(300)]
    assert len({one.kind for one in made}) > 8
    assert 0 < sum(valid_request(one.body) is not None for one in made) < 30


@pytest.mark.parametrize(
    ("was", "becomes"),
    [('"1"', "1"), ("180", "0"), ("180", "180.0"), ("{", '{"requestId": "x",'), ("adt-client-dev", "adt_client")],
)
def test_the_judge_knows_a_request_from_what_is_none(was: str, becomes: str) -> None:
    assert valid_request(EXAMPLE) == json.loads(EXAMPLE)
    assert valid_request(EXAMPLE.replace(was.encode(), becomes.encode(), 1)) is None


def test_a_wrong_verdict_a_second_answer_and_a_missing_one_are_seen() -> None:
    completed = answer("completed", operationId="1", requestId="RITM0010042")
    rejected = answer("rejected") | {"id": "2"}
    sent = Sent([VALID, INVALID])
    assert sent.faults([completed, rejected], {"t": 1}) == []
    assert len(sent.faults([completed], {"t": 1})) == 1
    assert len(sent.faults([completed, rejected, rejected | {"id": "3"}], {"t": 1})) == 1
    assert sent.faults([completed, answer("completed") | {"id": "2"}], {"t": 1})
    refused = answer("rejected", operationId="1", requestId="RITM0010042")
    assert "rejected for" in sent.faults([refused, rejected], {"t": 1})[0]


@pytest.mark.parametrize(
    "error",
    [{"message": "x" * 2000}, {"message": "\x1b[31m"}, {"field": "\u202e"}, {"code": "no code"}],
)
def test_an_answer_that_echoes_too_much_is_seen(error: dict[str, str]) -> None:
    wrong = answer("rejected")
    assert faults_of_form(wrong) == []
    wrong["data"]["errors"][0] |= error
    assert faults_of_form(wrong)


def test_a_function_that_raises_or_dies_is_seen() -> None:
    hiding = Message("u", 2, "forged", b'{"DequeueCount": "x"}')
    stack = '  File "/app/shared/intake/queue.py", line 1, in accept'
    assert fault_of_outcome(INVALID, Outcome(None)) is None
    assert fault_of_outcome(hiding, Outcome("ValueError")) is None
    assert fault_of_outcome(hiding, Outcome("ValueError", stack))
    assert fault_of_outcome(INVALID, Outcome("ValueError"))
    assert fault_of_outcome(hiding, Outcome("gone", worker_gone=True))


def test_injected_lines_and_escape_sequences_are_seen_in_a_log() -> None:
    assert faults_of_log(LINE + b"fine\n") == []
    assert faults_of_log(LINE + b"one\nforged\n")
    assert faults_of_log(LINE + b"\x1b[31mred\n")
    assert faults_of_record('INFO:registrar:{"event": "a"} {"event": "forged"}')
