"""A request that needs approval, on the whole stack: decided in its ticket, or by somebody with a token."""

import json
from collections import Counter
from typing import Any

import httpx
import jwt
import pytest

from devstack.services import host_url
from devstack.sign_in import user_token
from tests.chaos.forgeries.approvers import Approvers
from tests.e2e.driver import Driver, eventually, request
from tests.e2e.test_audit import table
from tests.e2e.test_reading import now, read, token

pytestmark = pytest.mark.e2e

ADA, GRACE = "ada@contoso.onmicrosoft.com", "grace@contoso.onmicrosoft.com"
RADIA, ALAN, MARGARET, BARBARA = (
    f"{name}@contoso.onmicrosoft.com" for name in ("radia", "alan", "margaret", "barbara")
)


def open_ticket(
    driver: Driver, unique_name: str, system: str = "servicenow", who: str = ADA, opened_by: str | None = None
) -> str:
    """Fill in the form; the ticketing system tells the registrar. Returns the ticket's number."""
    forms: dict[str, dict[str, Any]] = {
        "servicenow": {"unique_name": unique_name, "display_name": "Approved", "lifetime_days": "90"},
        "jira": {"uniqueName": unique_name, "displayName": "Approved", "lifetimeDays": "90"},
    }
    wish = {
        "system": system,
        "requestedFor": {"email": who},
        "openedBy": {"email": opened_by or who},
        "variables": forms[system],
        "summary": "Approved",
    }
    return driver.control("POST", "/ticketing/tickets", wish)["number"]


def decide(driver: Driver, number: str, decision: str, who: str = GRACE) -> None:
    """Decide in the ticket, a while after it shows what waits; the ticketing system tells the registrar."""
    source = "servicenow" if number.startswith("RITM") else "jira"

    def is_shown() -> bool | None:
        approval = status(driver, number, source).get("approval")
        return (approval is None or approval["shownAt"] is not None) or None

    eventually(is_shown, f"the note in {number} to be seen")
    driver.advance(2)
    driver.control("POST", f"/ticketing/tickets/{number}/decision", {"decision": decision, "by": {"email": who}})


def status(driver: Driver, number: str, source: str = "servicenow") -> dict[str, Any]:
    answer = read(driver, f"/api/requests/{number}?source={source}")
    return answer.json() if answer.status_code == 200 else {"state": str(answer.status_code)}


def wait_for(driver: Driver, number: str, state: str, source: str = "servicenow") -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        told = status(driver, number, source)
        if told["state"] != state:
            driver.advance(20)
        return told if told["state"] == state else None

    return eventually(look, f"{number} to be {state}")


def notes(driver: Driver, number: str, count: int) -> list[str]:
    """What the ticket was told, once there are so many notes."""

    def look() -> list[str] | None:
        found = [note["text"] for note in driver.control("GET", f"/ticketing/tickets/{number}")["notes"]]
        return found if len(found) >= count else None

    return eventually(look, f"{count} notes in {number}")


def post(driver: Driver, number: str, body: object, bearer: str | None, **headers: str) -> httpx.Response:
    url = f"{host_url(driver.stack.config, 'host')}/api/requests/{number}/approval?source=servicenow"
    given = {"Authorization": f"Bearer {bearer}"} if bearer is not None else {}
    return httpx.post(url, json=body, headers=given | headers, trust_env=False, timeout=30)


@pytest.mark.parametrize("system", ["servicenow", "jira"])
def test_what_needs_approval_is_made_once_its_ticket_says_so(driver: Driver, system: str) -> None:
    name = f"approved-in-{system}"
    number = open_ticket(driver, name, system)
    told = wait_for(driver, number, "awaiting_approval", system)
    assert [reason["code"] for reason in told["approval"]["reasons"]] == ["name_needs_approval"]
    assert driver.applications(name) == []
    (waits,) = notes(driver, number, 1)
    assert "waits for an approval" in waits
    assert "needs approval" in waits
    decide(driver, number, "approved")
    done = wait_for(driver, number, "completed", system)
    assert done["approval"]["decision"]["way"] == "ticket"
    assert driver.sign_in(done["answer"]["data"]["clientId"], driver.stored(name))
    assert done["answer"]["data"]["clientId"] in notes(driver, number, 2)[-1]


def test_what_its_ticket_refuses_is_answered_and_never_made(driver: Driver) -> None:
    number = open_ticket(driver, "approved-never")
    wait_for(driver, number, "awaiting_approval")
    decide(driver, number, "rejected")
    told = wait_for(driver, number, "rejected")
    assert [error["code"] for error in told["answer"]["data"]["errors"]] == ["approval_refused"]
    assert "An approver refused" in notes(driver, number, 2)[-1]
    assert driver.applications("approved-never") == []


