"""The receiver of webhooks, over ASGI and, with its traps, over real sockets; and the settings that lead to it."""

import json
import ssl
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from devstack.certificates import Certificates
from devstack.config import StackConfig, StateFolder
from devstack.doubles.faults import Fault, FaultKind
from devstack.doubles.keyvault.store import Store
from devstack.doubles.seed import plant
from devstack.doubles.world import World
from devstack.environment import functions_settings, own_environment
from tests.devstack.doubles.local import Local, doubles
from tests.devstack.doubles.ticketing_systems import Systems

BODY = '{"type": "registrar.request.completed"}'


def signed(systems: Systems, identifier: str = "msg_1", body: str = BODY, secret: str = "") -> dict[str, str]:
    now = systems.world.clock.now()
    signature = Webhook(secret or systems.config.ticketing.hook).sign(identifier, now, body)
    return {
        "webhook-id": identifier,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
        "Content-Type": "application/json",
    }


async def post(systems: Systems, headers: dict[str, str], body: str = BODY) -> int:
    return (await systems.client().post("/hooks/contoso", content=body, headers=headers)).status_code


async def test_a_message_is_kept_once_with_body_and_headers(systems: Systems) -> None:
    headers = signed(systems)
    assert [await post(systems, headers) for _ in range(3)] == [202, 202, 202]
    assert await post(systems, signed(systems, "msg_2", "no json"), "no json") == 202
    first, second = await systems.control("GET", "/hooks")
    assert (first["hook"], first["id"], first["count"]) == ("contoso", "msg_1", 3)
    assert (first["body"], first["text"]) == ({"type": "registrar.request.completed"}, BODY)
    assert first["headers"]["webhook-signature"] == headers["webhook-signature"]
    assert (second["body"], second["text"], second["count"]) == (None, "no json", 1)


async def test_the_clock_is_the_stacks(systems: Systems) -> None:
    old = signed(systems)
    systems.world.clock.advance(timedelta(minutes=4))
    assert await post(systems, old) == 202
    systems.world.clock.advance(timedelta(minutes=2))
    assert await post(systems, old) == 401
    assert await post(systems, signed(systems, "msg_2")) == 202


async def test_what_is_not_proven_is_not_taken(systems: Systems) -> None:
    good = signed(systems)
    wrong = [
        {},
        good | {"webhook-signature": "v1,AAAA"},
        good | {"webhook-signature": good["webhook-signature"].replace("v1,", "v1a,")},
        good | {"webhook-signature": "v1"},
        good | {"webhook-signature": "v1,%"},
        good | {"webhook-id": "msg_2"},
        good | {"webhook-timestamp": "soon"},
        good | {"webhook-timestamp": "9" * 30},
        signed(systems, secret="whsec_" + "A" * 32),
        signed(systems, body="another"),
    ]
    assert [await post(systems, headers) for headers in wrong] == [401] * len(wrong)
    assert await systems.control("GET", "/hooks") == []
    two = f"v1,AAAA {good['webhook-signature']}"
    assert await post(systems, good | {"webhook-signature": two}) == 202


async def test_it_can_be_away_alone(systems: Systems) -> None:
    systems.world.faults.add(Fault(service="webhooks", kind=FaultKind.THROTTLE, retry_after=4))
    systems.world.faults.add(Fault(service="webhooks", kind=FaultKind.LOST_ANSWER))
    answer = await systems.client().post("/hooks/contoso", content=BODY, headers=signed(systems))
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "4")
    with pytest.raises(ConnectionResetError):
        await post(systems, signed(systems))
    assert await post(systems, signed(systems)) == 202
    assert [message["count"] for message in await systems.control("GET", "/hooks")] == [2]
    assert {call.label for call in systems.world.journal.since(0)} == {"POST /hooks/{name}"}


@pytest.mark.parametrize("path", ["/hooks/elsewhere/redirect", "/hooks/elsewhere/redirect/api/now/table/sc_req_item/1"])
async def test_a_redirect_leads_to_the_machine_itself(systems: Systems, path: str) -> None:
    for method in ("GET", "POST", "PATCH"):
        answer = await systems.client().request(method, path)
        assert answer.status_code == 302
        assert answer.headers["location"].startswith("http://169.254.169.254/metadata/")
    assert (await systems.client().get("/")).status_code == 404


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Generator[Local]:
    with doubles(tmp_path_factory.mktemp("state")) as running:
        yield running


