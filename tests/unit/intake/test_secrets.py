"""The secrets of webhooks, as the platform hands them to the app: what cannot be used is named, and proves nothing."""

import base64
import json
import secrets
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import azure.functions as func
import pytest

from functions.health import health
from shared import bootstrap
from shared.intake.secrets import Secrets, read_secrets
from shared.intake.sources import Ticketing, load_ticketing

ROOT = Path(__file__).parents[3]
GOOD_KEY = "whsec_" + base64.b64encode(bytes(range(24))).decode()
GOOD_TOKEN = "0123456789abcdef01234567"


def ticketing(method: str) -> Ticketing:
    proof = {"method": method, "secrets": ["S", "S_NEXT"]}
    if method != "standard_webhooks":
        proof["header"] = "X-Proof"
    source = {"name": "hooks", "proof": proof, "mapping": {"whole": "@"}}
    return Ticketing.model_validate({"version": "1", "sources": [source]})


def read(method: str, value: str) -> Secrets:
    return read_secrets({"S": value}, ticketing(method))


@pytest.mark.parametrize(
    ("method", "value"), [("standard_webhooks", GOOD_KEY), ("hmac", GOOD_TOKEN), ("token", GOOD_TOKEN)]
)
def test_a_proper_secret_is_used_and_one_that_is_not_set_is_nobodys_fault(method: str, value: str) -> None:
    assert read(method, value) == Secrets({"S": value, "S_NEXT": ""})
    assert read(method, "") == Secrets({"S": "", "S_NEXT": ""})


MALFORMED = {
    "a line's end": ("token", f"{GOOD_TOKEN}\n", "white space"),
    "a space before it": ("hmac", f" {GOOD_TOKEN}", "white space"),
    "nothing but spaces": ("token", " " * 30, "white space"),
    "a byte order mark": ("token", f"\ufeff{GOOD_TOKEN}", "control characters"),
    "a short token": ("token", "s3cret", "shorter than 24"),
    "a short HMAC key": ("hmac", GOOD_TOKEN[:-1], "shorter than 24"),
    "one character many times": ("token", "a" * 64, "different characters"),
    "a word many times": ("hmac", "secret" * 10, "different characters"),
    "no prefix": ("standard_webhooks", GOOD_KEY.removeprefix("whsec_"), "does not begin with whsec_"),
    "no base64": ("standard_webhooks", "whsec_!!!!" + "a" * 40, "is not base64"),
    "half of a base64": ("standard_webhooks", GOOD_KEY[:-1], "is not base64"),
    "too few bytes": ("standard_webhooks", "whsec_" + base64.b64encode(b"0123456789").decode(), "24 to 64 bytes"),
    "too many bytes": ("standard_webhooks", "whsec_" + base64.b64encode(bytes(65)).decode(), "24 to 64 bytes"),
    "zeros": ("standard_webhooks", "whsec_" + base64.b64encode(bytes(32)).decode(), "all alike"),
}


