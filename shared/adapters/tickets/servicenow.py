"""Work notes and state in ServiceNow, by its Table API.

Sources: ServiceNow, "Table API" (GET and PATCH /api/now/table/{tableName}/{sys_id}, sysparm_query, sysparm_fields),
"Encoded query strings" (an invalid condition is ignored), "Journal field type" (each note is a row of
sys_journal_field, by element_id and element).
"""

from typing import Any

from pydantic import BaseModel

from shared.adapters.tickets.http import TicketHttp
from shared.core.errors import ForbiddenError, NotShownError
from shared.ports import Note
from shared.tickets.configuration import ServiceNowUpdates

_TABLE = ("api", "now", "table")


class _Rows(BaseModel):
    result: list[dict[str, Any]]


class _Row(BaseModel):
    result: dict[str, Any]


class ServiceNow:
    """Implements the port `TicketSystem`. A ticket is addressed by its sys_id."""

    def __init__(self, http: TicketHttp, updates: ServiceNowUpdates) -> None:
        self._http = http
        self._updates = updates

    async def has_note(self, ticket: str, note: Note) -> bool:
        """Search the ticket's work notes for the mark.

        Results are checked again: a condition on a field that the account may not read is ignored, and then other
        tickets' notes match.
        """
        query = f"element_id={ticket}^element=work_notes^valueLIKE{note.mark}"
        fields = {"sysparm_query": query, "sysparm_fields": "element_id,value", "sysparm_limit": "10"}
        found = await self._http.get(_Rows, *_TABLE, "sys_journal_field", **fields)
        return any(row.get("element_id") == ticket and _holds(row.get("value"), note.mark) for row in found.result)

    async def add_note(self, ticket: str, note: Note) -> None:
        """Write a work note, and verify that it shows: fields that the account may not write are silently ignored."""
        await self._write(ticket, "work_notes", note.text)
        if not await self.has_note(ticket, note):
            raise NotShownError("ServiceNow took a work note and does not show it")

    async def set_state(self, ticket: str, status: str) -> None:
        """Set the field `state`."""
        wanted = self._updates.state_of(status)
        if wanted is None:
            return
        row = await self._http.get(_Row, *_TABLE, self._updates.table, ticket, sysparm_fields="state")
        if row.result.get("state") == wanted:
            return
        written = await self._write(ticket, "state", wanted)
        if written.result.get("state") != wanted:
            raise ForbiddenError("ServiceNow took a new state and left the old one")

    async def _write(self, ticket: str, field: str, value: str) -> _Row:
        path = (*_TABLE, self._updates.table, ticket)
        return await self._http.send("PATCH", _Row, *path, body={field: value}, sysparm_fields=f"sys_id,{field}")


def _holds(text: object, mark: str) -> bool:
    return any(line.strip() == mark for line in str(text).splitlines())
