"""The ticketing systems over a world, in the same process, and a registrar that listens to their events."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from devstack.config import StackConfig
from devstack.doubles.control.app import create as create_control
from devstack.doubles.ticketing import app, control
from devstack.doubles.ticketing.flow import Address, Flow, Source
from devstack.doubles.world import World
from devstack.project import project


@dataclass
class Registrar:
    """Notes what is posted to it; answers the scripted statuses first (0 kills the connection), then 202."""

    script: list[int] = field(default_factory=list[int])
    requests: list[httpx.Request] = field(default_factory=list[httpx.Request])
    bodies: list[Any] = field(default_factory=list[Any])

    def answer(self, request: httpx.Request) -> httpx.Response:
        """One call."""
        status = self.script.pop(0) if self.script else 202
        if not status:
            raise httpx.ConnectError("refused")
        self.requests.append(request)
        self.bodies.append(httpx.Response(200, content=request.content).json())
        return httpx.Response(status, json={"requestId": "x"})


class Systems:
    """ServiceNow, Jira, the receiver of webhooks and their control plane, with the registrar's own sign-ins."""

    def __init__(self, world: World, config: StackConfig, pauses: Sequence[float] = (0.001, 0.001)) -> None:
        self.world = world
        self.config = config
        self.registrar = Registrar()
        tokens: dict[Source, str] = {"servicenow": config.webhook_token, "jira": config.jira_webhook_token}
        listening = httpx.AsyncClient(transport=httpx.MockTransport(self.registrar.answer))
        known = project().ticketing
        address = Address(f"http://registrar{known.events_path}", known.token_header)
        self.flow = Flow(world, address, tokens, listening, pauses)
        self.ticketing = app.build(world, self.flow, known.jira)
        self._systems = httpx.ASGITransport(app.create(self.ticketing, config))
        plane = create_control(world, lambda: None, control.routes(self.ticketing))
        self._plane = httpx.AsyncClient(transport=httpx.ASGITransport(plane), base_url="http://127.0.0.1")
        accounts = config.ticketing
        self.servicenow = self.client((accounts.servicenow_user, accounts.servicenow_password))
        self.jira = self.client((accounts.jira_user, accounts.jira_token))

    def client(self, auth: tuple[str, str] | None = None) -> httpx.AsyncClient:
        """Somebody with that user and password, or nobody."""
        return httpx.AsyncClient(transport=self._systems, base_url="https://localhost", auth=auth)

    async def control(self, method: str, path: str, body: Any = None) -> Any:
        """A call to the control plane that must succeed."""
        answer = await self._plane.request(method, f"/ticketing{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def refused(self, method: str, path: str, body: Any = None) -> int:
        """The status of a call to the control plane that must not succeed."""
        answer = await self._plane.request(method, f"/ticketing{path}", json=body)
        assert answer.is_error, answer.text
        return answer.status_code

    async def ticket(self, system: str = "servicenow", **wish: Any) -> dict[str, Any]:
        """A new ticket of Ada's."""
        asker = {"email": "ada@contoso.onmicrosoft.com"}
        return await self.control("POST", "/tickets", {"system": system, "requestedFor": asker} | wish)
