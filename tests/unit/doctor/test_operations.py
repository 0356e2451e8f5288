"""Invariant 5 from the records: what waits is carried on, and who mends it puts back what is missing and no more."""

from dataclasses import replace
from datetime import timedelta

from doctor.evidence import Claim, Cleanup, GivenUpMessage, Intent, Record, Seen, Unsettled, WorkMessage
from doctor.finding import ListUnsettled, PutCleanup, SendWork
from tests.unit.doctor.scene import AT_REST, LONG_AGO, NOW, OPERATION, RECORD, RUNNING, SOUND, found, texts

HOUR = timedelta(hours=1)
LISTED = Unsettled(OPERATION, 1, NOW)
STALE = Unsettled(OPERATION, 1, NOW - HOUR)


def with_record(record: Record, *rows: Unsettled) -> list[object]:
    evidence = replace(SOUND, records=Seen((record,)), unsettled=Seen(rows))
    return [(breach.kind.value, breach.repair) for breach in found(evidence)]


def test_an_operation_that_is_listed_is_carried_on() -> None:
    assert with_record(RUNNING, LISTED) == []


def test_an_operation_that_nobody_lists_may_have_a_message_for_some_minutes() -> None:
    assert with_record(RUNNING) == []
    waiting = replace(RUNNING, started_at=NOW - HOUR, next_attempt=NOW + HOUR)
    assert with_record(waiting) == []
    assert with_record(replace(waiting, next_attempt=NOW - HOUR)) == [("5", ListUnsettled(OPERATION, 1))]


def test_an_operation_without_a_sign_of_life_is_sent_again() -> None:
    old = replace(RUNNING, started_at=NOW - HOUR)
    assert with_record(old, STALE) == [("5", SendWork(OPERATION, 1))]


def test_the_row_of_an_earlier_generation_carries_nothing_on() -> None:
    replayed = replace(RUNNING, generation=2, started_at=NOW - HOUR)
    assert with_record(replayed, LISTED) == [("5", ListUnsettled(OPERATION, 2))]


def test_one_that_has_its_message_is_not_sent_twice() -> None:
    old = replace(SOUND, records=Seen((replace(RUNNING, started_at=NOW - HOUR),)), unsettled=Seen((STALE,)))
    (breach,) = found(replace(old, work=Seen((WorkMessage(OPERATION, 1),))))
    assert breach.repair is None
    (breach,) = found(replace(old, work=Seen[WorkMessage](gap="away")))
    assert breach.repair is None
    (breach,) = found(replace(old, work=Seen[WorkMessage](hidden="only 0 of about 1 messages are visible")))
    assert breach.repair == SendWork(OPERATION, 1)


def test_everybody_waits_while_a_pause_lasts() -> None:
    old = replace(SOUND, records=Seen((replace(RUNNING, started_at=NOW - HOUR),)), unsettled=Seen((STALE,)))
    assert found(replace(old, pause=Seen((NOW + HOUR,)))) == []
    assert len(found(replace(old, pause=Seen((NOW - HOUR,))))) == 1


def test_past_its_deadline_everything_is_late() -> None:
    assert with_record(replace(RUNNING, started_at=NOW - timedelta(hours=25)), LISTED) == [
        ("5", SendWork(OPERATION, 1))
    ]


def test_what_waits_for_somebody_waits_visibly_until_nobody_decided() -> None:
    state = {"state": "awaiting_approval", "reason": "awaiting_approval", "started_at": NOW - timedelta(days=9)}
    waiting = replace(RUNNING, **state, decide_by=NOW + HOUR)
    listed = Unsettled(OPERATION, 1, NOW + HOUR)
    assert with_record(waiting, listed) == []
    assert texts(replace(SOUND, records=Seen((waiting,)), unsettled=Seen((listed,))), AT_REST) == texts(SOUND, AT_REST)
    assert with_record(waiting) == [("5", ListUnsettled(OPERATION, 1))]
    assert with_record(waiting, STALE) == [("5", SendWork(OPERATION, 1))]
    assert with_record(replace(waiting, decide_by=NOW - HOUR), listed) == [("5", SendWork(OPERATION, 1))]


def test_an_answer_that_was_not_delivered_is_delivered_by_listing_it() -> None:
    undelivered = replace(RECORD, answered_at=None)
    assert with_record(undelivered) == [("5", ListUnsettled(OPERATION, 1))]
    assert with_record(replace(undelivered, answer_time=NOW - timedelta(minutes=5))) == []


def test_at_rest_whatever_waits_is_a_breach() -> None:
    assert "5: R1" in texts(replace(SOUND, records=Seen((RUNNING,)), unsettled=Seen((LISTED,))), AT_REST)
    assert "5: R1" in texts(
        replace(SOUND, records=Seen((replace(RECORD, answered_at=None, answer_time=NOW),))), AT_REST
    )


def test_a_key_with_two_operations() -> None:
    assert "5: R1: it has 2 operations" in texts(replace(SOUND, records=Seen((RECORD, replace(RECORD, id="b" * 32)))))


def test_what_the_host_gave_up_on_is_answered_by_a_timer() -> None:
    lies = Seen((GivenUpMessage("app-registrations-poison", NOW - HOUR),))
    assert "5: app-registrations-poison: the host gave up on a message" in texts(replace(SOUND, given_up=lies))
    assert found(replace(SOUND, given_up=Seen((GivenUpMessage("app-registrations-poison", NOW),)))) == []


def test_a_claim_whose_record_never_came() -> None:
    lost = Claim("queue", "R7", "c" * 32, LONG_AGO)
    assert "5: R7: it was claimed" in texts(replace(SOUND, claims=Seen((lost,))))
    assert found(replace(SOUND, claims=Seen((replace(lost, at=NOW),)))) == []
    assert found(replace(SOUND, claims=Seen((lost,)), records=Seen[Record](gap="away"))) == []


def test_an_intent_that_no_entry_remembers_gets_its_entry_back() -> None:
    intending = replace(RUNNING, started_at=NOW - HOUR, intents={"client-secret": Intent(NOW - HOUR)})
    evidence = replace(SOUND, records=Seen((intending,)), unsettled=Seen((LISTED,)))
    (breach,) = found(evidence)
    assert breach.repair == PutCleanup("app", OPERATION, ("app--client-secret",))
    assert found(replace(evidence, cleanups=Seen((Cleanup("app", OPERATION, NOW - HOUR),)))) == []
    assert found(replace(evidence, cleanups=Seen[Cleanup](gap="away"))) == []
    young = replace(intending, intents={"client-secret": Intent(NOW)})
    assert found(replace(evidence, records=Seen((young,)))) == []