@pytest.mark.parametrize(("method", "value", "why"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_secret_is_named_and_used_for_nothing(method: str, value: str, why: str) -> None:
    found = read(method, value)
    assert found.usable == {"S": "", "S_NEXT": ""}
    (told,) = found.malformed
    assert told.startswith("S: ")
    assert why in told
    assert value not in told
    assert "hooks" in told


def test_a_reference_that_was_not_resolved_is_no_secret_and_named() -> None:
    reference = "@Microsoft.KeyVault(SecretUri=https://x.vault.azure.net/secrets/b)"
    found = read("token", reference)
    assert found.usable == {"S": "", "S_NEXT": ""}
    assert (found.malformed, [each.partition(":")[0] for each in found.unresolved]) == ((), ["S"])


def test_a_key_that_we_sign_with_is_looked_at_as_well() -> None:
    updates = {"kind": "generic", "url": "HOOK_URL", "secrets": ["HOOK"]}
    source = {"name": "hooks", "proof": {"method": "entra", "role": "R"}, "mapping": {"whole": "@"}, "updates": updates}
    known = Ticketing.model_validate({"version": "1", "sources": [source]})
    assert read_secrets({"HOOK": GOOD_KEY}, known) == Secrets({"HOOK": GOOD_KEY})
    assert read_secrets({"HOOK": GOOD_TOKEN}, known).malformed


def test_what_the_documents_tell_people_to_make_is_taken() -> None:
    """`openssl rand -hex 32`, a UUID, a password manager's 24 letters; for Standard Webhooks 24 bytes or more."""
    for token in (secrets.token_hex(32), "4f0e1c2d-93b5-4a1e-8e57-2d7cd011db47", secrets.token_urlsafe(24)):
        assert read("token", token).usable["S"] == token


SETTINGS = {
    "AzureWebJobsStorage": "UseDevelopmentStorage=true",
    "AZURE_TENANT_ID": "72f988bf-0000-4000-8000-2d7cd011db47",
    "KEY_VAULT_URL": "https://contoso-registrar.vault.azure.net",
    "ROTATION_SCHEDULE": "0 7 * * * *",
    "POLICY_FILE": str(ROOT / "policy.toml"),
    "TICKETING_FILE": str(ROOT / "ticketing.toml"),
}


async def test_a_start_names_what_is_wrong_in_the_log_and_in_the_health_check(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    reference = "@Microsoft.KeyVault(SecretUri=https://x.vault.azure.net/secrets/b)"
    given = {"SERVICENOW_WEBHOOK_TOKEN": f"{GOOD_TOKEN}\n", "JIRA_WEBHOOK_TOKEN": reference}
    for name, value in (SETTINGS | given).items():
        monkeypatch.setenv(name, value)
    app = bootstrap.get_app.__wrapped__()
    assert not any(app.secrets.usable.values())
    events = [
        (json.loads(each.message)["event"], each.levelname) for each in caplog.records if each.name == "registrar"
    ]
    assert events == [("webhook.secret_malformed", "ERROR"), ("webhook.secret_unresolved", "WARNING")]
    assert await told(monkeypatch, app.secrets) == (
        503,
        {"status": "misconfigured", "error": app.secrets.malformed[0]},
    )
    assert await told(monkeypatch, replace(app.secrets, malformed=())) == (
        200,
        {"status": "ok", "warnings": list(app.secrets.unresolved)},
    )
    assert await told(monkeypatch, Secrets({})) == (200, {"status": "ok"})


async def test_decisions_that_do_not_say_when_are_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """They count for nothing: whoever keeps the ticketing system's flow has to mend it."""
    status, said = await told(monkeypatch, Secrets({}), undated={"servicenow"})
    (warning,) = said["warnings"]
    assert (status, said["status"]) == (200, "ok")
    assert "decisions of servicenow say no decided_at" in warning


async def told(
    monkeypatch: pytest.MonkeyPatch, secrets: Secrets, undated: Iterable[str] = ()
) -> tuple[int, dict[str, Any]]:
    """What the health check says of an app with these secrets, and that has seen such decisions."""
    app: Any = object.__new__(bootstrap.App)
    app.secrets = secrets
    app.decisions, app.webhooks = SimpleNamespace(undated=set(undated)), SimpleNamespace(undated=set())
    monkeypatch.setattr(bootstrap, "get_app", lambda: app)
    call: Any = health
    response = await call._function.get_user_function()(func.HttpRequest("GET", "/api/health", body=b""))
    return response.status_code, json.loads(response.get_body())


def test_the_files_secrets_that_are_passwords_of_accounts_are_as_they_are() -> None:
    shipped = load_ticketing(ROOT / "ticketing.toml")
    found = read_secrets({"SERVICENOW_PASSWORD": "short one", "JIRA_TOKEN": "x"}, shipped)
    assert (found.usable["SERVICENOW_PASSWORD"], found.usable["JIRA_TOKEN"], found.malformed) == ("short one", "x", ())
