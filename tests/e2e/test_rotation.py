"""Rotation on the whole stack: what clients read signs in all the time, and a leaked value is refused."""

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

from tests.e2e.driver import Driver, eventually, request, rotation

pytestmark = pytest.mark.e2e

HOUR = 3600


def keys(driver: Driver, unique_name: str) -> list[str]:
    (app,) = driver.applications(unique_name)
    return sorted(password["keyId"] for password in app["passwordCredentials"])


def test_the_owner_gets_a_new_secret_and_the_old_one_works_on(driver: Driver) -> None:
    client = driver.ask(request("ROT-1", "rotated"))["data"]["clientId"]
    old = driver.stored("rotated")
    driver.advance(HOUR)
    answer = driver.ask(rotation("ROT-1-rotate", "rotated"))
    assert answer["type"] == "registrar.credential.rotated.v1"
    new = driver.stored("rotated")
    assert new != old
    assert driver.sign_in(client, new)
    assert driver.sign_in(client, old)
    assert answer["data"]["credentials"][0]["keyId"] in keys(driver, "rotated")
    vault = driver.vault(driver.stack.config.clients["requester"])
    with pytest.raises(HttpResponseError) as refused:
        vault.get_secret("rotated--client-secret--pending")
    assert refused.value.status_code == 403


def test_a_leaked_secret_is_refused_and_the_answer_says_since_when(driver: Driver) -> None:
    client = driver.ask(request("ROT-2", "leaked"))["data"]["clientId"]
    old = driver.stored("leaked")
    answer = driver.ask(rotation("ROT-2-rotate", "leaked", revokePrevious={"within": "PT10M"}))
    told = answer["data"]["rotation"]
    assert told["replacedRefusedSince"] < told["issuedTokensUntil"]
    with pytest.raises(ClientAuthenticationError):
        driver.sign_in(client, old)
    assert driver.sign_in(client, driver.stored("leaked"))
    assert len(keys(driver, "leaked")) == 1


def test_a_certificate_is_registered_replaced_and_goes(driver: Driver) -> None:
    body = request("ROT-4", "certified")
    body["credentials"] = [{"name": "pair", "type": "certificate", "lifetimeDays": 90, "overlapDays": 1}]
    answer = driver.ask(body)
    client, old = answer["data"]["clientId"], driver.stored("certified", "pair")
    assert answer["data"]["credentials"][0]["type"] == "certificate"
    assert driver.sign_in_with_certificate(client, old)
    driver.advance(HOUR)
    answer = driver.ask(rotation("ROT-4-rotate", "certified", credential="pair"))
    assert answer["type"] == "registrar.credential.rotated.v1"
    new = driver.stored("certified", "pair")
    assert new != old
    assert driver.sign_in_with_certificate(client, new)
    assert driver.sign_in_with_certificate(client, old)
    driver.advance(26 * HOUR)
    kept = answer["data"]["credentials"][0]["keyId"]
    eventually(lambda: certificates(driver, "certified") == [kept] or None, "the old certificate to go")
    assert driver.sign_in_with_certificate(client, driver.stored("certified", "pair"))
    with pytest.raises(ClientAuthenticationError):
        driver.sign_in_with_certificate(client, old)


def certificates(driver: Driver, unique_name: str) -> list[str]:
    """The keyIds of an app's certificates; every look lets a moment of stack time pass."""
    driver.advance(60)
    (app,) = driver.applications(unique_name)
    return [key["keyId"] for key in app["keyCredentials"]]


def test_a_short_lived_secret_is_replaced_in_time_and_the_old_one_goes(driver: Driver) -> None:
    short = request("ROT-3", "short-lived")
    short["credentials"][0] |= {"lifetimeDays": 4, "rotateBeforeDays": 2, "overlapDays": 1}
    client = driver.ask(short)["data"]["clientId"]
    old = driver.stored("short-lived")
    (first,) = keys(driver, "short-lived")

    for _ in range(4):
        driver.advance(12 * HOUR)
    new = eventually(lambda: _other(driver, "short-lived", old), "the new secret")
    assert driver.sign_in(client, new)
    assert driver.sign_in(client, old)
    driver.advance(26 * HOUR)
    eventually(lambda: first not in keys(driver, "short-lived") or None, "the old secret to go")
    assert driver.sign_in(client, driver.stored("short-lived"))
    with pytest.raises(ClientAuthenticationError):
        driver.sign_in(client, old)


def _other(driver: Driver, unique_name: str, old: str) -> str | None:
    driver.advance(60)
    stored = driver.stored(unique_name)
    return stored if stored != old else None
