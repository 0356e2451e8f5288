"""The customer's side of the webhooks: a business rule of ServiceNow, an automation rule of Jira.

When a ticket is made or decided on, an event is kept and posted to the app, a ticket's events in their order.
What ServiceNow's REST step and Jira's "Send web request" do about failures is a setting of each; here the connection
that failed and the answers 429 and 5xx are tried again a few times, anything else is final. Switched off, events are
kept and posted only when asked for.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Literal, NamedTuple

import httpx

from devstack.config import StackConfig
from devstack.doubles.documents import Document
from devstack.doubles.ticketing.counting import count
from devstack.doubles.world import World
from devstack.project import project

EVENTS = "ticketEvents"
"""Events: `{number, source, ticket, body, state, statuses, answer}`, key = number with leading zeros.

`state` is `kept` (the flow was off), `waiting`, `delivered`, `refused` (4xx) or `failed` (tried often enough).
`statuses` has one entry for each try: the answer's status, 0 for a connection that failed.
"""
PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds on the wall clock between tries: enough for a host that starts again."""

type Source = Literal["servicenow", "jira"]


class Address(NamedTuple):
    """Where the app takes events: a URL that may name the `{source}`, and the header for the source's token."""

    url: str
    token_header: str


class Flow:
    """Keeps events and posts them with each source's token, while it is on."""

    def __init__(
        self,
        world: World,
        address: Address,
        tokens: Mapping[Source, str],
        client: httpx.AsyncClient,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        """Made by `flowing`."""
        self.is_on = True
        self._world = world
        self._address = address
        self._tokens = tokens
        self._client = client
        self._pauses = pauses
        self._tasks: set[asyncio.Task[Document]] = set()
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def announce(self, source: Source, ticket: str, body: Document) -> None:
        """Keep an event of a ticket, and have it posted if the flow is on."""
        number = count(self._world, "event")
        state = "waiting" if self.is_on else "kept"
        bare: Document = {"statuses": [], "answer": None}
        self._save({"number": number, "source": source, "ticket": ticket, "body": body, "state": state} | bare)
        if self.is_on:
            self._start(number)

    def events(self) -> list[Document]:
        """All events, the oldest first."""
        return sorted(self._world.primary().all(EVENTS), key=lambda event: event["number"])

    def resume(self) -> None:
        """Go on with what was waiting when the process ended."""
        for event in self.events():
            if event["state"] == "waiting":
                self._start(event["number"])

    async def deliver(self, number: int) -> Document:
        """Post an event now, as often as it takes, whatever became of it before. Raises LookupError for none."""
        event = self._load(number)
        status = await self._post(event)
        for pause in self._pauses:
            if not _is_passing(status):
                break
            self._save(event | {"state": "waiting"})
            await asyncio.sleep(pause)
            status = await self._post(event)
        state = "delivered" if 200 <= status < 300 else "failed" if _is_passing(status) else "refused"
        event["state"] = state
        self._save(event)
        return event

    async def settle(self) -> None:
        """Return when nothing is on its way."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def abandon(self) -> None:
        """Stop trying what is on its way."""
        for task in self._tasks:
            task.cancel()

    async def close(self) -> None:
        """Stop trying; what waits is gone on with by `resume`."""
        self.abandon()
        await self.settle()

    def _start(self, number: int) -> None:
        task = asyncio.create_task(self._in_turn(number))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _in_turn(self, number: int) -> Document:
        async with self._turns[self._load(number)["ticket"]]:
            return await self.deliver(number)

    async def _post(self, event: Document) -> int:
        """The answer's status, 0 for none; both are noted in the event."""
        headers = {self._address.token_header: self._tokens[event["source"]]}
        try:
            answer = await self._client.post(
                self._address.url.format(source=event["source"]), json=event["body"], headers=headers
            )
        except httpx.TransportError:
            event["statuses"].append(0)
            return 0
        event["statuses"].append(answer.status_code)
        event["answer"] = answer.text[:4000]
        return answer.status_code

    def _load(self, number: int) -> Document:
        found = self._world.primary().get(EVENTS, f"{number:08}")
        if found is None:
            raise LookupError(f"there is no event {number}")
        return found

    def _save(self, event: Document) -> None:
        self._world.documents.put(EVENTS, f"{event['number']:08}", event)


def _is_passing(status: int) -> bool:
    """Return whether it may be otherwise soon."""
    return status in (0, 429) or status >= 500


@asynccontextmanager
async def flowing(world: World, config: StackConfig) -> AsyncGenerator[Flow]:
    """The flow to the first host of a stack."""
    tokens: dict[Source, str] = {"servicenow": config.webhook_token, "jira": config.jira_webhook_token}
    # Plain HTTP: reading certificates would only take time. ServiceNow waits 30 s (glide.http.outbound.max_timeout).
    async with httpx.AsyncClient(trust_env=False, verify=False, timeout=30) as client:  # noqa: S501
        settings = project().ticketing
        url = f"http://127.0.0.1:{config.ports.functions}{settings.events_path}"
        flow = Flow(world, Address(url, settings.token_header), tokens, client)
        flow.resume()
        try:
            yield flow
        finally:
            await flow.close()
