"""The managed-identity endpoint of App Service, over ASGI."""

import httpx
import jwt
import pytest

from devstack.config import StackConfig
from devstack.doubles.faults import Fault, FaultKind
from devstack.doubles.identity.app import create
from devstack.doubles.tokens import Tokens
from devstack.doubles.world import World

GRAPH = "https://graph.microsoft.com"


@pytest.fixture
def http(planted: World, tokens: Tokens, config: StackConfig) -> httpx.AsyncClient:
    app = create(planted, tokens, config.identity_header)
    headers = {"X-IDENTITY-HEADER": config.identity_header}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1", headers=headers)


async def ask(http: httpx.AsyncClient, **query: str) -> httpx.Response:
    return await http.get("/msi/token", params={"api-version": "2019-08-01", "resource": GRAPH} | query)


async def test_the_registrar_gets_a_token_with_its_roles(http: httpx.AsyncClient, config: StackConfig) -> None:
    body = (await ask(http, client_id=config.app.client_id)).json()
    assert {"access_token", "expires_on", "resource", "token_type"} <= body.keys()
    claims = jwt.decode(body["access_token"], options={"verify_signature": False})
    assert (claims["aud"], claims["oid"]) == (GRAPH, config.app.object_id)
    assert body["expires_on"] == str(claims["exp"])
    assert "Application.ReadWrite.OwnedBy" in claims["roles"]
    assert "Application.ReadWrite.All" not in claims["roles"]


async def test_an_identity_has_three_names(http: httpx.AsyncClient, planted: World, config: StackConfig) -> None:
    identity = planted.primary().get("servicePrincipals", config.app.object_id)
    assert identity is not None
    assert (await ask(http, object_id=identity["id"])).status_code == 200
    assert (await ask(http, mi_res_id=identity["alternativeNames"][1])).status_code == 200


async def test_there_is_no_system_assigned_identity(http: httpx.AsyncClient) -> None:
    answer = await ask(http)
    assert (answer.status_code, answer.json()["statusCode"]) == (400, 400)


async def test_other_identities_are_unknown(http: httpx.AsyncClient, config: StackConfig) -> None:
    assert (await ask(http, client_id=config.administrator.client_id)).status_code == 400


async def test_the_header_is_a_secret(http: httpx.AsyncClient, config: StackConfig) -> None:
    http.headers["X-IDENTITY-HEADER"] = "guess"
    assert (await ask(http, client_id=config.app.client_id)).status_code == 401


@pytest.mark.parametrize("query", [{"api-version": "2017-09-01"}, {"resource": ""}, {"resource": "api://nowhere"}])
async def test_bad_requests(http: httpx.AsyncClient, config: StackConfig, query: dict[str, str]) -> None:
    assert (await ask(http, client_id=config.app.client_id, **query)).status_code == 400


async def test_weather_reaches_it(http: httpx.AsyncClient, planted: World) -> None:
    planted.faults.add(Fault(service="identity", kind=FaultKind.ERROR, status=503))
    assert (await ask(http)).status_code == 503
    assert planted.calls == {("identity", "GET /msi/token"): 1}
