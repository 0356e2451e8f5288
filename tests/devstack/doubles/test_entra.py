"""The token endpoint: who gets a token, what is in it, and the AADSTS error of everybody else."""

from datetime import timedelta
from typing import Any

import httpx
import jwt
import pytest

from devstack.config import StackConfig
from devstack.doubles.documents import Document
from devstack.doubles.entra.app import create
from devstack.doubles.faults import Fault, FaultKind
from devstack.doubles.seed import Additions, add
from devstack.doubles.tokens import Tokens
from devstack.doubles.world import World

TWINS = "https://digitaltwins.azure.net"
APP = "11111111-1111-4111-8111-111111111111"


class Entra:
    """The double over ASGI, with the administrator's credentials at hand."""

    def __init__(self, world: World, tokens: Tokens, config: StackConfig) -> None:
        self.world = world
        self.tenant = world.tenant.id
        self.administrator = config.administrator
        transport = httpx.ASGITransport(create(world, tokens))
        self.http = httpx.AsyncClient(transport=transport, base_url="https://login.microsoftonline.com")

    async def sign_in(self, tenant: str | None = None, **form: str) -> httpx.Response:
        """One v2.0 token request; the form starts as a correct one of the administrator's."""
        correct = {
            "grant_type": "client_credentials",
            "client_id": self.administrator.client_id,
            "client_secret": self.administrator.client_secret,
            "scope": "https://graph.microsoft.com/.default",
        }
        data = {name: value for name, value in (correct | form).items() if value}
        return await self.http.post(f"/{tenant or self.tenant}/oauth2/v2.0/token", data=data)

    async def refusal(self, tenant: str | None = None, **form: str) -> tuple[int, str, int]:
        """Status, OAuth error and AADSTS code of a refused request."""
        answer = await self.sign_in(tenant, **form)
        body = answer.json()
        assert body["error_description"].startswith(f"AADSTS{body['error_codes'][0]}: ")
        assert {"timestamp", "trace_id", "correlation_id", "error_uri"} <= body.keys()
        return answer.status_code, body["error"], body["error_codes"][0]


@pytest.fixture
def entra(planted: World, tokens: Tokens, config: StackConfig) -> Entra:
    return Entra(planted, tokens, config)


