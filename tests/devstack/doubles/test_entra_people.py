"""People sign in: both flows, what their tokens say, and the AADSTS error of everybody else."""

import asyncio
import base64
import hashlib
import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import msal
import pytest
from starlette.types import ASGIApp

from devstack.config import StackConfig
from devstack.doubles.entra.app import create
from devstack.doubles.entra.operations.user_sign_in import DEVICE_GRANT
from devstack.doubles.seed.people import person_id
from devstack.doubles.tokens import Tokens
from devstack.doubles.world import World
from devstack.microsoft import AZURE_CLI

DOMAIN = "contoso.onmicrosoft.com"
REDIRECT = "http://localhost:8400"
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


class Browser:
    """A client that people sign in through, over ASGI: the Azure CLI unless a test says otherwise."""

    def __init__(self, world: World, tokens: Tokens, config: StackConfig) -> None:
        self.world = world
        self.api = config.api.client_id
        self.tenant = f"/{world.tenant.id}/oauth2/v2.0"
        transport = httpx.ASGITransport(create(world, tokens))
        self.http = httpx.AsyncClient(transport=transport, base_url="https://login.microsoftonline.com")

    async def authorize(self, name: str, **given: str) -> httpx.Response:
        """The request to the page where `name` signs in; what is given as empty is left out."""
        correct = {
            "client_id": AZURE_CLI,
            "response_type": "code",
            "redirect_uri": REDIRECT,
            "scope": f"api://{self.api}/user_impersonation openid profile",
            "login_hint": f"{name}@{DOMAIN}",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "state": "s",
        }
        asked = {key: value for key, value in (correct | given).items() if value}
        return await self.http.get(f"{self.tenant}/authorize", params=asked)

    async def code(self, name: str, **given: str) -> str:
        answer = await self.authorize(name, **given)
        assert answer.status_code == 302, answer.text
        back = parse_qs(urlsplit(answer.headers["location"]).query)
        assert back["state"] == ["s"]
        return back["code"][0]

    async def redeem(self, code: str, **given: str) -> httpx.Response:
        correct = {
            "grant_type": "authorization_code",
            "client_id": AZURE_CLI,
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": VERIFIER,
        }
        asked = {key: value for key, value in (correct | given).items() if value}
        return await self.http.post(f"{self.tenant}/token", data=asked)

    async def device(self, **given: str) -> httpx.Response:
        scope = f"api://{self.api}/.default openid"
        asked = {"client_id": AZURE_CLI, "scope": scope} | given
        return await self.http.post(f"{self.tenant}/devicecode", data=asked)

    async def type_in(self, user_code: str, name: str, **given: str) -> httpx.Response:
        asked = {"otc": user_code, "login_hint": f"{name}@{DOMAIN}"} | given
        return await self.http.post("/common/oauth2/deviceauth", data=asked)

    async def poll(self, device_code: str) -> httpx.Response:
        asked = {"grant_type": DEVICE_GRANT, "client_id": AZURE_CLI, "device_code": device_code}
        return await self.http.post(f"{self.tenant}/token", data=asked)


@pytest.fixture
def browser(planted: World, tokens: Tokens, config: StackConfig) -> Browser:
    return Browser(planted, tokens, config)