@pytest.fixture
def client(local: Local) -> Generator[httpx.Client]:
    trust = ssl.create_default_context(cafile=Certificates(StateFolder(local.state).certificates).ca)
    with httpx.Client(verify=trust, trust_env=False, timeout=20, base_url=local.config.ticketing_url) as client:
        yield client


def test_an_answer_may_have_no_end(client: httpx.Client) -> None:
    taken = 0
    with client.stream("POST", "/hooks/elsewhere/endless") as answer:
        assert answer.headers["content-type"] == "application/json"
        for chunk in answer.iter_bytes():
            taken += len(chunk)
            if taken > 4_000_000:
                break
    assert taken > 4_000_000


def test_an_answer_may_never_come(client: httpx.Client) -> None:
    with pytest.raises(httpx.ReadTimeout):
        client.post("/hooks/elsewhere/silence", timeout=httpx.Timeout(20, read=0.3))


def test_it_is_reached_under_its_own_port_and_controlled(client: httpx.Client, local: Local) -> None:
    known, control = local.config.ticketing, httpx.Client(base_url=local.control, trust_env=False)
    paths = {entry["path"] for entry in control.get("/").json()["endpoints"]}
    assert {"/ticketing", "/ticketing/tickets/{number}/decision", "/ticketing/flow"} <= paths
    control.put("/ticketing/flow", json={"on": False})
    wish = {"system": "servicenow", "requestedFor": {"email": "ada@contoso.onmicrosoft.com"}}
    made = control.post("/ticketing/tickets", json=wish).json()
    url, auth = f"/api/now/table/sc_req_item/{made['id']}", (known.servicenow_user, known.servicenow_password)
    answer = client.patch(url, json={"work_notes": "by TLS"}, auth=auth)
    assert answer.status_code == 200
    assert "date" in answer.headers
    seen = control.get(f"/ticketing/tickets/{made['number']}").json()
    assert [note["text"] for note in seen["notes"]] == ["by TLS"]
    assert control.post("/reset").status_code == 204
    assert control.get("/ticketing").json() == {"tickets": [], "events": [], "hooks": []}
    assert control.get("/ticketing/flow").json() == {"on": True}
    control.close()


def test_the_settings_lead_there(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    config = local.config
    settings = functions_settings(config, local.state)
    assert settings["SERVICENOW_URL"] == settings["JIRA_URL"] == f"https://localhost:{config.ports.ticketing}"
    assert settings["TICKET_HOOK_URL"] == f"{config.ticketing_url}/hooks/contoso"
    assert settings["SERVICENOW_USER"] == config.ticketing.servicenow_user
    assert (settings["JIRA_USER"], settings["ON_PREMISES_HOSTS"]) == (config.ticketing.jira_user, "localhost")
    own = [name for name in settings if name.startswith(("SERVICENOW_", "JIRA_", "TICKET_HOOK_", "ON_PREMISES"))]
    assert len(own) == 11
    for name in own:
        monkeypatch.setenv(name, "somebody else's")
    assert not set(own) & own_environment().keys()
    with pytest.raises(KeyError):
        config.webhook_reference("no-such-secret")


def test_every_reference_has_its_secret_also_in_an_older_world(planted: World, config: StackConfig) -> None:
    assert {name: secret(planted, config, name) for name in config.webhook_secrets} == config.webhook_secrets
    for name in ("jira-token", "servicenow-webhook-token"):
        planted.documents.delete("vaultSecrets", f"{config.webhook_vault_name}/{name}")
    plant(planted, config)
    assert {name: secret(planted, config, name) for name in config.webhook_secrets} == config.webhook_secrets
    kept = Store(planted, vault(planted, config), "Secret").live("jira-webhook-token")
    assert len(kept["versions"]) == 1


def vault(world: World, config: StackConfig) -> dict[str, Any]:
    return world.primary().get("vaults", config.webhook_vault_name) or {}


def secret(world: World, config: StackConfig, name: str) -> str:
    return Store(world, vault(world, config), "Secret").live(name)["versions"][-1]["value"]


def test_an_older_configuration_gets_its_port_at_the_next_start(tmp_path: Path) -> None:
    before = StackConfig.prepare(tmp_path)
    file = StateFolder(tmp_path).config
    older = json.loads(file.read_text())
    del older["ports"]["ticketing"], older["ticketing"]
    file.write_text(json.dumps(older))
    after = StackConfig.prepare(tmp_path)
    assert after.ports.ticketing > 0
    assert after.ports.model_dump() | {"ticketing": 0} == before.ports.model_dump() | {"ticketing": 0}
