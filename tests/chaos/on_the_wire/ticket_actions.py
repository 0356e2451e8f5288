"""What comes from tickets and goes to them: a webhook, an approval and its decision, the note in the ticket."""

import json
import re
import threading
from collections.abc import Mapping
from typing import Any

import httpx

from devstack.sign_in import user_token
from tests.chaos.on_the_wire.action import Base, request_id, send_in_vain
from tests.chaos.on_the_wire.points import Route
from tests.chaos.on_the_wire.recorded_stack import RecordedStack
from tests.chaos.on_the_wire.stored import value_of
from tests.chaos.on_the_wire.waiting import NotReachedError
from tests.e2e.driver import request

DECISIONS = "approval-decisions"
_ATTEMPT: Route = ("table", "GET backoff")
"""With this call every attempt begins."""


def from_ticket(app: str, **ticket: str) -> dict[str, Any]:
    """A request as ServiceNow's webhook makes it; without a ticket, nobody is told of anything."""
    return request(request_id(app), app) | {"source": "servicenow"} | ticket


class Webhook(Base):
    """A ticketing system sends a request over HTTP."""

    name = "webhook"
    together = 1
    until: Route | None = _ATTEMPT

    def begin(self, stack: RecordedStack, app: str) -> None:
        """Send it, without waiting for the answer: the host may die over it."""
        self._remember(stack, app)
        threading.Thread(target=self._post, args=(stack, app), daemon=True).start()

    def repeat(self, stack: RecordedStack, app: str) -> None:
        """Send it again, as ServiceNow does when nobody answered."""
        answer = self._post(stack, app)
        if answer is None or answer.status_code != 202:
            raise NotReachedError(f"the webhook of {request_id(app)} was answered {answer and answer.status_code}")

    def _remember(self, stack: RecordedStack, app: str) -> None:
        stack.requests.append(request(request_id(app), app) | {"source": "servicenow"})

    def _post(self, stack: RecordedStack, app: str) -> httpx.Response | None:
        asked = request(request_id(app), app)
        redirects = asked["application"]["publicClient"]["redirectUris"]
        body = {
            "number": request_id(app),
            "opened_by": {"email": asked["requestedBy"]},
            "requested_for": {"email": asked["requestedBy"]},
            "variables": {
                "unique_name": app,
                "display_name": asked["application"]["displayName"],
                "public_redirect_uris": "\n".join(redirects),
                "api": "Azure Digital Twins",
                "delegated_permissions": "Read.Write",
                "admin_consent": "true",
                "lifetime_days": "180",
            },
        }
        token = stack.driver.stack.config.webhook_token
        try:
            return stack.functions.post("/api/webhooks/servicenow", json=body, headers={"X-Registrar-Token": token})
        except httpx.TransportError:
            return None


class Await(Base):
    """A request that needs approval comes to wait for it; once it does, its ticket approves."""

    name = "await"
    until: Route | None = ("queue", f"GET {DECISIONS}/messages")

    def __init__(self) -> None:
        self._decided = set[str]()

    def begin(self, stack: RecordedStack, app: str) -> None:
        """Send the request."""
        stack.send(from_ticket(app, ticket=stack.new_ticket()["id"]))

    def is_done(self, stack: RecordedStack, app: str) -> bool:
        """Whether it was answered, after somebody decided when its ticket showed that it waited."""
        row = stack.record(request_id(app))
        if app not in self._decided and row is not None and is_shown(row):
            self._decided.add(app)
            stack.advance(2)
            stack.put(DECISIONS, decision(stack, app))
        return super().is_done(stack, app)


class Decide(Base):
    """A ticket's decision is applied to the request that waits for it."""

    name = "decide"
    until: Route | None = _ATTEMPT

    def lead_up(self, stack: RecordedStack, app: str) -> None:
        """Have the request wait, and its ticket show that."""
        stack.send(from_ticket(app, ticket=stack.new_ticket()["id"]))
        stack.advance(2)
        stack.wait_for_state(request_id(app), "awaiting_approval")
        stack.advance(2)
        what = f"the ticket of {request_id(app)} to show what waits"
        stack.wait_for(lambda: is_shown(stack.record(request_id(app)) or {}), what)
        stack.advance(2)
        stack.wait_until_quiet()

    def begin(self, stack: RecordedStack, app: str) -> None:
        """Put the decision on its queue, as the webhook does."""
        stack.put(DECISIONS, decision(stack, app))


