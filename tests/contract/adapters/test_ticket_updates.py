"""The ticketing adapters over doubles of ServiceNow, Jira and a receiver of webhooks, on real sockets with real TLS."""

import ssl
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import httpcore
import httpx
import pytest

from devstack.doubles.faults import Fault, FaultKind
from devstack.environment import functions_settings
from shared.adapters.tickets import http as ticket_http
from shared.adapters.tickets.http import TicketHttp, basic, connections
from shared.adapters.tickets.network import GuardedNetwork
from shared.adapters.tickets.targets import build_targets
from shared.core.errors import ForbiddenError, NotShownError, RefusedError, ThrottledError, UnavailableError
from shared.intake.sources import Mapping, Source, Ticketing, TokenProof, load_ticketing
from shared.model.ticket_update import mark_of
from shared.ports import Note, Target
from shared.tickets.addresses import Destination, destination
from shared.tickets.configuration import GenericUpdates
from tests.devstack.doubles.local import Local

FILE = load_ticketing(Path(__file__).parents[3] / "ticketing.toml")
HOOK = Source(
    name="hook",
    proof=TokenProof(method="token", secrets=("S",), header="X-Token"),
    mapping=Mapping(whole="@"),
    updates=GenericUpdates(kind="generic", url="TICKET_HOOK_URL", secrets=("TICKET_HOOK_SECRET",)),
)
TICKETING = Ticketing(version="1", sources=(*FILE.sources, HOOK))


def settings(local: Local) -> dict[str, str]:
    """The settings that ticketing.toml names, its references resolved as the platform does it."""
    known = functions_settings(local.config, local.state)
    names = TICKETING.settings() | TICKETING.plain_settings()
    resolved = {local.config.webhook_reference(name): value for name, value in local.config.webhook_secrets.items()}
    return {name: resolved.get(known.get(name, ""), known.get(name, "")) for name in names}


@pytest.fixture
async def pool(local: Local) -> AsyncGenerator[httpcore.AsyncConnectionPool]:
    async with connections(["localhost"]) as pool:
        yield pool


def built(
    local: Local, pool: httpcore.AsyncConnectionPool, ticketing: Ticketing = TICKETING, **changed: str
) -> dict[str, Target]:
    return build_targets(ticketing, settings(local) | changed, lambda: pool, local.world.clock.now)


@pytest.fixture
def targets(local: Local, pool: httpcore.AsyncConnectionPool) -> dict[str, Target]:
    return built(local, pool)


def control(local: Local, method: str, path: str, body: Any = None) -> Any:
    answer = httpx.request(method, f"{local.control}/ticketing{path}", json=body, trust_env=False)
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


def ticket(local: Local, system: str, **wish: Any) -> dict[str, Any]:
    """A new ticket, which nobody tells the registrar of."""
    control(local, "PUT", "/flow", {"on": False})
    return control(local, "POST", "/tickets", {"system": system, "requestedFor": {"email": "a@contoso.example"}} | wish)


def seen(local: Local, made: dict[str, Any]) -> dict[str, Any]:
    return control(local, "GET", f"/tickets/{made['number']}")


def address(made: dict[str, Any]) -> str:
    return made["id"] if made["system"] == "servicenow" else made["number"]


def note(local: Local, text: str = "The app registration is ready.") -> Note:
    update_id = uuid4().hex
    mark, now = mark_of(update_id), local.world.clock.now()
    event = f'{{"specversion": "1.0", "id": "{update_id}", "data": {{}}}}'
    return Note(update_id, mark, f"{text}\n\n{mark}", event, now)


type System = Literal["servicenow", "jira"]
SYSTEMS = pytest.mark.parametrize("system", ["servicenow", "jira"])


@SYSTEMS
async def test_a_note_is_found_again_once_it_is_written(local: Local, targets: dict[str, Target], system: str) -> None:
    made, other, told = ticket(local, system), ticket(local, system), note(local, "One\nTwo\n\nThree")
    port = targets[system].system
    assert not await port.has_note(address(made), told)
    await port.add_note(address(made), told)
    assert await port.has_note(address(made), told)
    assert not await port.has_note(address(other), told)
    assert not await port.has_note(address(made), note(local))
    (shown,) = seen(local, made)["notes"]
    assert [line for line in shown["text"].splitlines() if line] == ["One", "Two", "Three", told.mark]


