"""What senders really put on the queue is taken, or refused by its name, with the request that it holds."""

import base64
import gzip
import json
from typing import Any

import pytest

from shared.contract.request import Request
from tests.fakes.world import World, example

PLAIN = json.dumps(example()).encode()
BOM = b"\xef\xbb\xbf"


@pytest.mark.parametrize("body", [BOM + PLAIN, base64.encodebytes(PLAIN), base64.b64encode(BOM + PLAIN)])
async def test_a_request_is_served_whatever_its_sender_put_around_it(body: bytes) -> None:
    world = World()
    assert (await world.run(body))["data"]["status"] == "completed"
    again = await world.run(example())
    assert (again["data"]["status"], len(world.operations.all())) == ("completed", 1)


def _enveloped(**envelope: Any) -> bytes:
    return json.dumps({**envelope, "data": example()}).encode()


@pytest.mark.parametrize(
    ("body", "code", "what"),
    [
        (_enveloped(specversion="1.0", id="1", source="/x", type="y"), "enveloped", "CloudEvents"),
        (_enveloped(id="1", eventType="x", eventTime="y", subject="z"), "enveloped", "Event Grid"),
        (base64.b64encode(gzip.compress(PLAIN, mtime=0)), "invalid_json", "gzip"),
        (PLAIN.decode().encode("utf-16"), "invalid_json", "UTF-16"),
        (json.dumps(PLAIN.decode()).encode(), "invalid_json", "a text rather than an object"),
    ],
)
async def test_what_is_no_request_is_refused_by_its_name_and_answered_under_the_id_it_holds(
    body: bytes, code: str, what: str
) -> None:
    """Seen: an envelope was told field by field what it lacks, and its sender got an answer to no request."""
    world = World()
    data = (await world.run(body))["data"]
    (error,) = data["errors"]
    assert (data["status"], data["requestId"], error["code"]) == ("rejected", example()["requestId"], code)
    assert what in error["message"]
    assert world.operations.all() == []
    assert world.operations.all_claims() == []
    assert (await world.run(example()))["data"]["status"] == "completed"


async def test_an_empty_message_is_answered() -> None:
    data = (await World().run(b" \n"))["data"]
    assert (data["requestId"], data["errors"][0]["message"]) == (
        None,
        "The message is empty. Send one JSON object in UTF-8.",
    )


def _never(_request: Request) -> None:
    """Before there was such a rule."""


async def test_a_recorded_request_of_an_address_that_is_nobodys_is_answered_again_and_a_new_one_is_refused() -> None:
    """A rule that came later is for what is new: a message that repeats a recorded request gets its answer."""
    world = World()
    world.people.allowed = False
    old = example(requestedBy="ada.@contoso.example")
    with pytest.MonkeyPatch.context() as before:
        before.setattr("shared.intake.queue.nobodys_address", _never)
        first = await world.run(old)
    again = await world.run(old)
    assert (first["data"]["status"], again["id"]) == ("completed", first["id"])
    (error,) = (await world.run(old | {"requestId": "R-2"}))["data"]["errors"]
    assert (error["field"], error["code"]) == ("requestedBy", "invalid_format")
    assert "dot stands right before the @" in error["message"]


@pytest.mark.parametrize("name", ["o'brien", "a!b#c^d~e", "ada_fabrikam.com#EXT#"])
async def test_a_person_with_an_unusual_name_owns_what_they_ask_for(name: str) -> None:
    world = World()
    someone = "aaaaaaaa-0000-4000-8000-000000000099"
    world.people.add(someone, f"{name}@contoso.example")
    data = (await world.run(example(requestedBy=f"{name}@contoso.example")))["data"]
    assert (data["status"], data["ownerObjectId"]) == ("completed", someone)


async def test_a_ticket_names_nobody_by_an_address_that_is_nobodys() -> None:
    world = World()
    data = (await world.run(example(source="servicenow", requestedBy="ada.@contoso.example")))["data"]
    assert (data["status"], data["errors"][0]["field"]) == ("rejected", "requestedBy")
    assert world.operations.all_claims() == []
