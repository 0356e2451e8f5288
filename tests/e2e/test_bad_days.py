"""The services lag, throttle, lose answers and go away; processes die. The registrations are right all the same."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from queues.cli import main
from tests.brokers import Broker
from tests.e2e.driver import Driver, eventually, request
from tests.e2e.test_approval import wait_for
from tests.stacks import start_stack

pytestmark = pytest.mark.e2e


def assert_one_app_with_one_live_secret(driver: Driver, unique_name: str, client_id: str) -> None:
    (app,) = driver.applications(unique_name)
    assert app["appId"] == client_id
    principals = driver.graph(f"/servicePrincipals?$filter=appId eq '{client_id}'")["value"]
    assert len(principals) == 1
    assert len(app["passwordCredentials"]) == 1
    assert driver.sign_in(client_id, driver.stored(unique_name))


def test_lag_throttling_and_a_slow_secret_only_cost_time(driver: Driver) -> None:
    driver.weather(lagSeconds=30, throttleRate=0.1, secretActivationSeconds=18, seed=7)
    answer = driver.ask(request("BAD-1", "bad-weather"), moving_clock=True)
    assert answer["data"]["status"] == "completed"
    driver.weather()
    assert_one_app_with_one_live_secret(driver, "bad-weather", answer["data"]["clientId"])


def test_a_stack_stopped_in_the_middle_finishes_the_request_when_it_starts_again(
    tmp_path: Path, broker: Broker
) -> None:
    weather, settings = {"secretActivationSeconds": 120}, broker.settings()
    with start_stack(tmp_path, weather=weather, settings=settings, forked=True) as stack:
        driver = Driver(stack)
        driver.send(request("STOP-1", "stopped-midway"))
        eventually(lambda: driver.stored_or_none("stopped-midway"), "the secret to be stored")
    with start_stack(tmp_path, settings=settings, forked=True) as stack:
        driver = Driver(stack)
        answer = driver.answer("STOP-1", moving_clock=True)
        assert answer["data"]["status"] == "completed"
        assert_one_app_with_one_live_secret(driver, "stopped-midway", answer["data"]["clientId"])


def test_what_cannot_be_done_in_a_day_is_answered_failed_and_kept_with_its_reason(driver: Driver) -> None:
    driver.weather(secretActivationSeconds=7 * 24 * 3600)
    driver.send(request("FAIL-1", "never-works"))
    eventually(lambda: driver.stored_or_none("never-works"), "the secret to be stored")
    wait_for(driver, "FAIL-1", "waiting", "queue")
    driver.advance(25 * 3600)
    answer = driver.answer("FAIL-1", moving_clock=True)
    assert answer["type"] == "registrar.registration.failed.v1"
    (kept,) = eventually(lambda: kept_of(driver, "FAIL-1") or None, "the kept request")
    assert kept["reason"] == "not_yet_visible"
    assert kept["attempts"] >= 2


def kept_of(driver: Driver, request_id: str) -> list[dict[str, Any]]:
    """What is kept of a request that could not be served: its answer is sent first."""
    kept = driver.messages("app-registrations-poison")
    return [message for message in kept if message["original"]["requestId"] == request_id]


def test_a_failed_request_is_replayed_once_its_cause_is_mended(
    driver: Driver, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    driver.weather(secretActivationSeconds=40 * 3600)
    driver.send(request("REPLAY-1", "replayed"))
    eventually(lambda: driver.stored_or_none("replayed"), "the secret to be stored")
    driver.advance(25 * 3600)
    failed = driver.answer("REPLAY-1", moving_clock=True)
    driver.advance(20 * 3600)
    url = f"{driver.environment['DEVSTACK_FUNCTIONS_URL']}/api/operations/{failed['data']['operationId']}/replay"
    accepted = eventually(lambda: replayed(url), "the replay to be taken")
    assert accepted == {"operationId": failed["data"]["operationId"], "generation": 2}
    answer = driver.answer("REPLAY-1", moving_clock=True)
    while answer["id"] == failed["id"]:  # an answer may be delivered twice
        answer = driver.answer("REPLAY-1", moving_clock=True)
    assert answer["data"]["status"] == "completed"
    assert kept_of(driver, "REPLAY-1") == []
    done = httpx.post(url, trust_env=False)
    assert (done.status_code, done.headers["Content-Type"]) == (409, "application/problem+json")
    assert httpx.post(url.replace(failed["data"]["operationId"], "0" * 32), trust_env=False).status_code == 404
    monkeypatch.setenv("REGISTRAR_URL", driver.environment["REGISTRAR_URL"])
    assert main(["kept", "replay", failed["data"]["operationId"]]) == 1
    assert capsys.readouterr().err == f"error: {done.json()['detail']}\n"
    assert_one_app_with_one_live_secret(driver, "replayed", answer["data"]["clientId"])


def replayed(url: str) -> dict[str, object] | None:
    """Ask for a replay; None while the failure's own answer is still being delivered."""
    answer = httpx.post(url, trust_env=False)
    return answer.json() if answer.status_code == 202 else None


def test_the_app_runs_on_identity_based_storage_connections(tmp_path: Path) -> None:
    with start_stack(tmp_path, identity_based_storage=True) as stack:
        driver = Driver(stack)
        answer = driver.ask(request("IDENTITY-1", "identity-based"))
        assert answer["data"]["status"] == "completed"
        assert driver.sign_in(answer["data"]["clientId"], driver.stored("identity-based"))
