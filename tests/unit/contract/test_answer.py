"""Answers: small enough for a queue, equal ids for equal answers."""

import json
from datetime import UTC, datetime

import pytest

from shared.contract.answer import (
    MAX_ANSWER_BYTES,
    Answer,
    AnswerData,
    Status,
    answer_id,
    answer_type,
    answered_errors,
)
from shared.core.errors import Problem
from shared.model.kept import kept_message

NOW = datetime(2026, 11, 23, 9, 0, 0, 123456, tzinfo=UTC)


def test_a_huge_rejection_keeps_its_count_and_fits() -> None:
    problems = [Problem(f"credentials[{n}].name", "invalid_value", "x" * 900) for n in range(4000)]
    data = AnswerData(
        request_id="R", status=Status.REJECTED, errors=answered_errors(problems), error_count=len(problems)
    )
    answer = Answer(id="1", type=answer_type(Status.REJECTED), time=NOW, data=data)
    text = answer.to_json()
    assert len(text.encode()) <= MAX_ANSWER_BYTES
    parsed = json.loads(text)["data"]
    assert parsed["errorCount"] == 4000
    assert 0 < len(parsed["errors"]) <= 50


def test_an_answer_is_a_cloud_event() -> None:
    answer = Answer(
        id="1",
        type=answer_type(Status.COMPLETED),
        subject="app",
        time=NOW,
        data=AnswerData(request_id="R", status=Status.COMPLETED),
    )
    event = json.loads(answer.to_json())
    assert event["specversion"] == "1.0"
    assert event["type"] == "registrar.registration.completed.v1"
    assert event["time"] == "2026-11-23T09:00:00Z"
    assert Answer.model_validate_json(answer.to_json()).to_json() == answer.to_json()


def test_ids_depend_on_every_part_and_their_borders() -> None:
    assert answer_id("a", "b") == answer_id("a", "b")
    assert len({answer_id("a", "b"), answer_id("ab"), answer_id("a", "b", ""), answer_id("b", "a")}) == 4


@pytest.mark.parametrize("letter", ["x", "é", "\U0001f600", "\x01"])
def test_what_is_kept_of_a_huge_message_fits_into_a_queue(letter: str) -> None:
    kept = kept_message("given_up_by_host", letter * (64 * 1024 // len(letter.encode())))
    assert len(kept.encode()) <= 64 * 1024
    assert json.loads(kept)["original"].startswith(letter)
