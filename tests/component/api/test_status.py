"""How far requests came is told as the records say it, without a person's name in a list."""

import json
from datetime import timedelta

import pytest

from shared.api.requests import Named, listed, parse_listing, parse_named, show
from shared.core.errors import RejectedError, ThrottledError, UnavailableError
from shared.model.operation import State
from tests.fakes.world import World, example


async def test_a_completed_request_is_told_with_its_steps_and_its_answer() -> None:
    world = World()
    answer = await world.run(example())
    told = await show(world.operations, Named("queue", "RITM0010042"))
    assert told is not None
    assert (told["state"], told["nextAttempt"], told["answer"]) == ("completed", None, answer)
    assert [step["name"] for step in told["steps"]][-1] == "signIn"
    json.dumps(told)


async def test_a_waiting_request_tells_why_and_when_it_goes_on() -> None:
    world = World()
    world.faults.next("graph upsert_application", "before", ThrottledError("busy", timedelta(seconds=90)))
    await world.send(example())
    told = await show(world.operations, Named("queue", "RITM0010042"))
    assert told is not None
    assert (told["state"], told["reason"]) == ("waiting", "throttled")
    assert told["nextAttempt"] > told["acceptedAt"]
    assert told["answer"] is None


async def test_what_nobody_asked_for_is_not_there_and_what_cannot_be_read_is_not_said_to_be_missing() -> None:
    world = World()
    assert await show(world.operations, Named("queue", "RITM0010042")) is None
    world.faults.next("table claims", "before", UnavailableError("away", sent=False))
    with pytest.raises(UnavailableError):
        await show(world.operations, Named("queue", "RITM0010042"))


async def test_requests_in_a_state_are_listed_page_by_page_without_anybodys_name() -> None:
    world = World()
    for number in range(5):
        request = example(requestId=f"R{number}")
        request["application"]["uniqueName"] = f"app-{number}"
        await world.run(request)
    found: list[str] = []
    after: str | None = None
    for _ in range(3):
        query = {"state": "completed", "limit": "2"} | ({"after": after} if after is not None else {})
        items, after = await listed(world.operations, parse_listing(query))
        assert "@" not in "".join(item.model_dump_json() for item in items)
        found += [item.request_id for item in items]
        if after is None:
            break
    assert after is None
    assert sorted(found) == [f"R{number}" for number in range(5)]
    assert await listed(world.operations, parse_listing({"state": "failed"})) == ((), None)


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ({}, {"state"}),
        ({"state": "done", "limit": "0", "after": "x", "owner": "ada"}, {"state", "limit", "after", "owner"}),
        ({"state": "failed", "limit": "201"}, {"limit"}),
        ({"state": "failed", "limit": "١"}, {"limit"}),
    ],
)
def test_a_query_is_refused_with_all_that_is_wrong(query: dict[str, str], fields: set[str]) -> None:
    with pytest.raises(RejectedError) as rejected:
        parse_listing(query)
    assert {problem.field for problem in rejected.value.problems} == fields


def test_a_request_is_named_by_its_key() -> None:
    assert parse_named("R1", {}) == Named("queue", "R1")
    assert parse_named("R1", {"source": "jira"}) == Named("jira", "R1")
    for request_id, query in (("a b", {}), ("R1", {"source": "../x"}), ("R1", {"of": "x"})):
        with pytest.raises(RejectedError):
            parse_named(request_id, query)
    assert parse_listing({"state": "waiting"}).state is State.WAITING
