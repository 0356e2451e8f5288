"""The suite: forgers send requests to every kind of source, decisions, and themselves as callers; nobody is heard."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from devstack.project import project
from devstack.services import host_url
from tests.chaos.forgeries.approvers import REQUESTER, Approvers
from tests.chaos.forgeries.senders import TICKETING, Headers, Senders
from tests.chaos.suite import Result, Size
from tests.e2e.driver import Driver, eventually, request
from tests.e2e.test_reading import token
from tests.policies import opened_settings
from tests.stacks import start_stack

_SOURCES = ("standard", "hmac", "token", "entra")
_ROUNDS = {Size.SMALL: 2, Size.FULL: 40}
_WAITING = "waits-for-somebody"
_TICKET = "T-1"
_OK, _ACCEPTED, _UNAUTHORIZED, _FORBIDDEN = 200, 202, 401, 403
_GRACE = "aaaaaaaa-0000-4000-8000-000000000002"


class Forgeries:
    """Every forgery is answered 401 or 403, and nothing comes of it; each source's own message is taken."""

    name = "forgeries"

    def units(self, size: Size) -> Sequence[str]:
        """One unit, with more rounds in full."""
        return [str(size)]

    def run(self, unit: str, folder: Path) -> Result:
        """Send everything to a stack with a source of each kind, and look what there is afterwards."""
        (folder / "ticketing.toml").write_text(TICKETING)
        rules = f"unique_names = ['{_WAITING}']"
        opened = opened_settings(folder, ("unique_names = []", rules))
        placeholder = Senders(lambda: "", lambda: "", lambda: "")
        settings = {"TICKETING_FILE": str(folder / "ticketing.toml")} | opened
        with start_stack(folder / "stack", settings=settings | placeholder.settings(), forked=True) as stack:
            driver = Driver(stack)
            config = stack.config
            senders = Senders(
                bearer=lambda: token(driver, config.clients["approver"]),
                other_bearer=lambda: token(driver, config.clients["reader"]),
                foreign_bearer=lambda: token(driver, config.clients["approver"], "https://graph.microsoft.com"),
                **dict(zip(("standard", "hmac", "token"), placeholder.settings().values(), strict=True)),
            )
            url = host_url(config, "host")
            with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
                approvers = Approvers(stack, senders.bearer())
                return _Round(driver, senders, approvers, client).run(_ROUNDS[Size(unit)])


