"""What a ticket decided is read as a decision of its own source, or every fault is named."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.approval.messages import DecisionMessage
from shared.errors import Rejected
from shared.ticketing.decision import decision_from, is_decision
from shared.ticketing.model import Source, load_ticketing

TICKETING = load_ticketing(Path(__file__).parents[2] / "ticketing.toml")
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
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
    } | changes


def jira(**changes: Any) -> dict[str, Any]:
    return {
        "event": "decided",
        "issue": {"key": "REG-42", "status": "Declined"},
        "decision": "rejected",
        "decisionNumber": 2,
        "decidedBy": {"email": "grace@contoso.example", "objectId": ""},
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
        received_at=NOW,
    )
    told = decision_from(source("jira"), jira(), NOW)
    assert (told.source, told.request_id, told.outcome, told.decision_id) == ("jira", "REG-42", "refused", "REG-42-2")
    assert told.decided_by_object_id is None


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
    with pytest.raises(Rejected) as rejected:
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
    except Rejected:
        return
    assert DecisionMessage.model_validate_json(read.to_json()) == read
    assert read.source == "servicenow"
