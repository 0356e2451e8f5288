"""A webhook's message leads to one request on the queue, however often it comes; a forged one to nothing."""

import json
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.core.callers import Caller, NotAllowedError, NotAuthenticatedError
from shared.core.errors import RejectedError, UnavailableError
from shared.intake.rate_limit import TooManyError
from shared.intake.signature import NotProvenError
from shared.intake.sources import EntraProof, Mapping, Source, Ticketing, load_ticketing
from shared.intake.webhook import Webhooks
from tests.fakes.world import World, example
from tests.unit.intake.test_mapping import servicenow

TICKETING = load_ticketing(Path(__file__).parents[3] / "devstack" / "ticketing.toml")
SECRETS = {"SERVICENOW_WEBHOOK_TOKEN": "s3cret", "JIRA_WEBHOOK_TOKEN": "another"}
GOOD = {"x-registrar-token": "s3cret"}


class Tokens:
    """Takes one token, of one role."""

    async def require(self, authorization: str | None, role: str) -> Caller:
        if authorization != "Bearer good":
            raise NotAuthenticatedError("no")
        caller = Caller("oid", "app", frozenset({"Requests.Send"}))
        if role not in caller.roles:
            raise NotAllowedError(caller, role)
        return caller


def webhooks(world: World, ticketing: Ticketing = TICKETING) -> Webhooks:
    return world.registrar.webhooks_for(ticketing, SECRETS, Tokens())


async def deliver(world: World) -> None:
    """The queue delivers what was put on it."""
    waiting, world.queues.requests = world.queues.requests, []
    for text in waiting:
        await world.send_proven(text)
    await world.settle()


async def test_a_ticket_becomes_an_application() -> None:
    world = World()
    taken = await webhooks(world).receive("servicenow", GOOD, servicenow(delegated_permissions="Read.Write"))
    assert (taken.source, taken.request_id) == ("servicenow", "RITM0010042")
    await deliver(world)
    (answer,) = world.queues.answers
    assert (answer["data"]["status"], answer["data"]["source"]) == ("completed", "servicenow")
    (operation,) = world.operations.all()
    assert operation.ticket == "9f1c7e2b1b2a4410a1b2c3d4e5f60718"
    assert "adt-client-dev" in world.directory.applications


async def test_an_event_that_comes_again_leads_to_the_same_request() -> None:
    world = World()
    hooks = webhooks(world)
    body = servicenow(delegated_permissions="Read.Write")
    for _ in range(3):
        await hooks.receive("servicenow", GOOD, body)
    await deliver(world)
    await hooks.receive("servicenow", GOOD, body)
    await deliver(world)
    assert len(world.operations.all()) == 1
    assert len({answer["id"] for answer in world.queues.answers}) == 1
    assert world.directory.passwords_ever_issued == 1


@pytest.mark.parametrize(
    ("name", "headers"),
    [
        ("servicenow", {}),
        ("servicenow", {"x-registrar-token": "another"}),
        ("servicenow", {"x-ms-client-principal": "s3cret", "authorization": "Bearer good"}),
        ("jira", GOOD),
        ("nobody", GOOD),
        ("ServiceNow", GOOD),
        ("queue", GOOD),
        ("registrar", GOOD),
    ],
)
async def test_who_proves_nothing_or_to_be_another_source_is_not_heard(name: str, headers: dict[str, str]) -> None:
    world = World()
    with pytest.raises(NotProvenError):
        await webhooks(world).receive(name, headers, servicenow())
    assert world.queues.requests == []


async def test_what_proves_nothing_is_not_even_parsed() -> None:
    with pytest.raises(NotProvenError):
        await webhooks(World()).receive("servicenow", {}, b"\xff")


async def test_a_source_whose_secret_is_not_set_takes_nothing() -> None:
    world = World()
    silent = world.registrar.webhooks_for(TICKETING, {}, None)
    for token in ("", "s3cret"):
        with pytest.raises(NotProvenError):
            await silent.receive("servicenow", {"x-registrar-token": token}, servicenow())


async def test_faults_are_told_and_nothing_is_sent() -> None:
    world = World()
    with pytest.raises(RejectedError) as rejected:
        await webhooks(world).receive("servicenow", GOOD, servicenow(lifetime_days="x", unique_name="A B"))
    assert {problem.field for problem in rejected.value.problems} == {
        "application.uniqueName",
        "credentials[0].lifetimeDays",
    }
    assert world.queues.requests == []


