"""A record's ticket follows from its request and the way that came by, and stands in its row as it always has."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.contract.request import RegistrationRequest
from shared.model.channel import Channel
from shared.model.operation import Operation
from tests.fakes.world import example

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


def operation(channel: Channel | None, **changes: Any) -> Operation:
    return Operation(
        id="0" * 32,
        request=RegistrationRequest.model_validate(example(source="servicenow", **changes)),
        body_hash="hash",
        sequence=1,
        accepted_at=NOW,
        started_at=NOW,
        channel=channel,
    )


@pytest.mark.parametrize(
    ("channel", "ticket"), [(Channel.WEBHOOK, "RITM0010042"), (Channel.QUEUE, None), (None, "RITM0010042")]
)
def test_a_ticket_counts_unless_anybody_could_have_named_it(channel: Channel | None, ticket: str | None) -> None:
    """Records of version 1 have no channel, and kept the ticket that their request names."""
    record = operation(channel, ticket="RITM0010042")
    assert record.ticket == ticket
    assert json.loads(record.model_dump_json())["ticket"] == ticket


def test_a_row_is_read_as_it_was_written() -> None:
    record = operation(Channel.WEBHOOK, ticket="RITM0010042")
    assert Operation.model_validate_json(record.model_dump_json()) == record
    assert operation(Channel.WEBHOOK).ticket is None
