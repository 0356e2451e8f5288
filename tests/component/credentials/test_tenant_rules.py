"""The tenant's own rules are read before anything is written, and what they forbid leaves nothing behind."""

from datetime import timedelta
from typing import Any

import pytest

from shared.core.errors import ThrottledError, UnavailableError
from shared.policy.policy_file import CredentialRules, TenantFacts
from tests.component.rotating import APP, registered_with, rotation_of, signing_in_with
from tests.fakes.invariants import breaches
from tests.fakes.world import World, example
from tests.policies import opened_policy

NO_SECRETS = {"restrictionType": "passwordAddition", "state": "enabled"}
EXCLUDED = {"customSecurityAttributes": [{"id": "PolicyExemptions_AppManagementExemption", "value": "Registrar"}]}
TYPE, LIFETIME = "CredentialTypeNotAllowedAsPerAppPolicy", "CredentialInvalidLifetimeAsPerAppPolicy"
SECRET = f"{APP}--client-secret"


def at_most(days: int, kind: str = "passwordLifetime") -> dict[str, Any]:
    return {"restrictionType": kind, "state": "enabled", "maxLifetime": f"P{days}D"}


def told(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["field"], each["code"]) for each in answer["data"]["errors"]]


def is_untouched(world: World) -> bool:
    """Whether the directory and the vault are as empty as before."""
    directory = world.directory
    made = (directory.applications, directory.principals, directory.consented, world.vault.secrets)
    return not any(made)


def policy(**changes: Any) -> World:
    return World(opened_policy().model_copy(update=changes))


async def test_a_tenant_that_forbids_secrets_rejects_and_nothing_stays_behind() -> None:
    world = World()
    world.policies.restrict(NO_SECRETS)
    answer = await world.run(example())
    assert (answer["data"]["status"], answer["data"]["clientId"]) == ("rejected", None)
    (error,) = answer["data"]["errors"]
    assert (error["field"], error["code"]) == ("credentials[0].type", "tenant_forbids_secrets")
    assert error["message"] == "Your tenant does not allow client secrets for new apps. Ask for a certificate."
    assert is_untouched(world)


async def test_a_certificate_is_given_where_secrets_are_forbidden() -> None:
    world = World()
    world.policies.restrict(NO_SECRETS, keys=(at_most(180, "asymmetricKeyLifetime"),))
    wanted = example()
    wanted["credentials"][0] |= {"type": "certificate"}
    assert (await world.run(wanted))["data"]["status"] == "completed"
    assert breaches(world) == []


async def test_every_fault_is_told_at_once() -> None:
    world = World()
    world.policies.restrict(at_most(90), audiences={"azureAdMultipleOrgs": {"state": "enabled"}})
    wanted = example()
    wanted["application"]["signInAudience"] = "AzureADMultipleOrgs"
    assert told(await world.run(wanted)) == [
        ("application.signInAudience", "audience_not_allowed"),
        ("application.signInAudience", "tenant_forbids_audience"),
        ("credentials[0].lifetimeDays", "tenant_limits_lifetime"),
    ]
    assert is_untouched(world)


async def test_without_the_right_to_read_them_graphs_answer_decides() -> None:
    world = World()
    world.policies.allowed = False
    world.policies.restrict(NO_SECRETS)
    assert (await world.run(example()))["data"]["status"] == "completed"


@pytest.mark.parametrize(("code", "field"), [(TYPE, "type"), (LIFETIME, "lifetimeDays")])
async def test_a_late_refusal_names_the_field(code: str, field: str) -> None:
    world = World()
    world.policies.allowed = False
    world.directory.forbidden["secret"] = code
    answer = await world.run(example())
    assert answer["data"]["status"] == "rejected"
    assert told(answer) == [(f"credentials[0].{field}", code)]
    assert answer["data"]["errors"][0]["message"].startswith("Your tenant does not let ")


async def test_a_restriction_with_exemptions_is_tried() -> None:
    world = World()
    world.policies.restrict(NO_SECRETS | {"excludeActors": EXCLUDED})
    assert (await world.run(example()))["data"]["status"] == "completed"


