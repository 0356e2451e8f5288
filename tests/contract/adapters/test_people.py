"""People as the directory shows them: who is found, who is not, and what a failed lookup is not."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import uuid4

import pytest
from azure.identity.aio import DefaultAzureCredential

from devstack.doubles.faults import Fault, FaultKind
from devstack.doubles.graph.errors import denied
from devstack.doubles.graph.exchange import Request
from devstack.doubles.graph.odata.options import Options
from devstack.doubles.graph.operations import users
from devstack.doubles.seed.additions import Additions, add
from devstack.doubles.seed.completion import app_role_assignment
from devstack.doubles.seed.people import person_id
from devstack.project import project
from shared.adapters.graph.client import graph_service_client
from shared.adapters.graph.people import KEPT_FOR, GraphPeople
from shared.core.errors import DeferredError, ForbiddenError, ThrottledError, UnavailableError
from tests.contract.graph_sdk import close
from tests.devstack.doubles.local import Local

_GRAPH = "00000003-0000-0000-c000-000000000000"
_BASIC, _ALL = "User.ReadBasic.All", "User.Read.All"
_MAIL_DOMAIN = project().tenant.mail_domain


def give(local: Local, *permissions: str) -> None:
    """Have the registrar's identity hold these permissions on people, and no others."""
    view = local.world.primary()
    (graph,) = view.find("servicePrincipals", "appId", _GRAPH)
    (registrar,) = view.find("servicePrincipals", "appId", local.config.app.client_id)
    ids = {role["value"]: role["id"] for role in graph["appRoles"]}
    for each in list(view.find("appRoleAssignments", "principalId", registrar["id"])):
        if each["appRoleId"] in (ids[_BASIC], ids[_ALL]):
            local.world.documents.delete("appRoleAssignments", each["id"])
    for name in permissions:
        made = app_role_assignment(local.world, registrar, graph, ids[name])
        local.world.documents.put("appRoleAssignments", made["id"], made)


@asynccontextmanager
async def looking(local: Local, *permissions: str) -> AsyncGenerator[GraphPeople]:
    """The adapter, as the registrar's identity with these permissions."""
    give(local, *permissions)
    async with DefaultAzureCredential() as credential:
        client = graph_service_client(credential)
        try:
            yield GraphPeople(client, local.world.clock.now)
        finally:
            await close(client)
            give(local, _BASIC)


@pytest.fixture
async def people(registrar: Local) -> AsyncGenerator[GraphPeople]:
    """The adapter with the permission that the stack gives."""
    async with looking(registrar, _BASIC) as adapter:
        yield adapter


@pytest.fixture
def at(registrar: Local) -> Callable[[str], str]:
    """The address of one of the tenant's people."""
    return lambda name: f"{name}@{registrar.world.tenant.domain}"


def asked(local: Local) -> int:
    """How often the double was asked for people."""
    return sum(
        number for (service, call), number in local.world.calls.items() if service == "graph" and "/users" in call
    )


async def test_a_person_is_found_by_id_by_name_and_by_mail(
    people: GraphPeople, registrar: Local, at: Callable[[str], str]
) -> None:
    katherine = person_id(registrar.world, "k.johnson")
    names = [katherine.upper(), at("K.Johnson"), f"katherine.johnson@{_MAIL_DOMAIN}"]
    found = await people.find(names)
    assert set(found) == set(names)
    for hits in found.values():
        (hit,) = hits
        assert (hit.object_id, hit.principal_name) == (katherine, at("k.johnson"))
        assert (hit.enabled, hit.created) == (None, None)


async def test_nobody_and_two_are_not_one(people: GraphPeople, at: Callable[[str], str]) -> None:
    found = await people.find([at("nobody"), str(uuid4()), f"unix@{_MAIL_DOMAIN}", f"b.liskov@{_MAIL_DOMAIN}"])
    assert [len(hits) for hits in found.values()] == [0, 0, 2, 0]


@pytest.mark.parametrize("name", ["o'neil", "d'arcy'", "a+b", "x#ext#", "per%cent", "und_er"])
async def test_every_name_that_an_address_may_have_is_asked_for_as_it_is(
    people: GraphPeople, registrar: Local, at: Callable[[str], str], name: str
) -> None:
    user = {"id": str(uuid4()), "displayName": "Odd", "userPrincipalName": at(name)}
    add(registrar.world, Additions.model_validate({"users": [user]}))
    ((hit,),) = (await people.find([at(name)])).values()
    assert hit.object_id == user["id"]


async def test_what_a_question_is_made_of_stays_a_name(people: GraphPeople, at: Callable[[str], str]) -> None:
    assert await people.find([at("x' or userPrincipalName ne 'x")]) == {at("x' or userPrincipalName ne 'x"): ()}


async def test_a_blocked_account_shows_where_that_may_be_seen(registrar: Local, at: Callable[[str], str]) -> None:
    async with looking(registrar, _ALL) as people:
        found = await people.find([at("edsger"), at("ada")])
    assert [hit.enabled for hits in found.values() for hit in hits] == [False, True]
    assert all(hit.created is not None for hits in found.values() for hit in hits)


async def test_without_the_permission_nobody_is_unknown(registrar: Local, at: Callable[[str], str]) -> None:
    async with looking(registrar) as people:
        for _ in range(3):
            with pytest.raises(ForbiddenError):
                await people.find([at("ada")])
        before = asked(registrar)
        with pytest.raises(ForbiddenError):
            await people.find([at("grace"), str(uuid4())])
        assert asked(registrar) == before


async def test_a_tenant_that_refuses_whole_accounts_still_shows_who_somebody_is(
    people: GraphPeople, registrar: Local, at: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    parse = users.parse_options

    def refuse(request: Request, type_name: str) -> Options:
        if "accountEnabled" in request.options["$select"]:
            raise denied()
        return parse(request, type_name)

    monkeypatch.setattr(users, "parse_options", refuse)
    ((hit,),) = (await people.find([at("ada")])).values()
    assert (hit.object_id, hit.enabled) == (person_id(registrar.world, "ada"), None)


@pytest.mark.parametrize(
    ("kind", "status", "error"),
    [
        (FaultKind.THROTTLE, None, ThrottledError),
        (FaultKind.ERROR, 503, UnavailableError),
        (FaultKind.LOST_ANSWER, None, UnavailableError),
    ],
)
async def test_a_lookup_that_failed_says_of_nobody_that_they_are_not_there(
    people: GraphPeople,
    registrar: Local,
    at: Callable[[str], str],
    kind: FaultKind,
    status: int | None,
    error: type[DeferredError],
) -> None:
    fault = Fault(service="graph", kind=kind, status=status, method="GET", path="/users", retry_after=17)
    registrar.world.faults.add(fault)
    with pytest.raises(error):
        await people.find([at("ada"), at("grace"), person_id(registrar.world, "alan")])
    found = await people.find([at("ada"), at("grace")])
    assert [len(hits) for hits in found.values()] == [1, 1]


async def test_whoever_was_found_is_not_asked_for_again_for_minutes_and_whoever_was_not_is(
    people: GraphPeople, registrar: Local, at: Callable[[str], str]
) -> None:
    before = asked(registrar)
    for _ in range(3):
        await people.find([at("ada"), at("Grace"), person_id(registrar.world, "ada")])
    assert asked(registrar) == before + 3
    await people.find([at("nobody")])
    await people.find([at("nobody")])
    assert asked(registrar) == before + 5
    registrar.world.clock.advance(KEPT_FOR + timedelta(seconds=1))
    await people.find([at("ada")])
    assert asked(registrar) == before + 6