class Approve(Decide):
    """Somebody approves by token what waits for it."""

    name = "approve"
    together = 1

    def begin(self, stack: RecordedStack, app: str) -> None:
        """Approve, without waiting for the answer: the host may die over it."""
        threading.Thread(target=self._post, args=(stack, app), daemon=True).start()

    def repeat(self, stack: RecordedStack, app: str) -> None:
        """Approve again, as somebody does who got no answer: the same decision is one."""
        answer = self._post(stack, app)
        if answer is None or answer.status_code != httpx.codes.OK.value:
            raise NotReachedError(f"the approval of {request_id(app)} was answered {answer and answer.status_code}")

    def _post(self, stack: RecordedStack, app: str) -> httpx.Response | None:
        row = stack.record(request_id(app)) or {}
        binding = re.search(r'"binding":"([0-9a-f]{64})"', "".join(str(row.get(f"value{n}", "")) for n in range(9)))
        token = user_token(stack.driver.stack, "margaret")
        try:
            return stack.functions.post(
                f"/api/requests/{request_id(app)}/approval",
                params={"source": "servicenow"},
                json={"decision": "approve", "binding": binding[1] if binding else ""},
                headers={"Authorization": f"Bearer {token}"},
            )
        except httpx.TransportError:
            return None


class Tell(Base):
    """An answer comes into the ticket that asked: a note, and its state."""

    name = "tell"
    since: Route | None = ("table", "PUT ticketupdates")

    def __init__(self) -> None:
        self._tickets: dict[str, str] = {}

    def lead_up(self, stack: RecordedStack, app: str) -> None:
        """Have a ticket whose request waits."""
        made = stack.new_ticket()
        self._tickets[app] = made["number"]
        send_in_vain(stack, app, from_ticket(app, ticket=made["id"]))

    def begin(self, stack: RecordedStack, app: str) -> None:
        """Let the request go on."""
        stack.advance(8)

    def is_done(self, stack: RecordedStack, app: str) -> bool:
        """Whether the ticket has exactly the note and the state that are due."""
        if not super().is_done(stack, app):
            return False
        ticket = stack.ticket(self._tickets[app])
        if len(ticket["notes"]) > 1:
            raise NotReachedError(f"{ticket['number']} has {len(ticket['notes'])} notes of one answer")
        return len(ticket["notes"]) == 1 and ticket["state"] == "3"


class ChangeForm(Decide):
    """A changed form of a ticket takes the place of what waits for approval; what it shows then is approved."""

    name = "decide-changed"
    until: Route | None = ("queue", f"GET {DECISIONS}/messages")

    def __init__(self) -> None:
        self._decided = set[str]()

    def begin(self, stack: RecordedStack, app: str) -> None:
        """Send the changed form, as the webhook does."""
        before = json.loads(value_of(stack.record(request_id(app)) or {}))["request"]
        stack.prove(before | {"application": before["application"] | {"displayName": f"{app}, changed"}})

    def is_done(self, stack: RecordedStack, app: str) -> bool:
        """Whether the changed form was answered, after somebody decided when the ticket showed it."""
        row = stack.record(request_id(app))
        if row is None or f"{app}, changed" not in value_of(row):
            return False
        if app not in self._decided and is_shown(row):
            self._decided.add(app)
            stack.advance(2)
            stack.put(DECISIONS, decision(stack, app))
        # The form before is answered, too: each operation has an answer of its own.
        return any(answer["data"]["status"] == self.status for answer in stack.answers(self.final(app)))


def is_shown(row: Mapping[str, Any]) -> bool:
    """Whether a request waits, and its ticket shows what for."""
    value = value_of(row)
    return row.get("state") == "awaiting_approval" and '"note_seen_at":"' in value


def decision(stack: RecordedStack, app: str) -> str:
    """What a ticket decided, as the webhook puts it on its queue."""
    waiting = json.loads(value_of(stack.record(request_id(app)) or {}))
    return json.dumps(
        {
            "schemaVersion": "1",
            "source": "servicenow",
            "requestId": request_id(app),
            "decisionId": f"{app}-1",
            "outcome": "approved",
            "ticket": waiting["ticket"],
            "content": waiting["body_hash"],
            "decidedAt": stack.now().isoformat(),
            "decidedBy": "grace@contoso.example",
            "receivedAt": stack.now().isoformat(),
        }
    )