async def test_policy_says_that_the_registrar_is_not_exempt() -> None:
    world = policy(tenant=TenantFacts(registrar_is_exempt=False))
    world.policies.restrict(NO_SECRETS | {"excludeActors": EXCLUDED})
    assert told(await world.run(example())) == [("credentials[0].type", "tenant_forbids_secrets")]
    assert is_untouched(world)


async def test_an_exemption_that_does_not_hold_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    world = policy(tenant=TenantFacts(registrar_is_exempt=True))
    world.policies.restrict(NO_SECRETS | {"excludeActors": EXCLUDED})
    world.directory.forbidden["secret"] = TYPE
    assert (await world.run(example()))["data"]["status"] == "rejected"
    assert "tenant_policies.not_exempt" in caplog.text


async def test_an_app_that_exists_keeps_its_secret_and_everything_else_can_change() -> None:
    world = await registered_with(example())
    world.policies.restrict(NO_SECRETS, at_most(7))
    changed = example(requestId="R2")
    changed["application"]["displayName"] = "Renamed"
    assert (await world.run(changed))["data"]["status"] == "completed"
    assert world.directory.applications[APP].state.display_name == "Renamed"
    assert signing_in_with(world, SECRET) == [True]


async def test_a_second_secret_of_an_app_that_exists_is_judged() -> None:
    world = await registered_with(example())
    world.policies.restrict(NO_SECRETS)
    more = example(requestId="R2")
    more["credentials"].append(more["credentials"][0] | {"name": "second"})
    assert told(await world.run(more)) == [("credentials[1].type", "tenant_forbids_secrets")]
    assert world.directory.passwords_ever_issued == 1


async def test_an_app_from_before_the_date_of_a_restriction_is_not_restricted() -> None:
    world = await registered_with(example())
    since = (world.clock.now() - timedelta(minutes=5)).isoformat()
    world.policies.restrict(NO_SECRETS | {"restrictForAppsCreatedAfterDateTime": since})
    more = example(requestId="R2")
    more["credentials"].append(more["credentials"][0] | {"name": "second"})
    assert (await world.run(more))["data"]["status"] == "completed"
    another = example(requestId="R3")
    another["application"]["uniqueName"] = "another-app"
    assert told(await world.run(another)) == [("credentials[0].type", "tenant_forbids_secrets")]


async def test_an_apps_own_policy_takes_the_place_of_the_tenants() -> None:
    world = await registered_with(example())
    world.policies.restrict(NO_SECRETS)
    app = world.directory.applications[APP].object_id
    world.policies.own[app] = {
        "isEnabled": True,
        "restrictions": {"passwordCredentials": [NO_SECRETS | {"state": "disabled"}, at_most(90)]},
    }
    more = example(requestId="R2")
    more["credentials"].append(more["credentials"][0] | {"name": "second"})
    assert told(await world.run(more)) == [("credentials[1].lifetimeDays", "tenant_limits_lifetime")]
    more["credentials"][1]["lifetimeDays"] = 90
    assert (await world.run(more | {"requestId": "R3"}))["data"]["status"] == "completed"


async def test_what_is_remembered_refuses_nothing() -> None:
    """An administrator made an exception a moment ago."""
    world = World()
    world.policies.restrict(NO_SECRETS)
    assert told(await world.run(example())) == [("credentials[0].type", "tenant_forbids_secrets")]
    world.policies.restrict()
    assert (await world.run(example(requestId="R2")))["data"]["status"] == "completed"


async def test_the_policy_is_read_once_in_minutes() -> None:
    world = World()
    for number in range(10):
        request = example(requestId=f"R{number}")
        request["application"]["uniqueName"] = f"app-{number}"
        await world.send(request)
    await world.settle()
    assert {answer["data"]["status"] for answer in world.queues.answers} == {"completed"}
    assert world.faults.calls.count("graph policies") <= 2


@pytest.mark.parametrize("error", [ThrottledError("busy", timedelta(seconds=20)), UnavailableError("away")])
async def test_a_policy_that_cannot_be_read_now_is_waited_for(error: Exception) -> None:
    world = World()
    world.policies.restrict(NO_SECRETS)
    world.faults.next("graph policies", "before", error)
    assert told(await world.run(example())) == [("credentials[0].type", "tenant_forbids_secrets")]
    assert is_untouched(world)


