"""The ticketing systems as one ASGI application: the path says which one is meant."""

from dataclasses import dataclass

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from devstack.config import StackConfig
from devstack.doubles.dispatch import dated
from devstack.doubles.ticketing.flow import Flow
from devstack.doubles.ticketing.jira import app as jira
from devstack.doubles.ticketing.jira.store import Issues
from devstack.doubles.ticketing.servicenow import app as servicenow
from devstack.doubles.ticketing.servicenow.store import Tickets
from devstack.doubles.ticketing.webhooks import app as webhooks
from devstack.doubles.world import World
from devstack.project import JiraProject


@dataclass(frozen=True)
class Ticketing:
    """What the APIs and the control plane share."""

    world: World
    flow: Flow
    tickets: Tickets
    issues: Issues


def build(world: World, flow: Flow, jira_project: JiraProject) -> Ticketing:
    """The ticketing systems of one world, whose events go to `flow`."""
    return Ticketing(world, flow, Tickets(world, flow), Issues(world, flow, jira_project))


def create(ticketing: Ticketing, config: StackConfig) -> ASGIApp:
    """The double, each system exposed to the world's weather and to faults of its own."""
    world = ticketing.world
    apps: dict[str, ASGIApp] = {
        "/api/now/": servicenow.create(world, config, ticketing.tickets),
        "/rest/api/3/": jira.create(world, config, ticketing.issues),
        "/hooks/": webhooks.create(world, config),
    }
    nothing = PlainTextResponse("No ticketing system of the local stack is here.\n", status_code=404)

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        app = next((app for prefix, app in apps.items() if scope["path"].startswith(prefix)), nothing)
        await app(scope, receive, send)

    return dated(dispatch, world.clock)
