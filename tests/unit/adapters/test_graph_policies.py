"""The adapter of the tenant's app management policies: kept for minutes, and silent where it may not read them."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from azure.core.credentials_async import AsyncTokenCredential
from kiota_abstractions.request_information import RequestInformation

from shared.adapters.graph.client import graph_service_client
from shared.adapters.graph.policies import KEPT_FOR, GraphPolicies
from shared.core.errors import ForbiddenError, RefusedError, RegistrarError, ThrottledError, UnavailableError
from tests.fakes.clock import FakeClock

APP = "aaaaaaaa-0000-4000-8000-00000000000a"
NO_SECRETS = {"restrictionType": "passwordAddition", "state": "enabled"}
TENANT = {"isEnabled": True, "applicationRestrictions": {"passwordCredentials": [NO_SECRETS]}}
OWN = {"isEnabled": True, "restrictions": {"passwordCredentials": [NO_SECRETS | {"state": "disabled"}]}}


class Sender:
    """What Graph answers, by whether the tenant's policy or an app's are asked for."""

    def __init__(self) -> None:
        self.answers: dict[str, object] = {"policies": TENANT, "applications": {"value": []}}
        self.asked: list[str] = []
        self.meet: Callable[[], Any] | None = None

    async def content(self, request: RequestInformation) -> bytes | None:
        path = request.url  # its root comes from the adapter that sends it
        name = "applications" if path == f"/applications/{APP}/appManagementPolicies" else "policies"
        assert name == "applications" or path == "/policies/defaultAppManagementPolicy"
        self.asked.append(name)
        if self.meet is not None:
            await self.meet()
        answer = self.answers[name]
        if isinstance(answer, RegistrarError):
            raise answer
        return answer if answer is None or isinstance(answer, bytes) else json.dumps(answer).encode()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def sender() -> Sender:
    return Sender()


@pytest.fixture
def policies(clock: FakeClock, sender: Sender, monkeypatch: pytest.MonkeyPatch) -> GraphPolicies:
    def instead(_client: object) -> Sender:
        return sender

    monkeypatch.setattr("shared.adapters.graph.policies.GraphSender", instead)
    return GraphPolicies(graph_service_client(Mock(spec=AsyncTokenCredential)), clock.now)


async def test_a_new_app_costs_one_read_in_minutes(policies: GraphPolicies, sender: Sender, clock: FakeClock) -> None:
    first, second = await policies.of(None), await policies.of(None)
    assert [*first.restrictions] == [*second.restrictions] == ["passwordAddition"]
    assert (first.remembered, second.remembered) == (False, True)
    assert sender.asked == ["policies"]
    clock.advance(KEPT_FOR)
    assert not (await policies.of(None)).remembered
    assert not (await policies.of(None, ask=True)).remembered
    assert sender.asked == ["policies"] * 3


async def test_an_apps_own_policy_is_read_with_the_tenants(policies: GraphPolicies, sender: Sender) -> None:
    assert [*(await policies.of(APP)).restrictions] == ["passwordAddition"]
    sender.answers["applications"] = {"value": [OWN]}
    assert (await policies.of(APP)).remembered
    assert (await policies.of(APP, ask=True)).restrictions == {}
    assert sorted(sender.asked) == ["applications", "applications", "policies", "policies"]


async def test_it_is_read_side_by_side_with_something_else(policies: GraphPolicies, sender: Sender) -> None:
    """No round of its own: each waits for the others to be under way."""
    barrier = asyncio.Barrier(3)
    sender.meet = barrier.wait

    async def application() -> str:
        await barrier.wait()
        return "seen"

    seen, restrictions = await asyncio.wait_for(policies.beside(application(), APP), timeout=60)
    assert (seen, [*restrictions.restrictions]) == ("seen", ["passwordAddition"])


async def test_what_either_read_raises_is_raised(policies: GraphPolicies, sender: Sender) -> None:
    async def away() -> str:
        raise UnavailableError("away")

    async def here() -> str:
        return "seen"

    with pytest.raises(UnavailableError):
        await policies.beside(away(), None)
    sender.answers["applications"] = ThrottledError("busy", timedelta(seconds=9))
    with pytest.raises(ThrottledError):
        await policies.beside(here(), APP)


async def test_without_the_right_nothing_is_known_and_nobody_asks_for_minutes(
    policies: GraphPolicies, sender: Sender, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    sender.answers["policies"] = ForbiddenError("403")
    for _ in range(3):
        assert (await policies.of(APP)).restrictions == {}
    assert sender.asked.count("policies") == 1
    assert "tenant_policies.not_readable" in caplog.text
    clock.advance(KEPT_FOR)
    sender.answers["policies"] = TENANT
    assert (await policies.of(None)).restrictions


@pytest.mark.parametrize("error", [ThrottledError("busy", None), UnavailableError("away")])
async def test_a_read_that_failed_says_of_nothing_that_it_is_allowed(
    policies: GraphPolicies, sender: Sender, error: RegistrarError
) -> None:
    sender.answers["policies"] = error
    with pytest.raises(type(error)):
        await policies.of(None)
    sender.answers["policies"] = TENANT
    assert not (await policies.of(None)).remembered


@pytest.mark.parametrize("name", ["policies", "applications"])
@pytest.mark.parametrize(
    "answer", [RefusedError("no"), None, b"no json", [], {"value": None} | {"isEnabled": "?"}], ids=str
)
async def test_an_answer_that_cannot_be_used_stops_nothing(
    policies: GraphPolicies, sender: Sender, name: str, answer: object
) -> None:
    sender.answers[name] = answer
    assert (await policies.of(APP)).restrictions == {}
    sender.answers |= {"policies": TENANT, "applications": {"value": []}}
    assert (await policies.of(APP, ask=True)).restrictions
