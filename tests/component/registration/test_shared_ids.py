"""A scope and an app role of one API may share an id: Entra demands it of those that share a value."""

from typing import Any

from shared.model.directory import Api, ApiPermission, Consent, RequiredPermission
from shared.policy.policy_file import ApiRules
from tests.fakes.invariants import breaches
from tests.fakes.world import World, example
from tests.policies import opened_policy

APP, BOTH = "adt-client-dev", "77777777-0000-4000-8000-000000000001"
ORDERS = Api(
    service_principal_id="5b000000-0000-4000-8000-000000000007",
    app_id="77777777-0000-4000-8000-000000000000",
    display_name="Orders",
    owner_organization_id=None,
    permissions=(
        ApiPermission(BOTH, "Orders.Read", "Scope", enabled=True),
        ApiPermission(BOTH, "Orders.Read", "Role", enabled=True),
    ),
)
SCOPE = RequiredPermission(resource_app_id=ORDERS.app_id, id=BOTH, type="Scope")
ROLE = SCOPE.model_copy(update={"type": "Role"})
DELEGATED = Consent(resource_id=ORDERS.service_principal_id, type="Scope", name="Orders.Read")
ASSIGNED = Consent(resource_id=ORDERS.service_principal_id, type="Role", name=BOTH)


def tenant() -> World:
    """A tenant with an API of its own whose scope and app role are one in name and id."""
    rules = ApiRules(name="Orders", app_id=ORDERS.app_id, delegated=("Orders.Read",), application=("Orders.Read",))
    policy = opened_policy()
    world = World(policy.model_copy(update={"apis": (*policy.apis, rules)}))
    world.directory.apis.append(ORDERS)
    return world


def asking(request_id: str, *, delegated: bool = True, application: bool = True) -> dict[str, Any]:
    request = example(requestId=request_id)
    names = ["Orders.Read"]
    request["application"]["apiPermissions"] = [
        {"api": "Orders", "delegated": names if delegated else [], "application": names if application else []}
    ]
    return request


def consents(world: World) -> set[Consent]:
    return next(iter(world.directory.consented.values()))


async def test_both_are_requested_consented_and_answered() -> None:
    world = tenant()
    answer = await world.run(asking("R1"))
    assert world.directory.applications[APP].state.required_permissions == {SCOPE, ROLE}
    assert consents(world) == {DELEGATED, ASSIGNED}
    (api,) = answer["data"]["apiPermissions"]
    told = sorted((each["type"], each["id"], each["consented"]) for each in api["permissions"])
    assert told == [("Role", BOTH, True), ("Scope", BOTH, True)]
    assert api["resourceUri"] == ORDERS.app_id  # policy names no other, and a directory's list has no order
    assert breaches(world) == []


async def test_one_of_the_two_goes_and_the_other_stays() -> None:
    world = tenant()
    await world.run(asking("R1"))
    await world.run(asking("R2", application=False))
    assert world.directory.applications[APP].state.required_permissions == {SCOPE}
    assert consents(world) == {DELEGATED}
    assert breaches(world) == []


async def test_the_one_that_others_had_listed_is_told_from_the_other() -> None:
    world = tenant()
    await world.run(asking("R1", application=False))
    listed = world.directory.applications[APP].state.required_permissions
    world.directory.change(APP, required_permissions=listed | {ROLE})
    await world.run(asking("R2"))
    answer = await world.run(asking("R3", delegated=False, application=False))
    assert world.directory.applications[APP].state.required_permissions == {ROLE}
    assert answer["data"]["madeByOthers"] == [
        {"kind": "requiredPermission", "name": "Orders.Read", "api": "Orders", "type": "Role"}
    ]
    assert breaches(world) == []


async def test_the_doctor_does_not_take_the_role_for_the_scope_that_policy_gives() -> None:
    """Somebody assigned the app role; policy gives the delegated permission of that id only."""
    world = tenant()
    await world.run(asking("R1", application=False))
    (principal,) = world.directory.principals.values()
    rules = ApiRules(name="Orders", app_id=ORDERS.app_id, delegated=("Orders.Read",))
    world.deploy(world.services.policy.model_copy(update={"apis": (*opened_policy().apis, rules)}))
    assert breaches(world) == []
    world.directory.consented[principal].add(ASSIGNED)
    assert any("Orders" in each or BOTH in each for each in map(str, breaches(world)))