def read(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def refusal(answer: httpx.Response) -> tuple[str, int]:
    body = answer.json()
    assert answer.status_code >= 400
    return body["error"], body["error_codes"][0]


async def test_an_access_token_says_who_acts_through_what(browser: Browser, world: World) -> None:
    answer = await browser.redeem(await browser.code("margaret"))
    body = answer.json()
    assert (body["token_type"], body["scope"], body["expires_in"]) == ("Bearer", "user_impersonation", 3599)
    claims = read(body["access_token"])
    margaret = person_id(world, "margaret")
    assert (claims["aud"], claims["azp"], claims["ver"]) == (browser.api, AZURE_CLI, "2.0")
    assert claims["iss"] == f"https://login.microsoftonline.com/{world.tenant.id}/v2.0"
    assert (claims["oid"], claims["scp"], claims["idtyp"]) == (margaret, "user_impersonation", "user")
    assert claims["preferred_username"] == f"margaret@{DOMAIN}"
    assert claims["roles"] == ["Registrar.Reader", "Registrar.Approver"]
    assert claims["sub"] != margaret


async def test_an_id_token_is_for_the_client_and_carries_no_scope(browser: Browser, world: World) -> None:
    body = (await browser.redeem(await browser.code("alan", nonce="n"))).json()
    claims = read(body["id_token"])
    assert (claims["aud"], claims["oid"], claims["nonce"]) == (AZURE_CLI, person_id(world, "alan"), "n")
    assert not {"scp", "roles", "azp", "idtyp"} & claims.keys()
    without = await browser.code("alan", scope=f"api://{browser.api}/.default")
    assert "id_token" not in (await browser.redeem(without)).json()


async def test_an_id_token_of_the_api_itself_names_the_same_audience_and_roles(
    browser: Browser, world: World, config: StackConfig
) -> None:
    """Why the audience alone tells nothing: whoever signs in to the API as a client gets an ID token with its aud."""
    application = world.primary().find("applications", "appId", browser.api)[0]
    changes = {"publicClient": {"redirectUris": [REDIRECT]}, "isFallbackPublicClient": True}
    world.documents.put("applications", application["id"], application | changes)
    code = await browser.code("radia", client_id=browser.api, scope="openid")
    claims = read((await browser.redeem(code, client_id=browser.api)).json()["id_token"])
    assert (claims["aud"], claims["roles"]) == (config.api.client_id, ["Registrar.Reader", "Registrar.Approver"])
    assert "scp" not in claims


async def test_idtyp_is_there_where_the_api_asks_for_it(browser: Browser, world: World) -> None:
    application = world.primary().find("applications", "appId", browser.api)[0]
    world.documents.put("applications", application["id"], application | {"optionalClaims": None})
    claims = read((await browser.redeem(await browser.code("alan"))).json()["access_token"])
    assert "idtyp" not in claims


@pytest.mark.parametrize(
    ("name", "given", "error"),
    [
        ("ada", {}, "access_denied"),  # not assigned to the API
        ("nobody", {}, "invalid_grant"),
        ("edsger", {}, "invalid_grant"),  # blocked
        ("alan", {"login_hint": ""}, "login_required"),
        ("alan", {"response_type": "token"}, "unsupported_response_type"),
        ("alan", {"scope": "api://{api}/everything"}, "invalid_client"),
        ("alan", {"scope": "https://graph.microsoft.com/Mail.Send"}, "invalid_grant"),  # no consent
        ("alan", {"scope": "https://graph.microsoft.com/User.Read api://{api}/.default"}, "invalid_request"),
        ("alan", {"code_challenge": "short"}, "invalid_request"),
        ("alan", {"code_challenge_method": "S512"}, "invalid_request"),
    ],
)
async def test_what_the_client_is_told_instead_of_a_code(
    browser: Browser, name: str, given: dict[str, str], error: str
) -> None:
    answer = await browser.authorize(name, **{key: each.format(api=browser.api) for key, each in given.items()})
    assert answer.status_code == 302
    back = parse_qs(urlsplit(answer.headers["location"]).query)
    assert (back["error"], back["state"]) == ([error], ["s"])
    assert back["error_description"][0].startswith("AADSTS")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"redirect_uri": "https://evil.example"}, 50011),
        ({"redirect_uri": "http://localhost.evil.example"}, 50011),
        ({"redirect_uri": ""}, 900144),
        ({"client_id": "99999999-9999-4999-8999-999999999999"}, 700016),
    ],
)
async def test_nothing_goes_back_to_a_redirect_that_is_not_the_clients(
    browser: Browser, given: dict[str, str], code: int
) -> None:
    answer = await browser.authorize("alan", **given)
    assert refusal(answer)[1] == code
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({"code_verifier": ""}, ("invalid_grant", 501481)),
        ({"code_verifier": "w" * 64}, ("invalid_grant", 501481)),
        ({"redirect_uri": "http://localhost:1"}, ("invalid_client", 500112)),
        ({"code": "made-up"}, ("invalid_grant", 9002313)),
        ({"client_secret": "s"}, ("invalid_client", 700025)),
    ],
)
async def test_a_code_is_redeemed_by_whoever_asked_for_it(
    browser: Browser, given: dict[str, str], refused: tuple[str, int]
) -> None:
    code = await browser.code("alan")
    assert refusal(await browser.redeem(**{"code": code, **given})) == refused
    assert (await browser.redeem(code)).status_code == 200