async def test_a_comment_of_jira_is_found_by_its_property_and_by_its_mark(
    local: Local, targets: dict[str, Target]
) -> None:
    made, told = ticket(local, "jira"), note(local)
    port = targets["jira"].system
    await port.add_note(address(made), replace(told, text="Somebody edited the text."))
    assert await port.has_note(address(made), told)
    await port.add_note(address(made), replace(told, id="another"))
    assert await port.has_note(address(made), replace(told, id="a third"))


async def test_a_note_is_found_among_many_younger_comments(local: Local, targets: dict[str, Target]) -> None:
    made, told = ticket(local, "jira"), note(local)
    port = targets["jira"].system
    await port.add_note(address(made), told)
    local.world.clock.advance(timedelta(hours=3))
    for _ in range(25):
        await port.add_note(address(made), note(local))
    assert await port.has_note(address(made), told)
    assert not await port.has_note(address(made), note(local))


@SYSTEMS
async def test_a_ticket_is_brought_to_its_state_once(local: Local, targets: dict[str, Target], system: str) -> None:
    made = ticket(local, system)
    if system == "jira":
        by = {"email": "boss@contoso.example"}
        control(local, "POST", f"/tickets/{made['number']}/decision", {"decision": "approved", "by": by})
    local.world.calls.clear()
    for _ in range(2):
        await targets[system].system.set_state(address(made), "completed")
        assert seen(local, made)["state"] == {"servicenow": "3", "jira": "Done"}[system]
    writes = sum(n for (_, label), n in local.world.calls.items() if label.startswith(("PATCH", "POST /rest")))
    assert writes == 1


@SYSTEMS
async def test_a_status_without_a_state_changes_nothing(local: Local, targets: dict[str, Target], system: str) -> None:
    made = ticket(local, system)
    await targets[system].system.set_state(address(made), "awaiting_approval")
    assert seen(local, made)["state"] == made["state"]


async def test_a_transition_that_is_not_offered_is_left_to_people(local: Local, targets: dict[str, Target]) -> None:
    made = ticket(local, "jira")
    await targets["jira"].system.set_state(address(made), "completed")
    assert seen(local, made)["state"] == made["state"]


async def test_code_of_servicenow_is_never_made_of_a_note(local: Local, targets: dict[str, Target]) -> None:
    """The double shows what a browser gets: the text of a note has no markup, for its hostile parts were defused."""
    made = ticket(local, "servicenow")
    await targets["servicenow"].system.add_note(address(made), note(local, "(code)<b>x</b>(/code) <script>"))
    (shown,) = seen(local, made)["notes"]
    assert "<" not in shown["html"]


async def test_a_webhook_carries_the_event_and_its_ticket_signed(local: Local, targets: dict[str, Target]) -> None:
    told = note(local)
    for _ in range(2):
        await targets["hook"].system.add_note("T-1", told)
    assert not await targets["hook"].system.has_note("T-1", told)
    found = next(each for each in control(local, "GET", "/hooks") if each["id"] == told.id)
    assert (found["count"], found["body"]["ticket"], found["body"]["id"]) == (2, "T-1", told.id)
    assert found["headers"]["content-type"] == "application/cloudevents+json"


async def test_a_webhook_is_signed_with_both_secrets_while_one_replaces_the_other(
    local: Local, pool: httpcore.AsyncConnectionPool
) -> None:
    assert HOOK.updates is not None
    updates = HOOK.updates.model_copy(update={"secrets": ("NEXT", "TICKET_HOOK_SECRET")})
    source = HOOK.model_copy(update={"updates": updates})
    both = built(local, pool, Ticketing(version="1", sources=(source,)), NEXT="whsec_bmV4dA==")
    told = note(local)
    await both["hook"].system.add_note("", told)
    found = next(each for each in control(local, "GET", "/hooks") if each["id"] == told.id)
    assert len(found["headers"]["webhook-signature"].split()) == 2
    assert "ticket" not in found["body"]


# --- what goes wrong becomes one error of ours


@SYSTEMS
async def test_a_wrong_password_is_a_matter_of_rights(
    local: Local, pool: httpcore.AsyncConnectionPool, system: str
) -> None:
    wrong = built(local, pool, SERVICENOW_PASSWORD="wrong", JIRA_TOKEN="wrong")
    with pytest.raises(ForbiddenError):
        await wrong[system].system.has_note(address(ticket(local, system)), note(local))


async def test_webhooks_without_a_secret_are_not_sent(local: Local, pool: httpcore.AsyncConnectionPool) -> None:
    with pytest.raises(ForbiddenError):
        await built(local, pool, TICKET_HOOK_SECRET="")["hook"].system.add_note("", note(local))


