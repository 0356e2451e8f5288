"""What a ticket decided is read as a decision of its own source, or every fault is named."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.approval.messages import DecisionMessage
from shared.core.errors import RejectedError
from shared.intake.decision import decision_from, is_decision
from shared.intake.mapping import request_from
from shared.intake.sources import Source, load_ticketing
from tests.unit.intake.test_mapping import servicenow as filled_in

TICKETING = load_ticketing(Path(__file__).parents[3] / "devstack" / "ticketing.toml")
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
MADE = datetime(2026, 11, 26, 11, 58, tzinfo=UTC)
GRACE = "aaaaaaaa-0000-4000-8000-000000000002"


def source(name: str) -> Source:
    found = TICKETING.source(name)
    assert found is not None
    return found


def servicenow(**changes: Any) -> dict[str, Any]:
    return {
        "event": "decided",
        "number": "RITM0010042",
        "sys_id": "9f1c7e2b1b2a4410a1b2c3d4e5f60718",
        "approval": "approved",
        "approved_by": {"email": "grace@contoso.example", "object_id": GRACE.upper()},
        "decision_number": 1,
        "decided_at": "2026-11-26 11:58:00",
    } | changes


def jira(**changes: Any) -> dict[str, Any]:
    return {
        "event": "decided",
        "issue": {"key": "REG-42", "status": "Declined"},
        "decision": "rejected",
        "decisionNumber": 2,
        "decidedBy": {"email": "grace@contoso.example", "objectId": ""},
        "decidedAt": "2026-11-26T12:58:00.000+0100",
    } | changes


def test_both_systems_tell_what_was_decided_and_by_whom() -> None:
    assert decision_from(source("servicenow"), servicenow(), NOW) == DecisionMessage(
        source="servicenow",
        request_id="RITM0010042",
        decision_id="RITM0010042-1",
        outcome="approved",
        ticket="9f1c7e2b1b2a4410a1b2c3d4e5f60718",
        decided_by="grace@contoso.example",
        decided_by_object_id=GRACE,
        decided_at=MADE,
        received_at=NOW,
    )
    told = decision_from(source("jira"), jira(), NOW)
    assert (told.source, told.request_id, told.outcome, told.decision_id) == ("jira", "REG-42", "refused", "REG-42-2")
    assert (told.decided_by_object_id, told.decided_at, told.content) == (None, MADE, None)


def test_a_decision_is_about_the_content_that_its_source_maps_and_about_no_other() -> None:
    form = json.loads(filled_in())
    asked = request_from(source("servicenow"), form)
    about = decision_from(source("servicenow"), form | servicenow(), NOW).content
    assert about == asked.body_hash()
    edited = json.loads(filled_in(delegated_permissions="Read.All"))
    assert decision_from(source("servicenow"), edited | servicenow(), NOW).content not in (about, None)


@pytest.mark.parametrize("said", [None, "", "yesterday", 7, "2026-11-26", {}, "9999-99-99 00:00:00"])
def test_a_decision_that_does_not_say_when_is_read_and_has_no_time(said: object) -> None:
    found = decision_from(source("servicenow"), servicenow(decided_at=said), NOW).decided_at
    assert found is None or (found, said) == (datetime(2026, 11, 26, tzinfo=UTC), "2026-11-26")


def test_a_message_of_the_old_shape_is_read_and_says_nothing_of_its_content() -> None:
    old = DecisionMessage.model_validate_json(
        json.dumps(
            {
                "schemaVersion": "1",
                "source": "servicenow",
                "requestId": "RITM0010042",
                "decisionId": "1",
                "outcome": "approved",
                "receivedAt": "2026-11-26T12:00:00Z",
            }
        )
    )
    assert (old.decided_at, old.content, old.binding) == (None, None, None)


@pytest.mark.parametrize("payload", [{}, {"event": "requested"}, {"event": ""}, {"event": ["decided"]}])
def test_anything_else_is_a_request(payload: dict[str, Any]) -> None:
    assert not is_decision(source("servicenow"), payload)


def test_a_source_without_the_table_decides_nothing() -> None:
    assert not is_decision(source("jira").model_copy(update={"decision": None}), jira())
    assert TICKETING.deciding_sources() == {"servicenow", "jira"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"approval": "maybe"}, "decision.outcome"),
        ({"approval": None}, "decision.outcome"),
        ({"approval": {"value": "approved"}}, "decision.outcome"),
        ({"number": "RITM 1"}, "decision.request_id"),
        ({"number": 7}, "decision.id"),
        ({"sys_id": "../x"}, "decision.ticket"),
        ({"approved_by": {"email": "x" * 501}}, "decision.decided_by"),
        ({"approved_by": {"email": "a", "object_id": "not one"}}, "decision.decided_by_object_id"),
    ],
)
def test_a_decision_that_is_none_is_refused_with_its_place(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(RejectedError) as rejected:
        decision_from(source("servicenow"), servicenow(**changes), NOW)
    assert field in {problem.field for problem in rejected.value.problems}


@given(
    st.dictionaries(
        st.sampled_from(sorted(servicenow())), st.recursive(st.none() | st.text() | st.integers(), st.lists)
    )
)
def test_whatever_stands_in_the_fields_it_is_a_decision_or_is_refused(changes: dict[str, Any]) -> None:
    payload = servicenow(**changes)
    try:
        read = decision_from(source("servicenow"), payload, NOW)
    except RejectedError:
        return
    assert DecisionMessage.model_validate_json(read.to_json()) == read
    assert read.source == "servicenow"