async def test_a_code_is_redeemed_once_and_soon(browser: Browser, world: World) -> None:
    code = await browser.code("alan")
    assert (await browser.redeem(code)).status_code == 200
    assert refusal(await browser.redeem(code)) == ("invalid_grant", 54005)
    late = await browser.code("alan")
    world.clock.advance(timedelta(minutes=10))
    assert refusal(await browser.redeem(late)) == ("invalid_grant", 70008)


async def test_who_was_blocked_meanwhile_gets_no_token(browser: Browser, world: World) -> None:
    code = await browser.code("alan")
    user = world.primary().get("users", person_id(world, "alan")) or {}
    world.documents.put("users", user["id"], user | {"accountEnabled": False})
    assert refusal(await browser.redeem(code)) == ("invalid_grant", 50057)


async def test_nobody_signs_in_through_a_client_that_is_disabled(
    browser: Browser, world: World, config: StackConfig
) -> None:
    code = await browser.code("margaret")
    world.documents.put(
        "servicePrincipals",
        "disabled-client",
        {"id": "disabled-client", "appId": AZURE_CLI, "accountEnabled": False, "servicePrincipalNames": []},
    )
    assert (await browser.redeem(code)).json()["error_codes"] == [7000112]
    assert (await browser.authorize("margaret")).json()["error_codes"] == [7000112]


async def test_a_client_with_a_secret_shows_it(browser: Browser, world: World, config: StackConfig) -> None:
    reader = config.clients["reader"]
    application = world.primary().find("applications", "appId", reader.client_id)[0]
    world.documents.put("applications", application["id"], application | {"web": {"redirectUris": [REDIRECT]}})
    scope = f"api://{browser.api}/.default"
    asked = await browser.authorize("alan", client_id=reader.client_id, scope=scope)
    assert "AADSTS65001" in parse_qs(urlsplit(asked.headers["location"]).query)["error_description"][0]
    api = world.primary().find("servicePrincipals", "appId", browser.api)[0]
    grant = {"clientId": reader.object_id, "resourceId": api["id"], "scope": "user_impersonation"}
    world.documents.put("oauth2PermissionGrants", "g", {"id": "g", "consentType": "AllPrincipals", **grant})
    code = await browser.code("alan", client_id=reader.client_id, scope=scope)
    assert refusal(await browser.redeem(code, client_id=reader.client_id)) == ("invalid_client", 7000218)
    redeemed = await browser.redeem(code, client_id=reader.client_id, client_secret=reader.client_secret)
    claims = read(redeemed.json()["access_token"])
    assert (claims["azp"], claims["azpacr"], claims["scp"]) == (reader.client_id, "1", "user_impersonation")