def claims_of(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return jwt.decode(answer.json()["access_token"], options={"verify_signature": False})


def add_client(world: World, **application: Any) -> Document:
    """An application with service principal and the secret `right`; returns the application."""
    secret = {"displayName": "s", "secretText": "right"}
    given = {"appId": APP, "displayName": "client", "passwordCredentials": [secret], **application}
    add(world, Additions.model_validate({"applications": [given], "servicePrincipals": [{"appId": APP}]}))
    return world.primary().find("applications", "appId", APP)[0]


async def test_discovery_names_the_endpoints_of_both_versions(entra: Entra) -> None:
    second = (await entra.http.get(f"/{entra.tenant}/v2.0/.well-known/openid-configuration")).json()
    base = f"https://login.microsoftonline.com/{entra.tenant}"
    assert second["token_endpoint"] == f"{base}/oauth2/v2.0/token"
    assert second["issuer"] == f"{base}/v2.0"
    first = (await entra.http.get("/contoso.onmicrosoft.com/.well-known/openid-configuration")).json()
    assert first["token_endpoint"] == f"{base}/oauth2/token"
    assert first["issuer"] == f"https://sts.windows.net/{entra.tenant}/"


async def test_the_published_keys_verify_a_token(entra: Entra) -> None:
    configuration = (await entra.http.get("/common/v2.0/.well-known/openid-configuration")).json()
    assert configuration["issuer"] == "https://login.microsoftonline.com/{tenantid}/v2.0"
    keys = jwt.PyJWKSet.from_dict((await entra.http.get(configuration["jwks_uri"])).json())
    token = (await entra.sign_in()).json()["access_token"]
    key = keys[jwt.get_unverified_header(token)["kid"]]
    assert jwt.decode(token, key, algorithms=["RS256"], audience="https://graph.microsoft.com")


async def test_discovery_of_an_unknown_tenant(entra: Entra) -> None:
    answer = await entra.http.get("/fabrikam.example/v2.0/.well-known/openid-configuration")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_tenant")
    assert answer.json()["error_codes"] == [90002]


async def test_a_token_says_who_and_what(entra: Entra) -> None:
    answer = await entra.sign_in()
    claims = claims_of(answer)
    assert answer.json()["expires_in"] == 3599
    assert answer.headers["cache-control"] == "no-store, no-cache"
    assert claims["aud"] == "https://graph.microsoft.com"
    assert claims["iss"] == f"https://sts.windows.net/{entra.tenant}/"
    assert claims["appid"] == entra.administrator.client_id
    assert claims["oid"] == claims["sub"] == entra.administrator.object_id
    assert (claims["tid"], claims["idtyp"], claims["ver"]) == (entra.tenant, "app", "1.0")
    assert {"Application.ReadWrite.All", "Directory.Read.All"} <= set(claims["roles"])


async def test_roles_are_those_on_the_resource(entra: Entra) -> None:
    assert "roles" not in claims_of(await entra.sign_in(scope=f"{TWINS}/.default"))


@pytest.mark.parametrize(
    ("scope", "audience"),
    [
        ("https://vault.azure.net/.default", "https://vault.azure.net"),
        ("https://servicebus.azure.net//.default", "https://servicebus.azure.net/"),
        ("https://management.azure.com/.default", "https://management.azure.com"),
        (
            "0b07f429-9f4b-4714-9392-cc5e8e80c8b0/.default",
            "0b07f429-9f4b-4714-9392-cc5e8e80c8b0",
        ),
    ],
)
async def test_the_audience_is_what_was_asked_for(entra: Entra, scope: str, audience: str) -> None:
    assert claims_of(await entra.sign_in(scope=scope))["aud"] == audience


async def test_an_api_of_the_tenant_may_want_version_2_tokens(entra: Entra) -> None:
    add_client(entra.world, identifierUris=["api://orders"], api={"requestedAccessTokenVersion": 2})
    claims = claims_of(await entra.sign_in(scope="api://orders/.default"))
    assert (claims["aud"], claims["ver"]) == (APP, "2.0")
    assert claims["azp"] == entra.administrator.client_id


@pytest.mark.parametrize(
    ("form", "refusal"),
    [
        ({"grant_type": ""}, (400, "invalid_request", 900144)),
        ({"grant_type": "password"}, (400, "unsupported_grant_type", 70003)),
        ({"client_id": ""}, (400, "invalid_request", 900144)),
        ({"client_id": APP}, (400, "unauthorized_client", 700016)),
        ({"client_secret": ""}, (401, "invalid_client", 7000216)),
        ({"client_secret": "wrong"}, (401, "invalid_client", 7000215)),
        ({"scope": ""}, (400, "invalid_request", 900144)),
        ({"scope": "User.Read"}, (400, "invalid_scope", 1002012)),
        ({"scope": "a/.default b/.default"}, (400, "invalid_scope", 70011)),
        ({"scope": "api://nowhere/.default"}, (400, "invalid_resource", 500011)),
        ({"tenant": "fabrikam.example"}, (400, "invalid_request", 90002)),
        ({"tenant": "common"}, (400, "invalid_request", 50059)),
        ({"client_assertion": "x.y.z", "client_assertion_type": "other"}, (400, "invalid_request", 50027)),
    ],
)
async def test_refusals(entra: Entra, form: dict[str, str], refusal: tuple[int, str, int]) -> None:
    assert await entra.refusal(**form) == refusal


async def test_a_new_secret_works_after_its_delay_on_the_stack_clock(entra: Entra) -> None:
    active = entra.world.clock.time() + 18
    add_client(
        entra.world,
        passwordCredentials=[
            {"secretText": "right", "_activeFrom": active},
        ],
    )
    form = {"client_id": APP, "client_secret": "right", "scope": f"{TWINS}/.default"}
    assert await entra.refusal(**form) == (401, "invalid_client", 7000215)
    entra.world.clock.advance(timedelta(seconds=18))
    assert claims_of(await entra.sign_in(**form))["appid"] == APP


async def test_an_expired_secret(entra: Entra) -> None:
    add_client(entra.world, passwordCredentials=[{"secretText": "right", "endDateTime": "2026-01-01T00:00:00Z"}])
    form = {"client_id": APP, "client_secret": "right"}
    assert await entra.refusal(**form) == (401, "invalid_client", 7000222)


async def test_a_removed_secret_is_a_wrong_one(entra: Entra) -> None:
    application = add_client(entra.world)
    form = {"client_id": APP, "client_secret": "right"}
    assert (await entra.sign_in(**form)).status_code == 200
    entra.world.documents.put("applications", application["id"], application | {"passwordCredentials": []})
    assert await entra.refusal(**form) == (401, "invalid_client", 7000215)


async def test_without_a_service_principal(entra: Entra) -> None:
    add_client(entra.world)
    principal = entra.world.primary().find("servicePrincipals", "appId", APP)[0]
    form = {"client_id": APP, "client_secret": "right"}
    entra.world.documents.put("servicePrincipals", principal["id"], principal | {"accountEnabled": False})
    assert await entra.refusal(**form) == (400, "unauthorized_client", 7000112)
    entra.world.documents.delete("servicePrincipals", principal["id"])
    assert await entra.refusal(**form) == (401, "invalid_client", 7000229)


async def test_a_disabled_resource_gets_nobody_a_token(entra: Entra) -> None:
    twins = entra.world.primary().find("servicePrincipals", "servicePrincipalNames", TWINS)[0]
    entra.world.documents.put("servicePrincipals", twins["id"], twins | {"accountEnabled": False})
    assert await entra.refusal(scope=f"{TWINS}/.default") == (400, "invalid_resource", 500014)


async def test_a_resource_may_demand_an_assignment(entra: Entra) -> None:
    twins = entra.world.primary().find("servicePrincipals", "servicePrincipalNames", TWINS)[0]
    entra.world.documents.put("servicePrincipals", twins["id"], twins | {"appRoleAssignmentRequired": True})
    assert await entra.refusal(scope=f"{TWINS}/.default") == (400, "invalid_grant", 501051)


async def test_the_first_version_of_the_endpoint(entra: Entra) -> None:
    form = {"grant_type": "client_credentials", "resource": TWINS}
    basic = (entra.administrator.client_id, entra.administrator.client_secret)
    answer = await entra.http.post(f"/{entra.tenant}/oauth2/token", data=form, auth=basic)
    assert claims_of(answer)["aud"] == TWINS
    assert (answer.json()["expires_in"], answer.json()["resource"]) == ("3599", TWINS)


async def test_throttling_looks_like_entra(entra: Entra) -> None:
    entra.world.faults.add(Fault(service="entra", kind=FaultKind.THROTTLE, retry_after=9))
    answer = await entra.sign_in()
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "9")
    assert answer.json()["error"] == "temporarily_unavailable"
    assert entra.world.calls == {("entra", "POST /{tenant}/oauth2/v2.0/token"): 1}


