"""The users of the tenant as callers with and without the permissions see them, and what a test can do to them."""

from datetime import timedelta
from urllib.parse import quote

import httpx
import pytest
from starlette.exceptions import HTTPException

from devstack.doubles.control.app import create
from devstack.doubles.faults import Fault, FaultKind
from devstack.doubles.graph import control
from devstack.doubles.seed.people import person_id
from devstack.doubles.world import Weather, World
from devstack.project import project
from tests.devstack.doubles.graph_tenant import EVENTUAL, Caller, GraphTenant, error

DOMAIN, MAIL_DOMAIN = "contoso.onmicrosoft.com", project().tenant.mail_domain
DENIED = (403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
BY_ADDRESS = "/users?$filter=userPrincipalName eq '{0}' or mail eq '{0}'&$select=id"


@pytest.fixture
def tenant(planted: World, graph: GraphTenant) -> GraphTenant:
    """Graph over the seeded world."""
    return graph


@pytest.fixture
def basic(tenant: GraphTenant) -> Caller:
    return tenant.caller("User.ReadBasic.All")


@pytest.fixture
def full(tenant: GraphTenant) -> Caller:
    return tenant.caller("User.Read.All")


def found(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return sorted(user["id"] for user in answer.json()["value"])


async def test_without_a_permission_nobody_is_found(tenant: GraphTenant) -> None:
    caller = tenant.caller("Application.Read.All")
    assert error(await caller.get("/users")) == DENIED
    assert error(await caller.get(f"/users/ada@{DOMAIN}")) == DENIED
    assert error(await caller.get(BY_ADDRESS.format(f"ada@{DOMAIN}"))) == DENIED


@pytest.mark.parametrize("key", ["{id}", "ada@" + DOMAIN, "ADA@" + DOMAIN.upper()])
async def test_one_user_by_id_or_name(basic: Caller, world: World, key: str) -> None:
    ada = person_id(world, "ada")
    answer = await basic.get(f"/users/{key.format(id=ada)}")
    assert answer.json()["id"] == ada
    assert answer.json()["@odata.context"].endswith("$metadata#users/$entity")


async def test_who_is_not_there(basic: Caller) -> None:
    assert error(await basic.get(f"/users/nobody@{DOMAIN}"))[:2] == (404, "Request_ResourceNotFound")
    assert found(await basic.get(BY_ADDRESS.format(f"nobody@{DOMAIN}"))) == []


@pytest.mark.parametrize(
    ("address", "people"),
    [
        (f"ada@{DOMAIN}", ["ada"]),
        (f"ada@{MAIL_DOMAIN}", ["ada"]),
        (f"k.johnson@{DOMAIN}", ["k.johnson"]),
        (f"katherine.johnson@{MAIL_DOMAIN}", ["k.johnson"]),
        (f"unix@{MAIL_DOMAIN}", ["dennis", "ken"]),
        (f"b.liskov@{MAIL_DOMAIN}", []),  # an alias is neither
    ],
)
async def test_users_by_address(basic: Caller, world: World, address: str, people: list[str]) -> None:
    answer = await basic.get(BY_ADDRESS.format(address))
    assert found(answer) == sorted(person_id(world, name) for name in people)


async def test_an_apostrophe_in_a_name_is_doubled(basic: Caller, world: World) -> None:
    user = world.primary().get("users", person_id(world, "ada")) or {}
    control.change_user(world, user, {"mail": "o'hara@contoso.example"})
    assert found(await basic.get(BY_ADDRESS.format("o''hara@contoso.example"))) == [user["id"]]
    assert error(await basic.get(BY_ADDRESS.format("o'hara@contoso.example")))[:2] == (400, "BadRequest")


async def test_an_alias_is_found_by_those_who_see_all_addresses(full: Caller, basic: Caller, world: World) -> None:
    question = f"/users?$filter=proxyAddresses/any(a:a eq 'smtp:b.liskov@{MAIL_DOMAIN}')&$select=id"
    assert found(await full.get(question)) == [person_id(world, "barbara")]
    assert error(await basic.get(question)) == DENIED


@pytest.mark.parametrize(
    "question",
    ["$filter=accountEnabled eq false", "$filter=mail eq 'a' and userType eq 'Member'", "$filter=otherMails/any()"],
)
async def test_the_basic_profile_answers_no_question_about_more(basic: Caller, question: str) -> None:
    assert error(await basic.get(f"/users?{question}")) == DENIED


async def test_the_basic_profile_answers_advanced_questions_about_itself(basic: Caller, world: World) -> None:
    question = f"/users?$filter=endswith(mail,'unix@{MAIL_DOMAIN}')&$count=true&$select=id"
    assert len(found(await basic.get(question, **EVENTUAL))) == 2
    search = '/users?$search="displayName:Ada"&$select=id'
    assert found(await basic.get(search, **EVENTUAL)) == [person_id(world, "ada")]


async def test_what_is_hidden_looks_empty(basic: Caller, full: Caller, world: World) -> None:
    path = f"/users/{person_id(world, 'edsger')}?$select=id,mail,accountEnabled,proxyAddresses,userType"
    seen = {name: value for name, value in (await full.get(path)).json().items() if name[0] != "@"}
    assert (seen["accountEnabled"], seen["userType"]) == (False, "Member")
    assert seen["proxyAddresses"] == [f"SMTP:edsger@{MAIL_DOMAIN}"]
    hidden: dict[str, object] = {"accountEnabled": None, "proxyAddresses": [], "userType": None}
    assert {n: v for n, v in (await basic.get(path)).json().items() if n[0] != "@"} == seen | hidden


async def test_without_select_neither_state_nor_addresses_are_shown(full: Caller, world: World) -> None:
    user = (await full.get(f"/users/{person_id(world, 'ada')}")).json()
    assert {"id", "displayName", "mail", "userPrincipalName"} <= user.keys()
    assert not {"accountEnabled", "proxyAddresses", "createdDateTime", "userType"} & user.keys()


async def test_throttling_and_faults_reach_users(basic: Caller, world: World) -> None:
    world.faults.add(Fault(service="graph", kind=FaultKind.THROTTLE, path="/users", retry_after=17))
    world.faults.add(Fault(service="graph", kind=FaultKind.ERROR, path="/users/{id}", status=503))
    throttled = await basic.get("/users")
    assert (throttled.status_code, throttled.headers["retry-after"]) == (429, "17")
    assert (await basic.get(f"/users/ada@{DOMAIN}")).status_code == 503


async def test_a_test_can_rename_block_and_delete_people(basic: Caller, world: World) -> None:
    plane = create(world, lambda: None, control.routes(world))
    http = httpx.AsyncClient(transport=httpx.ASGITransport(plane), base_url="http://127.0.0.1")
    ada = person_id(world, "ada")
    world.change_weather(Weather(lag_seconds=30))
    change = {"userPrincipalName": f"ada.king@{DOMAIN}", "accountEnabled": False}
    changed = await http.patch(f"/users/ada@{DOMAIN}", json=change)
    assert (changed.status_code, changed.json()["id"]) == (200, ada)
    assert (await basic.get(f"/users/{ada}")).json()["userPrincipalName"] == f"ada@{DOMAIN}"
    world.clock.advance(timedelta(seconds=31))
    assert (await basic.get(f"/users/ada.king@{DOMAIN}")).json()["id"] == ada
    assert (await http.delete(f"/users/{ada}")).status_code == 204
    world.clock.advance(timedelta(seconds=31))
    assert (await basic.get(f"/users/{ada}")).status_code == 404
    assert (await http.delete(f"/users/{ada}")).status_code == 404
    for nonsense in ({"id": "x"}, {"shoeSize": 42}):
        assert (await http.patch(f"/users/grace@{DOMAIN}", json=nonsense)).status_code == 400
    assert ada not in [user["id"] for user in (await http.get("/users")).json()["users"]]


@pytest.mark.parametrize("name", ["jürgen", "ada.", "a b", "a+b", "a@b", "", "x" * 65])
def test_a_name_that_entra_takes_for_none_is_refused(planted: World, name: str) -> None:
    ada = planted.primary().get("users", person_id(planted, "ada"))
    assert ada is not None
    with pytest.raises(HTTPException, match="userPrincipalName is invalid"):
        control.change_user(planted, ada, {"userPrincipalName": f"{name}@{DOMAIN}"})


@pytest.mark.parametrize("name", ["o'brien", "a!b#c^d~e", "a_fabrikam.com#EXT#"])
async def test_a_user_is_found_by_an_unusual_name(basic: Caller, world: World, name: str) -> None:
    ada = world.primary().get("users", person_id(world, "ada"))
    assert ada is not None
    control.change_user(world, ada, {"userPrincipalName": f"{name}@{DOMAIN}"})
    quoted = quote(name.replace("'", "''"))
    assert found(await basic.get(BY_ADDRESS.format(f"{quoted}@{DOMAIN}"))) == [person_id(world, "ada")]