@SYSTEMS
async def test_a_ticket_that_is_gone_is_refused(local: Local, targets: dict[str, Target], system: str) -> None:
    with pytest.raises(RefusedError, match="404"):
        await targets[system].system.add_note("REG-999999", note(local))


async def test_a_ticket_that_must_not_be_changed_is_a_matter_of_rights(
    local: Local, targets: dict[str, Target]
) -> None:
    made = ticket(local, "servicenow", isLocked=True)
    with pytest.raises(ForbiddenError):
        await targets["servicenow"].system.add_note(address(made), note(local))


async def test_a_note_that_does_not_show_is_told_from_one_that_does(local: Local, targets: dict[str, Target]) -> None:
    """An account that may not read sys_journal_field sees no rows; an empty list says nothing then."""
    made, told = ticket(local, "servicenow"), note(local)
    with pytest.raises(NotShownError):
        await targets["servicenow"].system.add_note(address(made), replace(told, text="the mark is missing"))


@SYSTEMS
async def test_throttling_names_its_pause(local: Local, targets: dict[str, Target], system: System) -> None:
    made = ticket(local, system)
    local.world.faults.add(Fault(service=system, kind=FaultKind.THROTTLE, retry_after=70))
    with pytest.raises(ThrottledError) as failed:
        await targets[system].system.has_note(address(made), note(local))
    assert failed.value.after == timedelta(seconds=70)


@SYSTEMS
async def test_an_answer_that_is_lost_leaves_a_note_that_is_found(
    local: Local, targets: dict[str, Target], system: System
) -> None:
    made, told = ticket(local, system), note(local)
    method = {"servicenow": "PATCH", "jira": "POST"}[system]
    local.world.faults.add(Fault(service=system, kind=FaultKind.LOST_ANSWER, method=method))
    with pytest.raises(UnavailableError):
        await targets[system].system.add_note(address(made), told)
    assert await targets[system].system.has_note(address(made), told)


# --- where nothing is led to


def trap(local: Local, pool: httpcore.AsyncConnectionPool, name: str) -> TicketHttp:
    found = destination(f"{local.config.ticketing_url}/hooks/elsewhere/{name}")
    return TicketHttp(pool, found, "the trap", basic("user", "password"))


async def test_a_redirect_is_an_error_that_names_the_host_and_no_more(
    local: Local, pool: httpcore.AsyncConnectionPool
) -> None:
    with pytest.raises(RefusedError, match=r"169\.254\.169\.254") as failed:
        await trap(local, pool, "redirect").post_bytes(b"{}", {})
    assert "metadata" not in str(failed.value)


async def test_an_answer_without_end_is_cut_off(local: Local, pool: httpcore.AsyncConnectionPool) -> None:
    with pytest.raises(RefusedError, match="more than"):
        await trap(local, pool, "endless").post_bytes(b"{}", {})


async def test_silence_ends_in_time(
    local: Local, pool: httpcore.AsyncConnectionPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticket_http, "_WHOLE_SECONDS", 0.3)
    with pytest.raises(UnavailableError, match="Timeout"):
        await trap(local, pool, "silence").post_bytes(b"{}", {})


async def test_a_host_that_is_not_on_premises_is_not_reached_inside(local: Local) -> None:
    async with connections([]) as pool:
        inside = built(local, pool)
        for system in ("servicenow", "jira"):
            with pytest.raises(RefusedError, match="ON_PREMISES_HOSTS"):
                await inside[system].system.has_note("x", note(local))


async def test_a_certificate_for_another_name_is_not_accepted(local: Local) -> None:
    """The name decides whom TLS asks for, although the address was looked up by us."""

    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    elsewhere = "tickets.contoso.example"
    network = GuardedNetwork([elsewhere], resolve)
    async with httpcore.AsyncConnectionPool(ssl.create_default_context(), network_backend=network) as pool:
        http = TicketHttp(pool, Destination(elsewhere, local.config.ports.ticketing, ""), "somebody")
        with pytest.raises(UnavailableError, match="ConnectError"):
            await http.post_bytes(b"{}", {})


async def test_no_proxy_of_the_environment_is_used(
    local: Local, targets: dict[str, Target], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy would look up names for us, and connect to whatever they lead to."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert not await targets["jira"].system.has_note(address(ticket(local, "jira")), note(local))
