"""What the control plane can do with the ticketing systems: be the customer's people, look, and hold events back."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic.alias_generators import to_camel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from devstack.doubles.documents import Document
from devstack.doubles.ticketing.app import Ticketing
from devstack.doubles.ticketing.flow import EVENTS
from devstack.doubles.ticketing.jira.rules import plain_text
from devstack.doubles.ticketing.jira.store import COMMENTS, ISSUES
from devstack.doubles.ticketing.people import person
from devstack.doubles.ticketing.servicenow import journal
from devstack.doubles.ticketing.servicenow.store import TICKETS
from devstack.doubles.ticketing.webhooks import store as hooks

_NUMBER: TypeAdapter[int] = TypeAdapter(Annotated[int, Field(ge=1)])


class _Body(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)


class PersonBody(_Body):
    """A person; the object id is the tenant's own where none is given."""

    email: str
    object_id: str | None = None


class TicketBody(_Body):
    """A new ticket. `variables` are the form's: ServiceNow's catalog item, or Jira's fields by their names in events.

    `opened_by` is who fills in the form, when not whom it is for. `number` (an issue's key) is the next one where none
    is given. ServiceNow refuses to change a locked ticket.
    """

    system: Literal["servicenow", "jira"]
    requested_for: PersonBody
    opened_by: PersonBody | None = None
    variables: dict[str, Any] = {}
    summary: str = ""
    number: str | None = None
    is_locked: bool = False


class DecisionBody(_Body):
    """What is decided on a ticket, and by whom."""

    decision: Literal["approved", "rejected"]
    by: PersonBody


class ReopenBody(_Body):
    """Who wants a ticket decided on once more."""

    by: PersonBody


class FormBody(_Body):
    """What a ticket's form says from now on."""

    variables: dict[str, Any]


class FlowBody(_Body):
    """Whether events are posted by themselves."""

    on: bool


def routes(ticketing: Ticketing) -> list[Route]:
    """The routes below `/ticketing`."""
    control = _Control(ticketing)
    return [
        Route("/ticketing", control.all),
        Route("/ticketing", control.clear, methods=["DELETE"]),
        Route("/ticketing/tickets", control.create, methods=["POST"]),
        Route("/ticketing/tickets/{number}", control.ticket),
        Route("/ticketing/tickets/{number}/decision", control.decide, methods=["POST"]),
        Route("/ticketing/tickets/{number}/reopening", control.reopen, methods=["POST"]),
        Route("/ticketing/tickets/{number}/form", control.edit, methods=["PUT"]),
        Route("/ticketing/flow", control.flow),
        Route("/ticketing/flow", control.switch_flow, methods=["PUT"]),
        Route("/ticketing/events", control.events),
        Route("/ticketing/events/{number}/delivery", control.deliver, methods=["POST"]),
        Route("/ticketing/hooks", control.hooks),
    ]