def test_whoever_asked_does_not_decide_in_the_ticket(driver: Driver) -> None:
    number = open_ticket(driver, "approved-by-oneself")
    wait_for(driver, number, "awaiting_approval")
    decide(driver, number, "approved", who=ADA)
    eventually(lambda: driver.messages("approval-decisions") == [] or None, "the decision to be taken off its queue")
    driver.advance(120)
    assert status(driver, number)["state"] == "awaiting_approval"
    assert driver.applications("approved-by-oneself") == []


def test_an_approver_decides_by_token_about_what_they_saw(driver: Driver) -> None:
    number = open_ticket(driver, "approved-by-token")
    binding = wait_for(driver, number, "awaiting_approval")["approval"]["binding"]
    approver, body = user_token(driver.stack, "margaret"), {"decision": "approve", "binding": binding}
    assert post(driver, number, body | {"binding": "0" * 64}, approver).status_code == 409
    assert post(driver, number, {"decision": "perhaps"}, approver).status_code == 400
    assert post(driver, "RITM404", body, approver).status_code == 404
    decided = post(driver, number, body, approver)
    assert decided.status_code == 200, decided.text
    done = wait_for(driver, number, "completed")
    oid = jwt.decode(approver, options={"verify_signature": False})["oid"]
    assert done["approval"]["decision"]["decidedByObjectId"] == oid
    assert post(driver, number, body, approver).status_code == 200
    assert post(driver, number, body | {"decision": "refuse"}, approver).status_code == 409


def test_whom_an_app_is_for_approves_nothing_about_it_neither_by_token_nor_in_the_ticket(driver: Driver) -> None:
    number = open_ticket(driver, "approved-for-oneself", who=MARGARET, opened_by=ADA)
    binding = wait_for(driver, number, "awaiting_approval")["approval"]["binding"]
    notes(driver, number, 1)
    body = {"decision": "approve", "binding": binding}
    refused = post(driver, number, body, user_token(driver.stack, "margaret"))
    assert (refused.status_code, refused.json()["detail"]) == (
        403,
        "Nobody can approve or refuse their own request. Ask somebody else to decide.",
    )
    decide(driver, number, "approved", who=MARGARET)
    # Off the queue is also what is just being worked on: the audit record tells when it was refused.
    both = Counter({(person(driver, MARGARET), "own_request"): 2})
    eventually(lambda: refusals(driver, number) == both or None, "both attempts to be recorded")
    driver.advance(120)
    assert refusals(driver, number) == both
    assert status(driver, number)["state"] == "awaiting_approval"
    assert driver.applications("approved-for-oneself") == []
    assert post(driver, number, body, user_token(driver.stack, "radia")).status_code == 200
    wait_for(driver, number, "completed")


def test_an_alias_of_whoever_asked_approves_nothing(driver: Driver) -> None:
    number = open_ticket(driver, "approved-by-an-alias", who=BARBARA)
    wait_for(driver, number, "awaiting_approval")
    notes(driver, number, 1)
    decide(driver, number, "approved", who="b.liskov@contoso.example")
    eventually(lambda: refusals(driver, number) == Counter({("", "person_unknown"): 1}) or None, "the refusal")
    assert status(driver, number)["state"] == "awaiting_approval"
    assert driver.applications("approved-by-an-alias") == []


def test_no_header_and_no_other_token_decides(driver: Driver) -> None:
    number = open_ticket(driver, "approved-forged", who=RADIA)
    binding = wait_for(driver, number, "awaiting_approval")["approval"]["binding"]
    config, body = driver.stack.config, {"decision": "approve", "binding": binding}
    good = user_token(driver.stack, "margaret")
    crafted = Approvers(driver.stack, token(driver, config.clients["approver"])).forged(now(driver))
    head, payload, signature = good.split(".")
    swapped = f"{head}.{payload}.{signature[::-1]}"
    principal = {"X-MS-CLIENT-PRINCIPAL": "e30=", "X-MS-CLIENT-PRINCIPAL-ID": config.clients["approver"].object_id}
    answers = {what: post(driver, number, body, bearer).status_code for what, bearer in crafted.items()} | {
        "none": post(driver, number, body, None).status_code,
        "a principal header": post(driver, number, body, None, **principal).status_code,
        "another signature": post(driver, number, body, swapped).status_code,
        "for Graph": post(
            driver, number, body, token(driver, config.clients["approver"], "https://graph.microsoft.com")
        ).status_code,
        "a reader": post(driver, number, body, token(driver, config.clients["reader"])).status_code,
        "a webhook's": post(driver, number, body, None, **{"X-Registrar-Token": config.webhook_token}).status_code,
    }
    allowed_nothing = ("a reader", "an app with the role", "a person without the role", "a scope of another API")
    unclear = ("a kind of token that nobody knows", "the requester")
    assert answers == dict.fromkeys(answers, 401) | dict.fromkeys((*allowed_nothing, *unclear), 403)
    driver.advance(120)
    assert status(driver, number)["state"] == "awaiting_approval"
    assert driver.applications("approved-forged") == []
    # However often somebody tries, it is told of once.
    assert post(driver, number, body, crafted["the requester"]).status_code == 403
    assert refusals(driver, number) == Counter(
        {
            (person(driver, RADIA), "own_request"): 1,
            (person(driver, ALAN), "no_approver"): 1,
            (config.clients["reader"].object_id, "no_approver"): 1,
            (config.clients["approver"].object_id, "no_persons_token"): 1,
            (person(driver, MARGARET), "no_persons_token"): 1,
        }
    )


