"""What each call of ServiceNow's Table API does: on requested items and on their journal.

Sources: ServiceNow, "Table API"; KB0534905, "Table API FAQs". Beyond the real one, a ticket can be made by `POST` with
its catalog item's `variables` as an object and `requested_for` as an e-mail address, and `approved_by` is the
customer's own field with an e-mail address and an object id.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from devstack.config import StackConfig
from devstack.doubles.documents import Document
from devstack.doubles.ticketing.authentication import is_authenticated
from devstack.doubles.ticketing.people import person
from devstack.doubles.ticketing.reading import number, origin
from devstack.doubles.ticketing.servicenow import errors, journal
from devstack.doubles.ticketing.servicenow.errors import ServiceNowError
from devstack.doubles.ticketing.servicenow.presentation import JOURNAL_FIELDS, TICKET_FIELDS, RecordView
from devstack.doubles.ticketing.servicenow.query import select
from devstack.doubles.ticketing.servicenow.store import STATES, Tickets
from devstack.doubles.world import World

ITEMS, JOURNAL = "sc_req_item", "sys_journal_field"
_FIELDS = {ITEMS: TICKET_FIELDS, JOURNAL: JOURNAL_FIELDS}
_LIMIT = 10_000
"""Rows of an answer where sysparm_limit says nothing."""

type Handler = Callable[[Request, str], Awaitable[Response]]


class TableApi:
    """The calls of one world; the only caller is the integration's account."""

    def __init__(self, world: World, config: StackConfig, tickets: Tickets) -> None:
        self._world = world
        self._user = config.ticketing.servicenow_user
        self._password = config.ticketing.servicenow_password
        self._tickets = tickets

    def endpoint(self, handle: Handler) -> Callable[[Request], Awaitable[Response]]:
        """A handler behind the sign-in and the look at the table's name."""

        async def admitted(request: Request) -> Response:
            try:
                if not is_authenticated(request, self._user, self._password):
                    raise errors.not_authenticated()
                table = request.url.path.split("/")[4]
                if table not in _FIELDS:
                    raise errors.invalid_table(table)
                return await handle(request, table)
            except ServiceNowError as error:
                return error.answer()

        return admitted

    async def query(self, request: Request, table: str) -> Response:
        """The records that fit sysparm_query."""
        asked = request.query_params
        records = self._tickets.all() if table == ITEMS else journal.rows(self._world)
        found = select(records, asked.get("sysparm_query", ""), _FIELDS[table])
        offset, limit = number(asked.get("sysparm_offset"), 0), number(asked.get("sysparm_limit"), _LIMIT)
        result = [self._shown(request, table, record) for record in found[offset : offset + limit]]
        return JSONResponse({"result": result}, headers={"X-Total-Count": str(len(found))})

    async def get(self, request: Request, table: str) -> Response:
        """One record."""
        record = self._record(request, table)
        return JSONResponse({"result": self._shown(request, table, record)})

    async def insert(self, request: Request, table: str) -> Response:
        """A new ticket; journal rows are made by writing to a ticket's journal fields alone."""
        if table == JOURNAL:
            raise errors.forbidden("Insert")
        body = await _body(request)
        email, variables = body.pop("requested_for", self._user), body.pop("variables", {})
        made = self._tickets.create(
            person(self._world, str(email)),
            cast("Document", variables) if isinstance(variables, dict) else {},
            opened_by=person(self._world, self._user),
            description=str(body.get("short_description", "")),
            user=self._user,
        )
        made = self._tickets.change(made, _with_values(body, request), self._user)
        location = f"{origin(request)}/api/now/table/{ITEMS}/{made['sys_id']}"
        return JSONResponse({"result": self._shown(request, table, made)}, 201, {"Location": location})

    async def update(self, request: Request, table: str) -> Response:
        """Change a ticket's fields."""
        body = await _body(request)
        record = self._record(request, table)
        if table == JOURNAL or record["_is_locked"]:
            raise errors.forbidden("Update")
        changed = self._tickets.change(record, _with_values(body, request), self._user)
        return JSONResponse({"result": self._shown(request, table, changed)})

    def _record(self, request: Request, table: str) -> Document:
        sys_id = request.path_params["sys_id"]
        view = self._world.primary()
        found = self._tickets.load(sys_id) if table == ITEMS else view.get(journal.JOURNAL, sys_id)
        if found is None:
            raise errors.no_record()
        return found

    def _shown(self, request: Request, table: str, record: Document) -> Document:
        shown = RecordView(self._world, origin(request), request.query_params)
        return shown.ticket(record) if table == ITEMS else shown.journal_row(record)


async def _body(request: Request) -> Document:
    """The JSON object that was sent. Raises ServiceNowError 415 or 400."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if kind != "application/json":
        raise errors.unsupported_media_type(kind)
    try:
        body: Any = json.loads(await request.body())
    except ValueError as error:
        raise errors.unreadable("The payload is not valid JSON.") from error
    if not isinstance(body, dict):
        raise errors.unreadable("The payload is no JSON object.")
    return cast("Document", body)


def _with_values(body: Document, request: Request) -> Document:
    """The fields as they are kept: with sysparm_input_display_value a state may be given by its label."""
    if request.query_params.get("sysparm_input_display_value") == "true":
        labels = {label: value for value, label in STATES.items()}
        return body | ({"state": labels.get(body["state"], body["state"])} if "state" in body else {})
    return body