class _Control:
    def __init__(self, ticketing: Ticketing) -> None:
        self._ticketing = ticketing
        self._world = ticketing.world

    async def all(self, _request: Request) -> Response:
        """Everything that the ticketing systems and the receiver of webhooks have."""
        items = [self._item(kept) for kept in self._ticketing.tickets.all()]
        issues = [self._issue(kept) for kept in self._ticketing.issues.all()]
        events, messages = self._ticketing.flow.events(), hooks.messages(self._world)
        return JSONResponse({"tickets": [*items, *issues], "events": events, "hooks": messages})

    async def clear(self, _request: Request) -> Response:
        """Forget tickets, events and messages; numbers go on, so that no ticket is taken for an old one."""
        self._ticketing.flow.abandon()
        for collection in (TICKETS, journal.JOURNAL, ISSUES, COMMENTS, EVENTS, hooks.MESSAGES):
            for key in self._world.primary().keys(collection):
                self._world.documents.delete(collection, key)
        return Response(status_code=204)

    async def create(self, request: Request) -> Response:
        """Make a ticket, as a person who fills in the form."""
        body = TicketBody.model_validate_json(await request.body())
        asker = person(self._world, body.requested_for.email, body.requested_for.object_id)
        opener = body.opened_by
        opened_by = person(self._world, opener.email, opener.object_id) if opener is not None else None
        if body.system == "jira":
            made = self._ticketing.issues.create(
                asker, body.summary, body.variables, creator=opened_by, key=body.number
            )
            return JSONResponse(self._issue(made), 201)
        made = self._ticketing.tickets.create(
            asker,
            body.variables,
            opened_by=opened_by,
            description=body.summary,
            number=body.number,
            is_locked=body.is_locked,
        )
        return JSONResponse(self._item(made), 201)

    async def ticket(self, request: Request) -> Response:
        """One ticket, by its number or key, with its notes, the oldest first."""
        return JSONResponse(self._found(request.path_params["number"]))

    async def decide(self, request: Request) -> Response:
        """Approve or reject a ticket, as an approver."""
        body = DecisionBody.model_validate_json(await request.body())
        by, number = person(self._world, body.by.email, body.by.object_id), request.path_params["number"]
        if (item := self._ticketing.tickets.find(number)) is not None:
            self._ticketing.tickets.decide(item, body.decision, by)
        elif (issue := self._ticketing.issues.find(number)) is not None:
            self._ticketing.issues.decide(issue, body.decision, by)
        return JSONResponse(self._found(number))

    async def reopen(self, request: Request) -> Response:
        """Have a ticket decided on once more."""
        body, number = ReopenBody.model_validate_json(await request.body()), request.path_params["number"]
        if (item := self._ticketing.tickets.find(number)) is not None:
            self._ticketing.tickets.reopen(item)
        elif (issue := self._ticketing.issues.find(number)) is not None:
            by = person(self._world, body.by.email, body.by.object_id)
            self._ticketing.issues.reopen(issue, by)
        return JSONResponse(self._found(number))

    async def edit(self, request: Request) -> Response:
        """Change a ticket's form, as its requester."""
        body, number = FormBody.model_validate_json(await request.body()), request.path_params["number"]
        if (item := self._ticketing.tickets.find(number)) is not None:
            self._ticketing.tickets.edit(item, body.variables)
        elif (issue := self._ticketing.issues.find(number)) is not None:
            self._ticketing.issues.edit(issue, body.variables)
        return JSONResponse(self._found(number))

    async def flow(self, _request: Request) -> Response:
        """Whether events are posted to the app by themselves."""
        return JSONResponse({"on": self._ticketing.flow.is_on})

    async def switch_flow(self, request: Request) -> Response:
        """Have events posted by themselves from now on, or only kept."""
        self._ticketing.flow.is_on = FlowBody.model_validate_json(await request.body()).on
        return await self.flow(request)

    async def events(self, _request: Request) -> Response:
        """The events in their order, with what became of them."""
        return JSONResponse(self._ticketing.flow.events())

    async def deliver(self, request: Request) -> Response:
        """Post an event to the app now, also one that was posted before; answers what became of it."""
        number = _NUMBER.validate_python(request.path_params["number"])
        return JSONResponse(await self._ticketing.flow.deliver(number))

    async def hooks(self, _request: Request) -> Response:
        """The messages that the receiver of webhooks took, in their order."""
        return JSONResponse(hooks.messages(self._world))

    def _found(self, number: str) -> Document:
        if (item := self._ticketing.tickets.find(number)) is not None:
            return self._item(item)
        if (issue := self._ticketing.issues.find(number)) is not None:
            return self._issue(issue)
        raise LookupError(f"there is no ticket {number}")

    def _item(self, kept: Document) -> Document:
        return {
            "system": "servicenow",
            "number": kept["number"],
            "id": kept["sys_id"],
            "state": kept["state"],
            "approval": kept["approval"],
            "requestedFor": _person(kept["_requested_for"]),
            "variables": kept["_variables"],
            "closeNotes": kept["close_notes"],
            "decisions": [made | {"by": _person(made["by"])} for made in kept["_decisions"]],
            "notes": [
                {
                    "id": row["sys_id"],
                    "element": row["element"],
                    "text": row["value"],
                    "html": journal.shown_as_html(row["value"]),
                    "at": row["sys_created_on"],
                    "by": row["sys_created_by"],
                }
                for row in journal.rows(self._world, kept["sys_id"])
            ],
        }

    def _issue(self, kept: Document) -> Document:
        return {
            "system": "jira",
            "number": kept["key"],
            "id": kept["id"],
            "state": kept["status"],
            "summary": kept["summary"],
            "requestedFor": _person(kept["reporter"]),
            "variables": kept["form"],
            "decisions": [made | {"by": _person(made["by"])} for made in kept["decisions"]],
            "notes": [
                {
                    "id": comment["id"],
                    "text": plain_text(comment["body"]),
                    "body": comment["body"],
                    "properties": comment["properties"],
                    "at": comment["created"],
                    "by": comment["author"]["email"],
                }
                for comment in self._ticketing.issues.comments(kept)
            ],
        }


def _person(kept: Document) -> Document:
    return {"email": kept["email"], "objectId": kept["object_id"]}
