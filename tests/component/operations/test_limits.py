"""Policy bounds what one person asks for in a day, and what one owner gets that is new."""

from datetime import timedelta
from typing import Any

import pytest

from shared.policy.policy_file import Limits, Policy
from tests.component.approving import codes
from tests.fakes.faults import WorkerDied
from tests.fakes.world import World, example
from tests.policies import opened_policy

ADA, GRACE, ALAN = "ada@contoso.example", "grace@contoso.example", "alan@contoso.example"


def policy(administrators: tuple[str, ...] = (), **limits: int) -> Policy:
    return opened_policy().model_copy(update={"limits": Limits(**limits), "administrators": administrators})


def request(request_id: str, app: str, who: str = ADA, secrets: int = 1, **changes: Any) -> dict[str, Any]:
    credentials = [{"name": f"s{n}", "type": "secret", "lifetimeDays": 90} for n in range(secrets)]
    application = example()["application"] | {"uniqueName": app}
    return example(requestId=request_id, requestedBy=who, application=application, credentials=credentials) | changes


async def test_a_requesters_day_is_over_and_the_next_begins() -> None:
    world = World(policy(requests_per_requester_and_day=3))
    for number in range(3):
        assert (await world.run(request(f"A{number}", "same", ADA if number else ADA.upper())))["data"]["status"]
    refused = await world.run(request("A3", "same"))
    assert (refused["data"]["status"], codes(refused)) == ("rejected", ["too_many_requests_today"])
    assert refused["data"]["errors"][0]["field"] == "requestedBy"
    assert (await world.run(request("G0", "graces", GRACE)))["data"]["status"] == "completed"
    assert len(world.operations.all()) == 4
    world.clock.advance(timedelta(days=1))
    assert (await world.run(request("A3", "same")))["data"]["status"] == "completed"
    days = [day for _, day in world.request_counts.rows]
    assert len(days) == 2, "no more is kept than a day of each"


async def test_what_was_recorded_is_answered_though_the_day_is_over() -> None:
    world = World(policy(requests_per_requester_and_day=1))
    first = await world.run(request("A0", "app"))
    assert codes(await world.run(request("A1", "app"))) == ["too_many_requests_today"]
    assert await world.run(request("A0", "app")) == first


async def test_tickets_are_counted_and_told() -> None:
    world = World(policy(requests_per_requester_and_day=1))
    ticket = {"source": "servicenow", "ticket": "RITM0010042"}
    await world.run(request("A0", "app") | ticket)
    assert codes(await world.run(request("A1", "app") | ticket)) == ["too_many_requests_today"]
    assert len(world.operations.all()) == 1


@pytest.mark.parametrize("source", [{}, {"source": "servicenow", "ticket": "RITM0010042"}])
async def test_a_worker_that_dies_counts_a_request_once(source: dict[str, str]) -> None:
    calm = World(policy(requests_per_requester_and_day=2))
    await calm.send(request("A0", "app") | source)
    for index in range(calm.faults.calls.index("table create")):
        for moment in ("before", "after"):
            world = World(policy(requests_per_requester_and_day=2))
            world.faults.at(index, moment, WorkerDied())
            await world.run(request("A0", "app") | source)
            assert (await world.run(request("A1", "app") | source))["data"]["status"] == "completed"
            assert codes(await world.run(request("A2", "app") | source)) == ["too_many_requests_today"]


async def test_an_owner_gets_no_more_new_apps_and_changes_those_they_have() -> None:
    world = World(policy(apps_per_owner=2))
    for app in ("one", "two"):
        assert (await world.run(request(f"NEW-{app}", app)))["data"]["status"] == "completed"
    refused = await world.run(request("NEW-three", "three"))
    assert (refused["data"]["status"], codes(refused)) == ("rejected", ["too_many_apps"])
    assert "three" not in world.directory.applications
    assert (await world.run(request("CHANGE", "one", secrets=2)))["data"]["status"] == "completed"
    assert codes(await world.run(request("FOR-ADA", "four", GRACE, owner=ADA))) == ["too_many_apps"]
    assert (await world.run(request("GRACE", "four", GRACE)))["data"]["status"] == "completed"
    world.deploy(policy(apps_per_owner=1))
    assert (await world.run(request("ABOVE", "two", secrets=2)))["data"]["status"] == "completed"


async def test_an_owner_gets_no_more_new_credentials_in_all_of_their_apps() -> None:
    world = World(policy(credentials_per_owner=3))
    assert (await world.run(request("A0", "one", secrets=2)))["data"]["status"] == "completed"
    assert codes(await world.run(request("A1", "two", secrets=2))) == ["too_many_credentials"]
    assert (await world.run(request("A2", "two", secrets=1)))["data"]["status"] == "completed"
    assert codes(await world.run(request("A3", "one", secrets=3))) == ["too_many_credentials"]
    assert (await world.run(request("A4", "one", secrets=2)))["data"]["status"] == "completed", "nothing new"


async def test_an_administrator_exceeds_the_bounds_and_that_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    world = World(policy((ALAN,), apps_per_owner=1, credentials_per_owner=1))
    assert (await world.run(request("A0", "one", ALAN)))["data"]["status"] == "completed"
    assert (await world.run(request("A1", "two", ALAN)))["data"]["status"] == "completed"
    assert "limits.exceeded_by_administrator" in caplog.text


async def test_a_request_that_has_begun_is_ended_though_the_bound_is_reached_meanwhile() -> None:
    world = World(policy(apps_per_owner=1, credentials_per_owner=1))
    world.directory.secret_delay = timedelta(minutes=10)
    await world.send(request("A0", "one"))
    world.deploy(policy(apps_per_owner=1, credentials_per_owner=1))
    await world.settle()
    assert world.queues.answers[-1]["data"]["status"] == "completed"