async def test_every_name_of_an_api_and_its_appid_is_an_audience(entra: Entra) -> None:
    for principal in entra.world.primary().all("servicePrincipals"):
        if principal["createdDateTime"] is not None:
            continue  # none of Microsoft's
        for name in {principal["appId"], *principal["servicePrincipalNames"]}:
            assert (await entra.sign_in(scope=f"{name}/.default")).status_code == 200, name
    (twins,) = entra.world.primary().find("servicePrincipals", "servicePrincipalNames", TWINS)
    entra.world.documents.put("servicePrincipals", twins["id"], twins | {"servicePrincipalNames": []})
    assert (await entra.sign_in(scope=f"{twins['appId']}/.default")).status_code == 200


async def test_a_disabled_api_gives_no_token(entra: Entra) -> None:
    (twins,) = entra.world.primary().find("servicePrincipals", "servicePrincipalNames", TWINS)
    entra.world.documents.put("servicePrincipals", twins["id"], twins | {"accountEnabled": False})
    assert await entra.refusal(scope=f"{TWINS}/.default") == (400, "invalid_resource", 500014)


@pytest.mark.parametrize("code", [53003, 501051, 65001])
async def test_only_whoever_has_the_credential_hears_what_follows_it(entra: Entra, code: int) -> None:
    entra.world.faults.add(Fault(service="entra", kind=FaultKind.REFUSED_SIGN_IN, codes=(code,), times=2))
    assert (await entra.refusal(client_secret="wrong"))[2] == 7000215
    assert (await entra.refusal())[2] == code
    assert (await entra.sign_in()).status_code == 200


@pytest.mark.parametrize("code", [50013, 50027, 50059, 50196, 90033, 500014, 700030, 1002012])
async def test_what_says_nothing_about_a_credential_is_said_to_everybody(entra: Entra, code: int) -> None:
    entra.world.faults.add(Fault(service="entra", kind=FaultKind.REFUSED_SIGN_IN, codes=(code,), times=2))
    assert [(await entra.refusal(client_secret=each))[2] for each in ("wrong", "")] == [code, code]


async def test_a_refusal_may_have_several_codes(entra: Entra) -> None:
    entra.world.faults.add(Fault(service="entra", kind=FaultKind.REFUSED_SIGN_IN, codes=(53003, 50027)))
    assert (await entra.sign_in(client_secret="wrong")).json()["error_codes"] == [53003, 50027]
