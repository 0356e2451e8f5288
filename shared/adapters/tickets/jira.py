"""A comment and a transition in Jira Cloud, by its REST API, version 3.

Sources: Atlassian, "The Jira Cloud platform REST API": issue comments (get comments, orderBy, expand=properties; add
comment, properties), issues (get issue, get transitions, transition issue).
"""

from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator

from shared.adapters.tickets.http import TicketHttp
from shared.core.errors import RefusedError
from shared.core.log import warning
from shared.ports import Note
from shared.tickets.configuration import JiraUpdates
from shared.tickets.jira_document import document, holds

_ISSUE = ("rest", "api", "3", "issue")
_PROPERTY = "registrar"
_PAGE, _PAGES = 10, 20
"""Ten of the longest comments fit into an answer; two hundred new ones in the meantime are unlikely."""
_CLOCKS = timedelta(hours=1)
"""How much Jira's clock and ours may differ."""


def _moment(value: object) -> datetime:
    """Read `2026-03-01T09:30:00.000+0000`."""
    return datetime.strptime(str(value), "%Y-%m-%dT%H:%M:%S.%f%z")


class _Property(BaseModel):
    key: str
    value: Any = None


class _Comment(BaseModel):
    created: Annotated[datetime, BeforeValidator(_moment)]
    body: Any = None
    properties: list[_Property] = []

    def is_note(self, note: Note) -> bool:
        is_ours = any((each.key, each.value) == (_PROPERTY, note.id) for each in self.properties)
        return is_ours or holds(self.body, note.mark)


class _Comments(BaseModel):
    comments: list[_Comment]


class _Status(BaseModel):
    id: str


class _Fields(BaseModel):
    status: _Status


class _Issue(BaseModel):
    fields: _Fields


class _Transition(BaseModel):
    id: str
    name: str
    to: _Status


class _Transitions(BaseModel):
    transitions: list[_Transition]


class _Anything(BaseModel):
    """An answer whose content is ignored."""


class Jira:
    """Implements the port `TicketSystem`. A ticket is addressed by its issue's key or id."""

    def __init__(self, http: TicketHttp, updates: JiraUpdates) -> None:
        self._http = http
        self._updates = updates

    async def has_note(self, ticket: str, note: Note) -> bool:
        """Search the comments that are not older than the note, newest first."""
        for page in range(_PAGES):
            comments = await self._comments(ticket, page)
            if any(comment.is_note(note) for comment in comments):
                return True
            if len(comments) < _PAGE or comments[-1].created < note.since - _CLOCKS:
                return False
        raise RefusedError("an issue in Jira has more new comments than are looked through")

    async def add_note(self, ticket: str, note: Note) -> None:
        """Add a comment, with the note's id as its property."""
        body = {"body": document(note.text), "properties": [{"key": _PROPERTY, "value": note.id}]}
        await self._http.send("POST", _Anything, *_ISSUE, ticket, "comment", body=body)

    async def set_state(self, ticket: str, status: str) -> None:
        """Make a transition, unless it is not offered any more or the issue is already there."""
        name = self._updates.transition_of(status)
        if name is None:
            return
        offered = await self._http.get(_Transitions, *_ISSUE, ticket, "transitions")
        found = next((each for each in offered.transitions if each.name.casefold() == name.casefold()), None)
        if found is None:
            warning("ticket.transition_not_offered", ticket=ticket, transition=name)
            return
        issue = await self._http.get(_Issue, *_ISSUE, ticket, fields="status")
        if issue.fields.status.id != found.to.id:
            body = {"transition": {"id": found.id}}
            await self._http.send("POST", _Anything, *_ISSUE, ticket, "transitions", body=body)

    async def _comments(self, ticket: str, page: int) -> list[_Comment]:
        query = {"orderBy": "-created", "expand": "properties", "startAt": str(page * _PAGE), "maxResults": str(_PAGE)}
        return (await self._http.get(_Comments, *_ISSUE, ticket, "comment", **query)).comments
