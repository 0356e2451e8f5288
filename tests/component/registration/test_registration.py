"""The main job over in-memory ports: what exists afterwards, whatever the day was like."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from shared.core.errors import ThrottledError, UnavailableError
from shared.model.directory import ApplicationState, RequiredPermission
from tests.fakes.apis import DIGITAL_TWINS, with_owner
from tests.fakes.invariants import breaches
from tests.fakes.world import World, administered, example

READ_WRITE = RequiredPermission(
    resource_app_id="0b07f429-9f4b-4714-9392-cc5e8e80c8b0", id="4589bd03-58cb-4e6c-b17f-b580e39652f8", type="Scope"
)
SECRET = "adt-client-dev--client-secret"


def changed(request_id: str, **application: Any) -> dict[str, Any]:
    request = example(requestId=request_id)
    request["application"] |= application
    return request


async def test_a_request_makes_an_app_whose_stored_secret_signs_in() -> None:
    world = World()
    answer = await world.run(example())
    assert answer["type"] == "registrar.registration.completed.v1"
    app = world.directory.applications["adt-client-dev"]
    assert answer["data"]["clientId"] == app.client_id
    assert app.state.required_permissions == {READ_WRITE}
    assert app.state.public_client_redirect_uris == {"http://localhost"}
    (version,) = world.vault.secrets[SECRET]
    assert world.directory.signs_in(app, version.value)
    assert len(version.entry.tags) == 15
    assert version.entry.expires == app.passwords[version.entry.tags["keyId"]].credential.end
    assert answer["data"]["apiPermissions"] == [
        {
            "api": "Azure Digital Twins",
            "resourceAppId": READ_WRITE.resource_app_id,
            "resourceUri": "https://digitaltwins.azure.net",
            "permissions": [{"name": "Read.Write", "id": READ_WRITE.id, "type": "Scope", "consented": True}],
        }
    ]
    assert world.queues.events == [answer]
    assert breaches(world) == []


async def test_the_same_request_again_gives_the_same_answer_and_nothing_new() -> None:
    world = World()
    first = await world.run(example())
    again = await world.run(example())
    assert again == first
    assert world.directory.passwords_ever_issued == 1
    assert len(world.vault.secrets[SECRET]) == 1
    assert len(world.queues.events) == 1


async def test_another_body_under_the_same_request_id_is_refused() -> None:
    world = World()
    await world.run(example())
    answer = await world.run(changed("RITM0010042", displayName="Renamed"))
    assert [e["code"] for e in answer["data"]["errors"]] == ["request_id_reused"]
    assert world.directory.applications["adt-client-dev"].state.display_name == "ADT client (dev)"


async def test_a_change_converges_and_keeps_what_others_added() -> None:
    world = World()
    await world.run(example())
    world.directory.change("adt-client-dev", web_redirect_uris=frozenset({"https://portal.example/made-by-hand"}))
    world.clock.advance(timedelta(hours=1))
    answer = await world.run(
        changed(
            "RITM0010043",
            displayName="Renamed",
            publicClient={"redirectUris": ["http://localhost:8400"], "allowPublicClientFlows": True},
            web={"redirectUris": ["https://app.contoso.example/signed-in"]},
            apiPermissions=[],
            adminConsent=False,
        )
    )
    assert answer["data"]["status"] == "completed"
    state = world.directory.applications["adt-client-dev"].state
    assert state.display_name == "Renamed"
    assert state.public_client_redirect_uris == {"http://localhost:8400"}
    assert state.is_fallback_public_client
    assert state.web_redirect_uris == {
        "https://portal.example/made-by-hand",
        "https://app.contoso.example/signed-in",
    }
    assert state.required_permissions == frozenset()
    assert list(world.directory.consented.values()) == [set()]
    assert world.directory.passwords_ever_issued == 1
    assert breaches(world) == []


async def test_lag_and_a_slow_secret_only_cost_time() -> None:
    world = World()
    world.directory.lag = timedelta(seconds=30)
    world.directory.secret_delay = timedelta(seconds=18)
    answer = await world.run(example())
    assert answer["data"]["status"] == "completed"
    assert world.directory.passwords_ever_issued == 1
    assert breaches(world) == []


async def test_many_throttled_attempts_make_no_other_pause_longer() -> None:
    world = World()
    for index in range(5):
        world.faults.next("graph application", "before", ThrottledError("429", timedelta(seconds=50)))
        await (world.go_on(timedelta(minutes=1)) if index else world.send(example()))
    world.faults.next("graph application", "before", UnavailableError("500"))
    await world.go_on(timedelta(minutes=1))
    assert world.queues.answers[-1]["data"]["status"] == "completed"


async def test_permissions_removed_by_somebody_are_added_again() -> None:
    world = World()
    await world.run(example())
    world.directory.change("adt-client-dev", required_permissions=frozenset[RequiredPermission]())
    world.clock.advance(timedelta(hours=1))
    await world.run(changed("RITM0010043", displayName="Again"))
    assert world.directory.applications["adt-client-dev"].state.required_permissions == {READ_WRITE}


async def test_a_look_alike_api_is_never_meant() -> None:
    world = World()
    world.directory.apis.insert(
        0, with_owner(DIGITAL_TWINS, "11111111-1111-4111-8111-111111111111", "66666666-6666-4666-8666-666666666666")
    )
    await world.run(example())
    assert world.directory.applications["adt-client-dev"].state.required_permissions == {READ_WRITE}


async def test_an_api_of_somebody_else_is_unknown_by_its_name() -> None:
    """Not "not allowed": that would say that policy might allow it, and mean whoever took the name."""
    world = World()
    payroll = replace(DIGITAL_TWINS, display_name="Contoso Payroll")
    somebody, its_id = "11111111-1111-4111-8111-111111111111", "66666666-6666-4666-8666-666666666666"
    world.directory.apis.append(with_owner(payroll, somebody, its_id))
    permissions = [{"api": "Contoso Payroll", "delegated": ["Read.Write"]}]
    answer = await world.run(changed("RITM1", apiPermissions=permissions))
    assert [error["code"] for error in answer["data"]["errors"]] == ["unknown_api"]
    assert world.directory.applications == {}


async def test_an_older_name_leads_to_the_same_api() -> None:
    world = World()
    permissions = [{"api": "Azure Smart Spaces Service", "delegated": ["Read.Write"]}]
    answer = await world.run(changed("RITM1", apiPermissions=permissions))
    assert answer["data"]["apiPermissions"][0]["resourceAppId"] == READ_WRITE.resource_app_id


async def test_every_breach_is_named_at_once_and_nothing_is_written() -> None:
    world = World()
    request = changed(
        "RITM2",
        signInAudience="AzureADMultipleOrgs",
        publicClient={"redirectUris": ["http://evil.example", "https://*.contoso.example"]},
        apiPermissions=[
            {"api": "Azure Digital Twins", "delegated": ["Read.Write", "Nope"]},
            {
                "api": "Microsoft Graph",
                "delegated": ["Policy.ReadWrite.BrandNew"],
                "application": ["User.Read.All", "Application.ReadWrite.All", "RoleManagement.ReadWrite.Directory"],
            },
            {"api": "Contoso Nonsense", "delegated": ["x"]},
        ],
    )
    request["credentials"][0]["lifetimeDays"] = 3650
    answer = await world.run(request)
    assert answer["type"] == "registrar.registration.rejected.v1"
    assert {(e["field"], e["code"]) for e in answer["data"]["errors"]} == {
        ("application.signInAudience", "audience_not_allowed"),
        ("application.publicClient.redirectUris[0]", "redirect_uri_not_allowed"),
        ("application.publicClient.redirectUris[1]", "redirect_uri_not_allowed"),
        ("credentials[0].lifetimeDays", "lifetime_not_allowed"),
        ("application.apiPermissions[0].delegated[1]", "unknown_permission"),
        ("application.apiPermissions[1].delegated[0]", "permission_never_allowed"),
        ("application.apiPermissions[1].application[0]", "permission_not_allowed"),
        ("application.apiPermissions[1].application[1]", "permission_never_allowed"),
        ("application.apiPermissions[1].application[2]", "permission_never_allowed"),
        ("application.apiPermissions[2].api", "unknown_api"),
    }
    assert world.directory.applications == {}
    assert world.vault.secrets == {}


async def test_an_app_of_somebody_else_stays_untouched() -> None:
    world = World()
    foreign = ApplicationState(display_name="Payroll", sign_in_audience="AzureADMyOrg")
    world.directory.put_foreign("adt-client-dev", foreign)
    answer = await world.run(example())
    assert [e["code"] for e in answer["data"]["errors"]] == ["not_managed"]
    assert world.directory.applications["adt-client-dev"].state == foreign
    assert world.directory.applications["adt-client-dev"].passwords == {}


async def test_only_the_owner_may_change_an_app() -> None:
    world = World()
    await world.run(example())
    world.clock.advance(timedelta(hours=1))
    stranger = changed("RITM3", displayName="Mine now") | {"requestedBy": "eve@contoso.example"}
    answer = await world.run(stranger)
    assert [e["code"] for e in answer["data"]["errors"]] == ["not_owner"]
    assert world.directory.applications["adt-client-dev"].state.display_name == "ADT client (dev)"


async def test_whoever_gives_an_app_away_may_finish_doing_so() -> None:
    world = administered()
    for request_id, call in (("R1", "graph upsert_service_principal"), ("R2", "entra token")):
        owner = {"R1": "grace@contoso.example", "R2": "ada@contoso.example"}[request_id]
        asks = {"R1": "ada@contoso.example", "R2": "boss@contoso.example"}[request_id]
        world.faults.next(call, "before", UnavailableError("away"))
        answer = await world.run(changed(request_id, displayName=request_id) | {"requestedBy": asks, "owner": owner})
        assert (answer["data"]["status"], answer["data"]["errors"]) == ("completed", [])
        (record,) = world.applications.rows.values()
        assert f'"owner":"{owner}"' in record[0]
        world.clock.advance(timedelta(hours=1))


async def test_the_owner_is_known_from_the_vault_when_the_tables_were_lost() -> None:
    world = World()
    await world.run(example())
    world.applications.rows.clear()
    world.clock.advance(timedelta(hours=1))
    refused = await world.run(changed("RITM4", displayName="Mine") | {"requestedBy": "eve@contoso.example"})
    assert [e["code"] for e in refused["data"]["errors"]] == ["not_owner"]
    accepted = await world.run(changed("RITM5", displayName="Still hers"))
    assert accepted["data"]["status"] == "completed"
    assert world.directory.passwords_ever_issued == 1


async def test_a_vault_name_that_is_not_ours_is_never_written() -> None:
    world = World()
    world.vault.put(SECRET, "precious", world.clock.now() + timedelta(days=9), {"keyId": "theirs", "uniqueName": "x"})
    answer = await world.run(example())
    assert [e["code"] for e in answer["data"]["errors"]] == ["vault_name_taken"]
    assert [v.value for v in world.vault.secrets[SECRET]] == ["precious"]
    assert world.directory.applications == {}


async def test_messages_that_call_themselves_by_one_id_are_answered_one_by_one() -> None:
    world, body = World(), b'{"id": "1", "specversion": "1.0"}'
    first, second = world.clock.now(), world.clock.now() + timedelta(hours=1)
    for received in (first, second, first):
        await world.intake.accept(body, "1", received)
    answers = world.queues.answers
    assert answers[0] == answers[2]
    assert answers[0]["id"] != answers[1]["id"]


async def test_an_unreadable_message_is_answered_once_with_every_fault() -> None:
    world = World()
    request = example(surprise=1)
    del request["application"]["uniqueName"]
    answer = await world.run(request)
    assert answer["data"]["requestId"] == "RITM0010042"
    assert {(e["field"], e["code"]) for e in answer["data"]["errors"]} == {
        ("surprise", "unknown_field"),
        ("application.uniqueName", "missing_field"),
    }
    assert world.operations.rows == {}


async def test_what_cannot_be_done_in_a_day_fails_and_is_kept_with_its_reason() -> None:
    world = World()
    world.directory.secret_delay = timedelta(days=3)
    answer = await world.run(example())
    assert answer["type"] == "registrar.registration.failed.v1"
    assert [e["code"] for e in answer["data"]["errors"]] == ["not_yet_visible"]
    (poison,) = world.queues.poison
    assert poison["reason"] == "not_yet_visible"
    assert poison["original"]["requestId"] == "RITM0010042"
    assert poison["attempts"] > 1


async def test_a_name_held_by_a_deleted_app_is_explained() -> None:
    world = World()
    world.directory.deleted_names.add("adt-client-dev")
    answer = await world.run(example())
    assert [e["code"] for e in answer["data"]["errors"]] == ["name_held_by_deleted_application"]


async def test_a_secret_of_ours_that_was_deleted_is_recovered_and_written_anew() -> None:
    world = World()
    await world.run(example())
    world.vault.delete(SECRET)
    world.clock.advance(timedelta(hours=1))
    answer = await world.run(changed("RITM6", displayName="After the accident"))
    assert answer["data"]["status"] == "completed"
    assert world.vault.secrets[SECRET]
    assert breaches(world) == []


async def test_an_older_change_that_comes_late_is_superseded() -> None:
    world = World()
    await world.run(example())
    world.clock.advance(timedelta(hours=1))
    world.faults.next("graph application", "before", UnavailableError("the older change has to wait"))
    await world.send(changed("OLDER", displayName="Older"))
    await world.send(changed("NEWER", displayName="Newer"))
    await world.settle()
    by_request = {a["data"]["requestId"]: a for a in world.queues.answers}
    assert by_request["NEWER"]["data"]["status"] == "completed"
    assert by_request["OLDER"]["data"]["errors"][0]["code"] == "superseded"
    assert world.directory.applications["adt-client-dev"].state.display_name == "Newer"