def refusals(driver: Driver, number: str) -> Counter[tuple[str, str]]:
    """Who tried in vain to decide about a request, and why it did not count, as the audit record has it."""
    found: list[dict[str, Any]] = []
    for name, query in (("audit", "PartitionKey eq 'chain'"), ("auditoutbox", "")):
        for row in table(driver, name).query_entities(query):
            text = "".join(str(row.get(f"value{part}", "")) for part in range(8))
            if '"decision_refused"' in text:
                found.append(json.loads(text))
    told = {each["id"]: each for each in found if each["what"]["requestId"] == number}
    return Counter((each["who"].get("decidedByObjectId", ""), each["what"]["code"]) for each in told.values())


def person(driver: Driver, name: str) -> str:
    """The object id of somebody of the tenant."""
    users = driver.control("GET", "/users")["users"]
    return next(user["id"] for user in users if user["userPrincipalName"] == name)


@pytest.mark.parametrize("system", ["servicenow", "jira"])
def test_a_decision_from_before_the_note_is_used_up_and_the_next_one_counts(driver: Driver, system: str) -> None:
    driver.control("PUT", "/ticketing/flow", {"on": False})
    try:
        number = open_ticket(driver, f"approved-early-in-{system}", system)
        decide(driver, number, "approved")
        asked, decided = [
            event["number"] for event in driver.control("GET", "/ticketing/events") if event["ticket"] == number
        ]
        for event in (decided, decided, asked, decided):
            assert driver.control("POST", f"/ticketing/events/{event}/delivery")["state"] == "delivered"
            driver.advance(20)
    finally:
        driver.control("PUT", "/ticketing/flow", {"on": True})
    wait_for(driver, number, "awaiting_approval", system)
    assert "decide again" in notes_until(driver, number, "decide again")
    driver.control("POST", f"/ticketing/tickets/{number}/reopening", {"by": {"email": GRACE}})
    decide(driver, number, "approved")
    done = wait_for(driver, number, "completed", system)
    assert done["approval"]["decision"]["way"] == "ticket"
    assert len(driver.applications(f"approved-early-in-{system}")) == 1


def notes_until(driver: Driver, number: str, text: str) -> str:
    """The ticket's notes, once one of them says this."""

    def look() -> str | None:
        told = "\n".join(note["text"] for note in driver.control("GET", f"/ticketing/tickets/{number}")["notes"])
        if text not in told:
            driver.advance(20)
        return told if text in told else None

    return eventually(look, f"{text!r} in {number}")


def test_a_form_that_is_edited_down_has_what_it_shows_approved(driver: Driver) -> None:
    """Seen: the second form was refused, and what the first one had asked for was granted."""
    number = open_ticket(driver, "approved-edited")
    much = {"unique_name": "approved-edited", "display_name": "Much", "lifetime_days": "180"}
    wait_for(driver, number, "awaiting_approval")
    driver.advance(2)
    driver.control("PUT", f"/ticketing/tickets/{number}/form", {"variables": much | {"display_name": "Less"}})
    assert "replaces an earlier form" in notes_until(driver, number, "replaces an earlier form")
    decide(driver, number, "approved")
    done = wait_for(driver, number, "completed")
    assert done["answer"]["data"]["displayName"] == "Less"
    assert [app["displayName"] for app in driver.applications("approved-edited")] == ["Less"]


def test_a_message_that_says_it_is_the_next_ticket_gets_nothing_of_its_approval(driver: Driver) -> None:
    """Seen: the ticket was refused as reused, and the sender's app got what the ticket was approved for."""
    forged = request("RITM0066666", "approved-attackers") | {"source": "servicenow", "ticket": "0" * 32}
    driver.send(forged)
    answer = driver.answer("RITM0066666")
    assert [error["code"] for error in answer["data"]["errors"]] == ["source_not_proven"]
    wish = {
        "system": "servicenow",
        "requestedFor": {"email": ADA},
        "variables": {"unique_name": "approved-harmless", "display_name": "Harmless", "lifetime_days": "90"},
        "number": "RITM0066666",
    }
    assert driver.control("POST", "/ticketing/tickets", wish)["number"] == "RITM0066666"
    told = wait_for(driver, "RITM0066666", "awaiting_approval")
    assert (told["uniqueName"], told["channel"]) == ("approved-harmless", "webhook")
    decide(driver, "RITM0066666", "approved")
    wait_for(driver, "RITM0066666", "completed")
    assert driver.applications("approved-attackers") == []
