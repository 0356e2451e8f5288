"""Invariant 5 from a witness: messages, operations and answers add up, or something was lost or said twice."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from doctor.evidence import Seen
from tests.unit.doctor.scene import RECORD, SOUND
from tests.unit.witness.scene import FAILED, KEPT, answer, request, texts, witnessed


def test_one_answer_delivered_twice_is_one() -> None:
    assert texts(witnessed(answer(), answer(), requests=(request(), request()))) == ""


def test_two_different_answers_with_one_id() -> None:
    assert "5: R1: two different answers" in texts(witnessed(answer(), {**answer(), "time": "later"}))


def test_two_final_answers_to_one_generation() -> None:
    assert "2 final answers instead of 1" in texts(witnessed(answer("1"), answer("2")))


def test_no_final_answer_at_all() -> None:
    assert "0 final answers instead of 1" in texts(witnessed(answer("1", "b" * 32, "R9")))


def test_every_generation_has_an_answer_of_its_own() -> None:
    replayed = replace(SOUND, records=Seen((replace(RECORD, generation=2),)))
    assert texts(witnessed(answer("1"), answer("2")), replayed) == ""
    running = replace(RECORD, generation=2, state="running", started_at=SOUND.now, answered_at=None)
    assert texts(witnessed(answer("1")), replace(SOUND, records=Seen((running,)))) == ""


def test_what_failed_is_kept() -> None:
    both, evidence = witnessed(answer(), answer("2", FAILED.id, "R2")), replace(SOUND, records=Seen((RECORD, FAILED)))
    assert f"operation {FAILED.id} failed, but is not on the poison queue" in texts(both, evidence)
    assert texts(both, replace(evidence, kept=Seen((KEPT,)))) == ""


def test_an_answer_without_its_event() -> None:
    assert "answer 1 has no event" in texts(witnessed(events=()))
    assert texts(witnessed(events=(answer(),))) == ""


def test_one_unreadable_message_answered_twice() -> None:
    twice = (answer(), answer("2", None, None), answer("3", None, None))
    assert "several answers" in texts(witnessed(*twice, arrivals_differ=True))
    assert texts(witnessed(*twice, requests=(request(), {}, {}))) == ""


def test_a_request_that_was_lost_before_its_record() -> None:
    assert "5: R2: 1 messages" in texts(witnessed(requests=(request(), request("R2"))))


def test_an_answer_that_nobody_asked_for() -> None:
    assert "5: R1: 0 messages" in texts(witnessed(requests=()))


@given(data=st.data())
def test_messages_and_answers_add_up_and_a_missing_answer_does_not(data: st.DataObject) -> None:
    """One key: some body is served, every message with another is refused; unreadable ones are refused one by one."""
    copies = data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=4))
    unreadable = data.draw(st.integers(0, 3))
    winner = data.draw(st.integers(0, len(copies) - 1))
    requests = [request(body=body) for body, count in enumerate(copies) for _ in range(count)]
    requests += [request(["no id"])] * unreadable
    refused = [answer(f"x{n}", None) for n in range(sum(copies) - copies[winner])]
    refused += [answer(f"y{n}", None, None) for n in range(unreadable)]
    assert texts(witnessed(answer(), *refused, requests=tuple(requests))) == ""
    if unreadable:
        assert "5: None" in texts(witnessed(answer(), *refused[:-1], requests=tuple(requests)))
