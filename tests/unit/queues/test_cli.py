"""The commands: what they say, what they leave alone, and their exit codes."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from queues import cli
from queues.broker import BrokerName
from shared.model.kept import kept_message
from tests.unit.queues.memory import GIVEN_UP, KEPT, WAITING, MemoryBroker

OPERATION = "a" * 32


def failure(operation_id: str = OPERATION, reason: str = "throttled") -> str:
    message = {"schemaVersion": "1", "reason": reason, "operationId": operation_id, "generation": 1, "attempts": 2}
    return json.dumps(message | {"original": {"application": {"uniqueName": "app"}}})


class Brokers(dict[BrokerName, MemoryBroker]):
    """Both brokers, and which were opened."""

    def __init__(self) -> None:
        super().__init__({name: MemoryBroker() for name in BrokerName})
        self.opened: list[BrokerName] = []

    @asynccontextmanager
    async def open(self, _settings: object, name: BrokerName, _credential: object, **_: Any) -> AsyncGenerator[Any]:
        self.opened.append(name)
        yield self[name]


@pytest.fixture
def brokers(monkeypatch: pytest.MonkeyPatch) -> Brokers:
    made = Brokers()
    monkeypatch.setattr(cli, "open_broker", made.open)
    monkeypatch.setenv("MESSAGE_BROKER", "servicebus")
    monkeypatch.setenv("AzureWebJobsStorage__queueServiceUri", "https://x.example")
    monkeypatch.setenv("MessageBus__fullyQualifiedNamespace", "x.servicebus.windows.net")
    monkeypatch.setenv("REGISTRAR_URL", "https://app.example")
    monkeypatch.setenv("REGISTRAR_FUNCTION_KEY", "key-1")
    return made


@pytest.fixture
def bus(brokers: Brokers) -> MemoryBroker:
    return brokers[BrokerName.SERVICEBUS]


@pytest.fixture
def posts(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any, Any]]:
    """What the registrar is asked; it takes everything but what is about `refused`."""
    asked: list[tuple[str, Any, Any]] = []

    def post(url: str, params: Any = None, headers: Any = None, timeout: float = 0) -> httpx.Response:
        asked.append((url, params, headers))
        if "b" * 32 in url:
            problem = {"title": "Conflict", "detail": "It has not failed."}
            return httpx.Response(409, json=problem, headers={"Content-Type": "application/problem+json"})
        if "c" * 32 in url:
            raise httpx.ConnectError("refused")
        return httpx.Response(202, json={"operationId": OPERATION, "generation": 2})

    monkeypatch.setattr(httpx, "post", post)
    return asked


def test_the_list_is_of_the_apps_broker_and_says_if_there_is_more(
    brokers: Brokers, bus: MemoryBroker, capsys: pytest.CaptureFixture[str]
) -> None:
    known = bus.add(KEPT, failure(reason="\x1b[2Jthrottled"))
    bus.more = "only some are shown"
    assert cli.main(["kept", "list"]) == 0
    said = capsys.readouterr()
    assert known in said.out
    assert OPERATION in said.out
    assert "\x1b[2J" not in said.out
    assert said.err.startswith("only some are shown")
    assert cli.main(["kept", "list", "--json", "--all"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["notShown"] is None
    assert told["messages"][0] | {"reason": ""} == {
        "id": known,
        "since": None,
        "reason": "",
        "about": "app",
        "attempts": 2,
        "operationId": OPERATION,
        "generation": 1,
        "updateId": None,
    }
    assert cli.main(["kept", "list", "--broker", "storage"]) == 0
    assert capsys.readouterr().out == "Nothing is kept.\n"
    assert brokers.opened == [BrokerName.SERVICEBUS, BrokerName.SERVICEBUS, BrokerName.STORAGE]


@pytest.mark.parametrize("command", [["kept", "list"], ["given-up"], ["kept", "show", "m1"], ["kept", "replay", "m1"]])
def test_what_cannot_be_read_is_an_error(
    bus: MemoryBroker, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    bus.away = {KEPT.name}
    assert cli.main(command) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "error: the broker could not be read: ServiceRequestError: it is away\n"


def test_one_is_shown_whole_by_its_id_or_its_operations(bus: MemoryBroker, capsys: pytest.CaptureFixture[str]) -> None:
    known = bus.add(KEPT, failure())
    for wanted in (known, OPERATION):
        assert cli.main(["kept", "show", wanted]) == 0
        assert json.loads(capsys.readouterr().out) == json.loads(failure())
    assert cli.main(["kept", "show", "m99"]) == 1
    assert capsys.readouterr().err == "error: nothing of m99 is kept: the list has the ids\n"


def test_exactly_one_is_removed(bus: MemoryBroker, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = bus.add(KEPT, failure()), bus.add(KEPT, failure())
    assert cli.main(["kept", "remove", first]) == 0
    assert [each.id for each in bus.held[KEPT.name]] == [second]
    assert cli.main(["kept", "remove", OPERATION]) == 1
    assert "list them again" in capsys.readouterr().err
    assert len(bus.held[KEPT.name]) == 1


def test_an_operation_is_replayed_by_the_registrar_which_is_asked_with_the_key(
    brokers: Brokers, bus: MemoryBroker, posts: list[tuple[str, Any, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    known = bus.add(KEPT, failure())
    assert cli.main(["kept", "replay", OPERATION]) == 0
    assert brokers.opened == []
    assert json.loads(capsys.readouterr().out) == {"operationId": OPERATION, "generation": 2}
    assert cli.main(["kept", "replay", known]) == 0
    assert cli.main(["kept", "replay", "--reason", "throttled"]) == 0
    key = {"x-functions-key": "key-1"}
    one = (f"https://app.example/api/operations/{OPERATION}/replay", None, key)
    assert posts == [one, one, ("https://app.example/api/operations/replay", {"reason": "throttled"}, key)]
    assert len(bus.held[KEPT.name]) == 1  # the registrar removes it


def test_a_note_is_sent_again_and_then_kept_no_longer(bus: MemoryBroker, posts: list[tuple[str, Any, Any]]) -> None:
    known = bus.add(KEPT, kept_message("ticket_update_failed: x", {"updateId": "d" * 32, "ticket": "T-1"}))
    refused = bus.add(KEPT, kept_message("ticket_update_failed: x", {"updateId": "b" * 32, "ticket": "T-1"}))
    assert cli.main(["kept", "replay", known]) == 0
    assert cli.main(["kept", "replay", refused]) == 1
    assert posts[0][0] == f"https://app.example/api/ticket-updates/{'d' * 32}/replay"
    assert [each.id for each in bus.held[KEPT.name]] == [refused]


def test_what_is_not_replayed_says_why(
    bus: MemoryBroker, posts: list[tuple[str, Any, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    never = bus.add(KEPT, kept_message("given_up_by_host", "no JSON"))
    told = {
        never: f"message {never} never became an operation: have its sender send it again, then remove it",
        "b" * 32: "It has not failed.",
        "c" * 32: "https://app.example does not respond: ConnectError",
        "": "which ones? Give an id of the list or of an operation, or --reason",
    }
    for wanted, why in told.items():
        assert cli.main(["kept", "replay", *([wanted] if wanted else [])]) == 1
        assert capsys.readouterr().err == f"error: {why}\n"
    assert len(bus.held[KEPT.name]) == 1


def test_what_was_given_up_on_is_listed_with_its_reason(bus: MemoryBroker, capsys: pytest.CaptureFixture[str]) -> None:
    bus.add(KEPT, failure())
    mixed, dead = bus.add(KEPT, "no JSON"), bus.add(GIVEN_UP, "{}", reason="MaxDeliveryCountExceeded")
    assert cli.main(["given-up", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["messages"]
    assert [(each["id"], each["place"], each["reason"]) for each in told] == [
        (mixed, "kept", None),
        (dead, "work/dead", "MaxDeliveryCountExceeded"),
    ]
    assert cli.main(["given-up"]) == 0
    assert "MaxDeliveryCountExceeded" in capsys.readouterr().out


def test_a_move_says_what_is_left(brokers: Brokers, bus: MemoryBroker, capsys: pytest.CaptureFixture[str]) -> None:
    storage = brokers[BrokerName.STORAGE]
    storage.add(WAITING, "now")
    move = ["move", "--from", "storage", "--to", "servicebus"]
    assert cli.main(move) == 0
    assert "work: 1 moved, 0 left\n" in capsys.readouterr().out
    assert bus.texts(WAITING) == ["now"]
    storage.delayed = {storage.add(WAITING, "later")}
    assert cli.main(move) == 1
    assert "work: 0 moved, 1 left\n" in capsys.readouterr().out
    storage.away = {"work"}
    assert cli.main([*move, "--json"]) == 2
    (told, *_) = json.loads(capsys.readouterr().out)
    assert told == {"place": "work", "moved": 0, "left": None, "problem": "ServiceRequestError: it is away"}
    assert cli.main(["move", "--from", "storage", "--to", "storage"]) == 1


def test_a_move_that_waits_goes_on_until_nothing_is_left(
    brokers: Brokers, bus: MemoryBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = brokers[BrokerName.STORAGE]
    storage.delayed = {storage.add(WAITING, "later")}
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            storage.delayed = set()

    monkeypatch.setattr("queues.cli.time.sleep", sleep)
    assert cli.main(["move", "--from", "storage", "--to", "servicebus", "--wait", "5"]) == 0
    assert len(pauses) == 3
    assert bus.texts(WAITING) == ["later"]