async def test_a_source_that_exceeds_its_rate_waits_and_no_other_does() -> None:
    world = World()
    hooks = webhooks(world)
    for _ in range(60):
        await hooks.receive("servicenow", GOOD, servicenow())
    with pytest.raises(TooManyError) as many:
        await hooks.receive("servicenow", GOOD, servicenow())
    assert timedelta(0) < many.value.after <= timedelta(seconds=1)
    with pytest.raises(RejectedError):
        await hooks.receive("jira", {"x-registrar-token": "another"}, b"{}")
    world.clock.advance(many.value.after)
    await hooks.receive("servicenow", GOOD, servicenow())
    assert len(world.queues.requests) == 61


async def test_strangers_do_not_use_up_a_sources_rate() -> None:
    world = World()
    hooks = webhooks(world)
    for _ in range(200):
        with pytest.raises(NotProvenError):
            await hooks.receive("servicenow", {"x-registrar-token": "guess"}, servicenow())
    await hooks.receive("servicenow", GOOD, servicenow())


async def test_a_queue_that_is_away_is_told() -> None:
    world = World()
    world.faults.next("queue request", "before", UnavailableError("away", sent=False))
    with pytest.raises(UnavailableError):
        await webhooks(world).receive("servicenow", GOOD, servicenow())


@pytest.mark.parametrize(
    ("authorization", "role", "is_heard"),
    [
        ("Bearer good", "Requests.Send", True),
        ("Bearer good", "Other", False),
        ("Bearer bad", "Requests.Send", False),
    ],
)
async def test_a_token_of_entra_proves_its_role(authorization: str, role: str, is_heard: bool) -> None:
    world = World()
    source = Source(name="portal", proof=EntraProof(method="entra", role=role), mapping=Mapping(whole="request"))
    hooks = webhooks(world, Ticketing(version="1", sources=(source,)))
    body: dict[str, Any] = {"request": example()}
    with suppress(NotProvenError):
        await hooks.receive("portal", {"authorization": authorization}, json.dumps(body).encode())
    assert len(world.queues.requests) == is_heard


async def test_a_form_is_taken_as_it_is_and_keeps_the_consent_that_it_does_not_mention() -> None:
    """From a select's object, and a number with its unit, to what the directory holds; then with the field cleared."""
    world = World()
    hooks = webhooks(world)
    ada = "ada@contoso.example"
    first = servicenow(
        admin_consent={"value": "Yes"}, lifetime_days="180 days", delegated_permissions=["Read.Write"], owner_email=ada
    )
    await hooks.receive("servicenow", GOOD, first)
    await deliver(world)
    (consents,) = world.directory.consented.values()
    assert {each.name for each in consents} == {"Read.Write"}
    cleared: list[tuple[Any, set[str]]] = [(None, {"Read.Write"}), ([], {"Read.Write"}), ("No", set())]
    for number, (said, left) in enumerate(cleared):
        changed = json.loads(
            servicenow(
                admin_consent=said,
                delegated_permissions="Read.Write",
                display_name=f"N{number}",
                owner_email=ada,
            )
        )
        await hooks.receive("servicenow", GOOD, json.dumps(changed | {"number": f"RITM000100{number}"}).encode())
        await deliver(world)
        assert world.directory.applications["adt-client-dev"].state.display_name == f"N{number}"
        assert {each.name for each in consents} == left


async def test_what_a_form_says_wrongly_changes_nothing_and_is_told_by_the_forms_own_names() -> None:
    world = World(labels=TICKETING.labels())
    hooks = webhooks(world)
    with pytest.raises(RejectedError):
        await hooks.receive("servicenow", GOOD, servicenow(admin_consent="Ja", lifetime_days="1 year"))
    assert world.queues.requests == []
    await hooks.receive("servicenow", GOOD, servicenow(lifetime_days="3000", delegated_permissions="Read.Write"))
    await deliver(world)
    assert world.directory.applications == {}
    (answer,) = world.queues.answers
    (error,) = answer["data"]["errors"]
    assert (error["field"], error["label"]) == ("credentials[0].lifetimeDays", "Lifetime of the secret (days)")
    last = world.servicenow.notes["9f1c7e2b1b2a4410a1b2c3d4e5f60718"][-1].text
    assert "Lifetime of the secret (days): " in last
    assert "credentials" not in last.split("Application:")[0]
