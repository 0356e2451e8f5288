"""What a request says of APIs costs one look each and none within minutes; what is remembered decides nothing new."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.core.errors import ThrottledError
from shared.model.directory import ApiPermission
from shared.policy.policy_file import ApiRules, ApprovalRules, PermissionsToApprove
from shared.registration.known_apis import KEPT_FOR, MOST, KnownApis
from tests.component.approving import ADA, codes, policy
from tests.fakes.apis import DIGITAL_TWINS, MICROSOFT_GRAPH
from tests.fakes.world import World, example

PROVEN = {"requestedByObjectId": ADA, "source": "servicenow", "ticket": "RITM0010042"}
TWINS, GRAPH = "Azure Digital Twins", "Microsoft Graph"


def request(request_id: str, *wanted: dict[str, Any], name: str = "apis") -> dict[str, Any]:
    known = example()
    application = known["application"] | {"uniqueName": name, "apiPermissions": list(wanted)}
    return known | {"requestId": request_id, "application": application, "credentials": []}


def asked(world: World) -> int:
    """How often the directory was asked for an API."""
    return sum(call in ("graph find_apis", "graph api") for call in world.faults.calls)


async def test_twenty_entries_for_one_api_are_one_look_and_one_api_of_the_answer() -> None:
    """Each entry was a call of its own, two where the name is not the directory's: 35 here."""
    world = World()
    names = [TWINS, "azure digital twins", "Azure Smart Spaces Service", DIGITAL_TWINS.app_id.upper()]
    answer = await world.run(request("A1", *({"api": names[n % 4], "delegated": ["Read.Write"]} for n in range(20))))
    assert asked(world) == 1
    (api,) = answer["data"]["apiPermissions"]
    assert [each["name"] for each in api["permissions"]] == ["Read.Write"]


async def test_entries_for_an_api_that_is_not_there_are_one_look() -> None:
    """Nothing is remembered of it, so that nothing but merging helps."""
    world = World()
    world.directory.apis = []
    wanted = [{"api": "Nonsense" if n % 2 else "NONSENSE", "delegated": ["Read"]} for n in range(20)]
    answer = await world.run(request("A1", *wanted))
    assert (asked(world), answer["data"]["errorCount"]) == (1, 20)
    assert set(codes(answer)) == {"unknown_api"}


async def test_two_entries_for_one_api_are_merged() -> None:
    world = World()
    first, second = {"api": GRAPH, "delegated": ["User.Read"]}, {"api": MICROSOFT_GRAPH.app_id, "delegated": ["Nope"]}
    answer = await world.run(request("A1", first, second))
    assert [(each["field"], each["code"]) for each in answer["data"]["errors"]] == [
        ("application.apiPermissions[1].delegated[0]", "unknown_permission")
    ]
    assert asked(world) == 1


async def test_an_api_that_goes_by_its_app_id_is_found_and_merged_with_its_name() -> None:
    """Policy has no table for it, so that only the directory tells that both are one."""
    rules = ApprovalRules(permissions=(PermissionsToApprove(api="*", delegated=("Read",)),))
    world = World(policy(rules))
    app_id = "11111111-0000-4000-8000-000000000009"
    scope = ApiPermission("22222222-0000-4000-8000-000000000009", "Read", "Scope", enabled=True)
    other = replace(DIGITAL_TWINS, app_id=app_id, display_name="Another", permissions=(scope,))
    world.directory.apis.append(other)
    wanted = request("A1", {"api": "Another", "delegated": ["Read"]}, {"api": app_id.upper(), "delegated": ["Read"]})
    await world.send(wanted | PROVEN)
    (operation,) = world.operations.all()
    assert operation.approval is not None
    assert [reason.code for reason in operation.approval.reasons] == ["permission_needs_approval"]
    assert asked(world) == 2


async def test_within_minutes_nothing_is_asked_and_then_it_is() -> None:
    world = World()
    for number in range(10):
        answer = await world.run(request(f"A{number}", {"api": TWINS, "delegated": ["Read.Write"]}, name=f"a{number}"))
        assert answer["data"]["status"] == "completed"
    first = asked(world)
    world.clock.advance(KEPT_FOR)
    await world.run(request("LATER", {"api": TWINS, "delegated": ["Read.Write"]}, name="later"))
    assert asked(world) == first + 1
    assert first <= 3, "ten requests took ten looks, and take one in five minutes"


async def test_what_is_not_among_what_is_remembered_is_asked_for() -> None:
    world = World(policy(ApprovalRules()))
    known = replace(DIGITAL_TWINS, permissions=())
    world.directory.apis = [known]
    assert codes(await world.run(request("A1", {"api": TWINS, "delegated": ["Read.Write"]}))) == ["unknown_permission"]
    world.directory.apis = [DIGITAL_TWINS]
    before = asked(world)
    answer = await world.run(request("A2", {"api": TWINS, "delegated": ["Read.Write"]}))
    assert (answer["data"]["status"], asked(world)) == ("completed", before + 1)
    await world.run(request("A3", {"api": TWINS, "delegated": ["Nope", "Never"]}))
    assert asked(world) == before + 2, "whatever a request says, it is asked for once more and no oftener"


async def test_an_api_that_was_not_there_is_found_as_soon_as_it_is() -> None:
    world = World()
    world.directory.apis = []
    for wanted in (TWINS, "Contoso Nonsense"):
        answer = await world.run(request(f"A-{len(wanted)}", {"api": wanted, "delegated": ["Read.Write"]}))
        assert codes(answer)[0] in ("api_not_in_tenant", "unknown_api")
    assert asked(world) == 2, "what is not there is asked for once by each request"
    world.directory.apis = [DIGITAL_TWINS]
    answer = await world.run(request("A3", {"api": TWINS, "delegated": ["Read.Write"]}))
    assert answer["data"]["status"] == "completed"


async def test_a_failed_read_is_not_remembered() -> None:
    world = World()
    world.faults.next("graph api", "before", ThrottledError("wait", timedelta(seconds=10)))
    answer = await world.run(request("A1", {"api": TWINS, "delegated": ["Read.Write"]}))
    assert answer["data"]["status"] == "completed"


async def test_a_role_and_a_scope_that_share_an_id_are_two_permissions() -> None:
    rules = ApprovalRules(permissions=(PermissionsToApprove(api=TWINS, delegated=("Read.Write",)),))
    given = ApiRules(name=TWINS, app_id=DIGITAL_TWINS.app_id, application=("Read.Write",))
    world = World(policy(rules, apis=(given,)))
    (scope,) = DIGITAL_TWINS.permissions
    world.directory.apis = [replace(DIGITAL_TWINS, permissions=(scope, replace(scope, type="Role")))]
    wanted = {"api": TWINS, "delegated": ["Read.Write"], "application": ["Read.Write"]}
    await world.send(request("A1", wanted) | PROVEN)
    (operation,) = world.operations.all()
    assert operation.approval is not None, "the scope is not lost behind the role that policy gives"


@pytest.mark.parametrize("way", ["called", "with_id"])
async def test_no_more_is_remembered_than_a_worker_can_hold(way: str) -> None:
    world = World()
    look = getattr(KnownApis(world.directory, world.clock.now), way)
    names = [f"{n:08}-0000-4000-8000-000000000000" for n in range(MOST + 1)]
    world.directory.apis = [replace(DIGITAL_TWINS, app_id=name, display_name=name) for name in names]
    for name in names:
        assert not (await look(name)).remembered
    assert not (await look(names[0])).remembered
    assert (await look(names[-1])).remembered
