"""What stands in the way of a webhook or a replay is told as a problem (RFC 9457), and never why a service refused."""

import json
import logging
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import azure.functions as func
import pytest

from functions import operations, webhooks
from shared import bootstrap
from shared.core.errors import RefusedError, ThrottledError, UnavailableError
from shared.intake.sources import TicketingError
from tests.component.intake.test_webhooks import GOOD, SECRETS, TICKETING
from tests.component.operations.test_replay import failed_world
from tests.fakes.world import World, example
from tests.unit.intake.test_mapping import servicenow


def use(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    registrar = world.registrar
    app = SimpleNamespace(**vars(registrar), webhooks=registrar.webhooks_for(TICKETING, SECRETS, None))
    monkeypatch.setattr(bootstrap, "get_app", lambda: app)


async def call(function: Any, url: str, body: bytes = b"", **route: str) -> func.HttpResponse:
    headers = {"content-type": "application/json", "content-length": str(len(body)), **GOOD}
    query = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    request = func.HttpRequest(method="POST", url=url, headers=headers, params=query, route_params=route, body=body)
    return await function._function.get_user_function()(request)


async def send() -> func.HttpResponse:
    return await call(webhooks.receive_webhook, "/api/webhooks/servicenow", servicenow(), source="servicenow")


async def replay(operation_id: str) -> func.HttpResponse:
    url = f"/api/operations/{operation_id}/replay"
    return await call(operations.replay_operation, url, operationId=operation_id)


def problem(response: func.HttpResponse) -> dict[str, Any]:
    assert (response.mimetype, response.headers["Cache-Control"]) == ("application/problem+json", "no-store")
    told = json.loads(response.get_body())
    assert told["status"] == response.status_code
    return told


async def test_a_queue_that_refuses_is_a_problem_whose_cause_only_the_log_tells(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world = World()
    use(monkeypatch, world)
    caplog.set_level(logging.WARNING, "registrar")
    world.faults.next("queue request", "before", RefusedError("send to the queue: answered 400 QueueNotAsItWas"))
    told = problem(await send())
    assert told["status"] == 500
    assert "log says which service" in told["detail"]
    assert "Queue" not in json.dumps(told)
    assert "QueueNotAsItWas" in caplog.text
    assert "s3cret" not in caplog.text
    assert world.queues.requests == []


async def test_a_queue_that_is_away_is_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    use(monkeypatch, world)
    for error, seconds in ((UnavailableError("away"), "30"), (ThrottledError("busy", timedelta(seconds=7)), "7")):
        world.faults.next("queue request", "before", error)
        response = await send()
        assert (problem(response)["status"], response.headers["Retry-After"]) == (503, seconds)


async def test_a_ticketing_file_that_is_wrong_is_told_without_its_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    def misconfigured() -> Any:
        raise TicketingError("ticketing.toml: sources.0.name: missing")

    monkeypatch.setattr(bootstrap, "get_app", misconfigured)
    for response in (await send(), await replay("0" * 32)):
        told = problem(response)
        assert told["status"] == 503
        assert "sources" not in told["detail"]


async def test_a_failed_request_is_replayed_and_the_answer_names_its_generation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = await failed_world()
    use(monkeypatch, world)
    (operation,) = world.operations.all()
    taken = await replay(operation.id)
    assert (taken.status_code, taken.mimetype) == (202, "application/json")
    assert json.loads(taken.get_body()) == {"operationId": operation.id, "generation": 2}
    await world.settle()
    assert world.queues.answers[-1]["data"]["status"] == "completed"


async def test_all_of_one_reason_are_replayed(monkeypatch: pytest.MonkeyPatch) -> None:
    world = await failed_world()
    use(monkeypatch, world)
    (operation,) = world.operations.all()
    taken = await call(operations.replay_operations, "/api/operations/replay?reason=not_yet_visible")
    assert json.loads(taken.get_body()) == {"replayed": [{"operationId": operation.id, "generation": 2}]}


async def test_what_is_not_to_be_replayed_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    use(monkeypatch, world)
    await world.run(example())
    (operation,) = world.operations.all()
    assert problem(await replay("0" * 32))["status"] == 404
    done = problem(await replay(operation.id))
    assert (done["status"], "completed" in done["detail"]) == (409, True)
    for operation_id in ("x", "0" * 31 + "/", "O" * 32, "0" * 33, "'"):
        (fault,) = problem(await replay(operation_id))["errors"]
        assert (fault["field"], fault["code"]) == ("operationId", "invalid_parameter")
    for query in ("", "?reason=", "?reason=a'b", "?cause=x"):
        told = problem(await call(operations.replay_operations, f"/api/operations/replay{query}"))
        assert (told["status"], [fault["field"] for fault in told["errors"]]) == (400, ["reason"])
    world.faults.next("table read", "before", UnavailableError("away", sent=False))
    assert problem(await replay(operation.id))["status"] == 503
    assert len(world.queues.answers) == 1