class _Round:
    def __init__(self, driver: Driver, senders: Senders, approvers: Approvers, client: httpx.Client) -> None:
        self._driver = driver
        self._approvers = approvers
        self._senders = senders
        self._client = client
        self._breaches: list[str] = []
        self._forged = self._accepted = 0
        self._asked: dict[str, Any] = {}

    def run(self, rounds: int) -> Result:
        for source in _SOURCES:
            self._expect_heard(source)
        waiting = self._ask_for_approval()
        for number in range(rounds):
            for source in _SOURCES:
                self._forge(source, number)
        self._forge_decisions(waiting)
        self._pose_as_tickets()
        self._decide_beside_the_point(waiting)
        self._look(waiting)
        self._expect_decided(waiting)
        figures: dict[str, float] = {"forged_requests": self._forged, "forged_requests_accepted": self._accepted}
        return Result(breaches=self._breaches, figures=figures | {"sources": len(_SOURCES)})

    def _expect_heard(self, source: str) -> None:
        """A source's own message is taken, and the same one again leads to the same request: the check can fail."""
        body = _body(f"good-{source}", f"good-{source}")
        answers = [self._post(source, body, self._senders.good(source, body, self._now())) for _ in range(2)]
        if {answer.status_code for answer in answers} != {_ACCEPTED}:
            self._breaches.append(f"{source}'s own message was answered {[each.status_code for each in answers]}")
            return
        answer = self._driver.answer(f"good-{source}")
        if (answer["data"]["status"], answer["data"]["source"]) != ("completed", source):
            self._breaches.append(f"{source}'s own request became {answer['data']}")

    def _ask_for_approval(self) -> dict[str, Any]:
        person = f"{REQUESTER}@{project().tenant.domain}"
        users = {each["userPrincipalName"]: each["id"] for each in self._driver.control("GET", "/users")["users"]}
        known = {"requestedBy": person, "requestedByObjectId": users[person]}
        self._asked = _asked(_WAITING, _WAITING) | known | {"ticket": _TICKET}
        body = json.dumps({"request": self._asked}).encode()
        self._post("token", body, self._senders.good("token", body, self._now()))
        bearer = {"Authorization": f"Bearer {self._senders.other_bearer()}"}
        for _ in range(200):
            self._driver.advance(2)
            told = self._client.get(f"/api/requests/{_WAITING}?source=token", headers=bearer)
            waits = told.status_code == _OK and told.json()["state"] == "awaiting_approval"
            if waits and told.json()["approval"]["shownAt"] is not None:
                return told.json()
        raise TimeoutError("no request came to wait for approval")

    def _forge(self, source: str, number: int) -> None:
        name = f"forged-{source}-{number}"
        body = _body(name, name)
        for what, (headers, sent) in self._senders.forged(source, body, self._now()).items():
            self._judge(f"{what}, to {source}", self._post(source, sent, headers).status_code, {_UNAUTHORIZED})

    def _forge_decisions(self, waiting: dict[str, Any]) -> None:
        told = {"decision": "approved", "requestId": _WAITING, "id": "1", "by": _GRACE}
        body = json.dumps(told).encode()
        for what, (headers, sent) in self._senders.forged("token", body, self._now()).items():
            self._judge(f"a decision: {what}", self._post("token", sent, headers).status_code, {_UNAUTHORIZED})
        for what, (headers, _) in self._senders.forged("entra", b"{}", self._now()).items():
            status = self._decide(waiting, headers)
            self._judge(f"an approver: {what}", status, {_UNAUTHORIZED, _FORBIDDEN})
        for what, bearer in self._approvers.forged(self._now()).items():
            status = self._decide(waiting, {"Authorization": f"Bearer {bearer}"})
            self._judge(f"an approver: {what}", status, {_UNAUTHORIZED, _FORBIDDEN})

    def _pose_as_tickets(self) -> None:
        """Send messages on the public queue that say they are a ticket's, with its address and its very request."""
        for number, source in enumerate((*_SOURCES, "Token")):
            name = f"forged-queue-{number}"
            self._driver.send(_asked(name, name) | {"source": source, "ticket": _TICKET})
            answer = self._driver.answer(name)["data"]
            codes = [error["code"] for error in answer["errors"]]
            self._forged += 1
            if (answer["status"], codes) != ("rejected", ["source_not_proven"]):
                self._accepted += 1
                self._breaches.append(f"a message on the public queue that says it is {source}'s was answered {answer}")
        self._driver.send(self._asked | {"source": "token", "requestedBy": "mallory@contoso.example"})
        self._driver.send(self._asked | {"source": "token"})

    def _decide_beside_the_point(self, waiting: dict[str, Any]) -> None:
        """Have the ticketing system itself send decisions that are not about what its ticket showed: none counts."""
        now, shown = self._now(), datetime.fromisoformat(waiting["approval"]["shownAt"])
        good = {"decision": "approved", "requestId": _WAITING, "by": _GRACE, "ticket": _TICKET, "request": self._asked}
        edited = self._asked | {"application": self._asked["application"] | {"displayName": "Another"}}
        wrong: dict[str, dict[str, Any]] = {
            "another content": {"at": now.isoformat(), "request": edited},
            "no content": {"at": now.isoformat(), "request": None},
            "another ticket": {"at": now.isoformat(), "ticket": "T-2"},
            "no time": {},
            "an old time": {"at": (shown - timedelta(days=1)).isoformat()},
            "the time of the note": {"at": shown.isoformat()},
            "a time to come": {"at": (now + timedelta(hours=1)).isoformat()},
        }
        for what, changes in wrong.items():
            body = json.dumps(good | {"id": what} | changes).encode()
            status = self._post("token", body, self._senders.good("token", body, now)).status_code
            self._judge(f"a decision about {what}", status, {_ACCEPTED})
        eventually(lambda: self._driver.messages("approval-decisions") == [] or None, "the decisions to be taken")

    def _expect_decided(self, waiting: dict[str, Any]) -> None:
        """A person who may decide is heard after all: the checks of those who may not can fail."""
        status = self._decide(waiting, {"Authorization": f"Bearer {self._approvers.good()}"})
        if status != _OK:
            self._breaches.append(f"an approver's own decision was answered {status}")

    def _decide(self, waiting: dict[str, Any], headers: Headers) -> int:
        decided = {"decision": "approve", "binding": waiting["approval"]["binding"]}
        path = f"/api/requests/{_WAITING}/approval?source=token"
        return self._client.post(path, json=decided, headers=dict(headers)).status_code

    def _judge(self, what: str, status: int, refusals: set[int]) -> None:
        self._forged += 1
        if status not in refusals:
            self._accepted += 1
            self._breaches.append(f"{what}: answered {status}")

    def _look(self, waiting: dict[str, Any]) -> None:
        """Nothing was made of any forgery, and what waited waits."""
        self._driver.advance(120)
        names = {app.get("uniqueName") for app in self._driver.graph("/applications?$top=999")["value"]}
        made = sorted(name for name in names if name and name.startswith(("forged-", _WAITING)))
        if made:
            self._breaches.append(f"forgeries made applications: {made}")
        bearer = {"Authorization": f"Bearer {self._senders.other_bearer()}"}
        told = self._client.get(f"/api/requests/{_WAITING}?source=token", headers=bearer).json()
        if told != waiting:
            self._breaches.append(f"what waited for approval is {told['state']}")

    def _post(self, source: str, body: bytes, headers: Any) -> httpx.Response:
        given = {"Content-Type": "application/json", **headers}
        return self._client.post(f"/api/webhooks/{source}", content=body, headers=given)

    def _now(self) -> datetime:
        return datetime.fromisoformat(self._driver.control("GET", "/clock")["now"])


def _asked(request_id: str, unique_name: str) -> dict[str, Any]:
    asked = request(request_id, unique_name)
    return {name: value for name, value in asked.items() if name != "source"}


def _body(request_id: str, unique_name: str) -> bytes:
    return json.dumps({"request": _asked(request_id, unique_name)}).encode()


SUITE = Forgeries()