async def test_a_repeated_request_gets_the_answer_that_it_had() -> None:
    world = World()
    first = await world.run(example())
    world.policies.restrict(NO_SECRETS)
    assert await world.run(example()) == first


async def test_a_rotation_is_rejected_where_secrets_are_forbidden() -> None:
    world = await registered_with(example())
    world.policies.restrict(NO_SECRETS)
    answer = await world.run(rotation_of("client-secret"))
    assert answer["type"] == "registrar.credential.rotation_rejected.v1"
    assert told(answer) == [("credential", "tenant_forbids_secrets")]
    assert answer["data"]["errors"][0]["message"].endswith("Ask for a certificate under another name.")
    assert world.directory.passwords_ever_issued == 1
    assert signing_in_with(world, SECRET) == [True]


async def test_a_rotation_lives_as_long_as_the_tenant_allows() -> None:
    world = await registered_with(example())
    world.policies.restrict(at_most(30))
    answer = await world.run(rotation_of("client-secret"))
    assert answer["type"] == "registrar.credential.rotated.v1"
    newest = world.vault.secrets[SECRET][-1].entry
    assert newest.tags["lifetimeDays"] == "30"
    assert newest.expires is not None
    lifetime = newest.expires - world.clock.now()
    assert timedelta(days=29) < lifetime < timedelta(days=30)
    assert (await world.run(example(requestId="R2")))["data"]["status"] == "completed", "what was asked for stands"
    assert world.directory.passwords_ever_issued == 2
    assert breaches(world) == []


async def test_a_rotation_that_neither_policy_allows_says_so() -> None:
    rules = CredentialRules(min_lifetime_days=30)
    world = await registered_with(example(), opened_policy().model_copy(update={"credentials": rules}))
    world.policies.restrict(at_most(7))
    answer = await world.run(rotation_of("client-secret"))
    assert told(answer) == [("credential", "tenant_limits_lifetime")]
    assert "issues none for less than 30" in answer["data"]["errors"][0]["message"]


async def test_an_own_rotation_that_is_forbidden_fails_with_the_reason_and_goes_on_once_it_is_allowed() -> None:
    world = await registered_with(example())
    world.policies.restrict(NO_SECRETS)
    for _ in range(160):
        world.clock.advance(timedelta(hours=23, minutes=50))
        await world.go_on(timedelta(minutes=10))
    (failed, *_) = [each for each in world.queues.events if each["type"] == "registrar.credential.rotation_failed.v1"]
    assert told(failed) == [("credential", "tenant_forbids_secrets")]
    warned = [each for each in world.queues.events if each["type"] == "registrar.credential.expiring.v1"]
    assert warned
    assert told(warned[-1]) == [("credential", "tenant_forbids_secrets")]
    world.policies.restrict()
    for _ in range(3):
        world.clock.advance(timedelta(hours=23, minutes=50))
        await world.go_on(timedelta(minutes=10))
    assert world.directory.passwords_ever_issued == 2
    await world.settle()
    assert breaches(world) == []


@pytest.mark.parametrize("is_readable", [True, False])
async def test_a_leaked_secret_goes_though_nothing_may_come_in_its_place(*, is_readable: bool) -> None:
    world = await registered_with(example())
    world.policies.allowed = is_readable
    world.policies.restrict(NO_SECRETS)
    world.directory.forbidden["secret"] = TYPE
    await world.send(rotation_of("client-secret", revokePrevious={"within": "PT10M"}))
    await world.go_on(timedelta(minutes=9))
    assert signing_in_with(world, SECRET) == [True], "an administrator may make an exception in this time"
    (waiting,) = [each for each in world.operations.all() if each.state == "waiting"]
    assert waiting.reason == "tenant_forbids_credential"
    await world.go_on(timedelta(minutes=3))
    await world.settle()
    answer = world.queues.answers[-1]
    assert answer["type"] == "registrar.credential.rotation_rejected.v1"
    assert told(answer) == [("credential", "tenant_forbids_secrets" if is_readable else TYPE)]
    assert answer["data"]["errors"][0]["message"].endswith("there is no new one.")
    assert world.directory.applications[APP].passwords == {}
    assert [version.entry.enabled for version in world.vault.secrets[SECRET]] == [False]
    assert [each for each in breaches(world) if "its newest version is disabled" not in each] == []