async def test_a_device_waits_until_somebody_types_its_code_in(browser: Browser, world: World) -> None:
    device = (await browser.device()).json()
    assert (device["expires_in"], device["interval"]) == (900, 5)
    assert device["user_code"] in device["message"]
    assert refusal(await browser.poll(device["device_code"])) == ("authorization_pending", 70016)
    assert refusal(await browser.poll(device["device_code"]))[0] == "slow_down"
    assert (await browser.type_in(device["user_code"], "radia")).status_code == 200
    world.clock.advance(timedelta(seconds=5))
    body = (await browser.poll(device["device_code"])).json()
    claims = read(body["access_token"])
    assert (claims["oid"], claims["scp"]) == (person_id(world, "radia"), "user_impersonation")
    assert read(body["id_token"])["oid"] == person_id(world, "radia")
    world.clock.advance(timedelta(seconds=5))
    assert refusal(await browser.poll(device["device_code"]))[0] == "bad_verification_code"


async def test_a_device_code_ends_and_can_be_declined(browser: Browser, world: World) -> None:
    first, second = [(await browser.device()).json() for _ in range(2)]
    await browser.type_in(first["user_code"], "radia", decline="1")
    assert refusal(await browser.poll(first["device_code"]))[0] == "authorization_declined"
    world.clock.advance(timedelta(seconds=900))
    assert refusal(await browser.poll(second["device_code"])) == ("expired_token", 70020)
    assert refusal(await browser.type_in(second["user_code"], "radia"))[0] == "bad_verification_code"
    assert refusal(await browser.poll("made-up"))[0] == "bad_verification_code"


async def test_a_device_code_leads_nobody_anywhere_who_is_not_assigned(browser: Browser) -> None:
    device = (await browser.device()).json()
    await browser.type_in(device["user_code"], "ada")
    assert refusal(await browser.poll(device["device_code"])) == ("access_denied", 50105)


class Blocking:
    """What MSAL wants of an HTTP client, over ASGI."""

    def __init__(self, app: ASGIApp) -> None:
        self._transport = httpx.ASGITransport(app)

    def get(self, url: str, **given: Any) -> httpx.Response:
        return asyncio.run(self._send("GET", url, given))

    def post(self, url: str, **given: Any) -> httpx.Response:
        return asyncio.run(self._send("POST", url, given))

    async def _send(self, method: str, url: str, given: dict[str, Any]) -> httpx.Response:
        async with httpx.AsyncClient(transport=self._transport) as client:
            known = {name: given[name] for name in ("params", "data", "headers") if name in given}
            return await client.request(method, url, **known)


def is_enough(_flow: dict[str, Any]) -> bool:
    """Do not poll again: that would wait for five seconds."""
    return True


def test_microsofts_own_library_signs_people_in_both_ways(planted: World, tokens: Tokens, config: StackConfig) -> None:
    """MSAL checks state, nonce, issuer and audience itself."""
    http = Blocking(create(planted, tokens))
    authority = f"https://login.microsoftonline.com/{planted.tenant.id}"
    client: Any = msal.PublicClientApplication(AZURE_CLI, authority=authority, http_client=http)
    scopes = [f"api://{config.api.client_id}/user_impersonation"]
    asked = {"redirect_uri": REDIRECT, "login_hint": f"margaret@{DOMAIN}", "response_mode": "form_post"}
    flow = client.initiate_auth_code_flow(scopes, **asked)
    page = http.get(flow["auth_uri"]).text
    assert f'action="{REDIRECT}"' in page
    back = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page))
    signed_in = client.acquire_token_by_auth_code_flow(flow, back)
    assert signed_in["id_token_claims"]["oid"] == person_id(planted, "margaret")
    assert read(signed_in["access_token"])["scp"] == "user_impersonation"
    device = client.initiate_device_flow(scopes)
    typed = {"otc": device["user_code"], "login_hint": f"radia@{DOMAIN}"}
    assert http.post("https://login.microsoftonline.com/common/oauth2/deviceauth", data=typed).status_code == 200
    signed_in = client.acquire_token_by_device_flow(device, exit_condition=is_enough)
    assert signed_in["id_token_claims"]["oid"] == person_id(planted, "radia")
