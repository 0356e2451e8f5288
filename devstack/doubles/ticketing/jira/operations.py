"""What each call of Jira Cloud's REST API v3 does: issues, their comments and transitions.

Source: Atlassian, "The Jira Cloud platform REST API" v3, issues and issue comments. `expand=properties` on the list of
comments stands in no reference, but many clients rely on it.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from devstack.config import StackConfig
from devstack.doubles.documents import Document
from devstack.doubles.ticketing.authentication import is_authenticated
from devstack.doubles.ticketing.jira import errors, presentation
from devstack.doubles.ticketing.jira.errors import JiraError
from devstack.doubles.ticketing.jira.rules import is_document, plain_text
from devstack.doubles.ticketing.jira.store import TRANSITIONS, Issues, open_transitions
from devstack.doubles.ticketing.people import Person, person
from devstack.doubles.ticketing.reading import number, origin
from devstack.doubles.world import World

_LONGEST = 32_767
"""Characters of a comment (jira.text.field.character.limit)."""
_PAGE = 100
"""Comments of an answer, by default and at most."""

type Handler = Callable[[Request], Awaitable[Response]]


class Api:
    """The calls of one world; the only caller is the integration's account."""

    def __init__(self, world: World, config: StackConfig, issues: Issues) -> None:
        self._world = world
        self._user = config.ticketing.jira_user
        self._token = config.ticketing.jira_token
        self._issues = issues

    def endpoint(self, handle: Handler) -> Handler:
        """A handler behind the sign-in."""

        async def admitted(request: Request) -> Response:
            try:
                if "authorization" not in request.headers:
                    raise errors.no_issue()
                return (
                    await handle(request)
                    if is_authenticated(request, self._user, self._token)
                    else errors.not_signed_in()
                )
            except JiraError as error:
                return error.answer()

        return admitted

    async def create(self, request: Request) -> Response:
        """A new issue, in the customer's one project."""
        fields = _object((await _body(request)).get("fields"))
        wrong: dict[str, str] = {}
        if _object(fields.get("project")).get("key") != self._issues.project.project_key:
            wrong["project"] = "valid project is required"
        if not isinstance(fields.get("summary"), str) or not fields["summary"]:
            wrong["summary"] = "You must specify a summary of the issue."
        if not _object(fields.get("issuetype")):
            wrong["issuetype"] = "Specify an issue type"
        if wrong:
            raise errors.invalid_fields(wrong)
        form = {name: fields[field] for name, field in self._issues.project.form.items() if field in fields}
        made = self._issues.create(self._me, fields["summary"], form)
        link = f"{origin(request)}/rest/api/3/issue/{made['id']}"
        return JSONResponse({"id": made["id"], "key": made["key"], "self": link}, 201)

    async def get(self, request: Request) -> Response:
        """One issue."""
        wanted = [name for name in request.query_params.get("fields", "").split(",") if name]
        return JSONResponse(presentation.issue(origin(request), self._issue(request), wanted, self._issues.project))

    async def comments(self, request: Request) -> Response:
        """A page of an issue's comments."""
        issue, asked = self._issue(request), request.query_params
        order = asked.get("orderBy", "created")
        if order not in ("created", "+created", "-created"):
            raise errors.invalid(f"The orderBy field {order!r} is not valid.")
        start, size = number(asked.get("startAt"), 0), min(number(asked.get("maxResults"), _PAGE), _PAGE)
        found = self._issues.comments(issue)
        if order == "-created":
            found.reverse()
        with_properties = "properties" in asked.get("expand", "").split(",")
        page = [
            presentation.comment(origin(request), issue["id"], one, with_properties=with_properties)
            for one in found[start : start + size]
        ]
        return JSONResponse({"startAt": start, "maxResults": size, "total": len(found), "comments": page})

    async def comment(self, request: Request) -> Response:
        """A new comment."""
        issue, given = self._issue(request), await _body(request)
        body = given.get("body")
        if not isinstance(body, dict):
            raise errors.no_document()
        if not is_document(body):  # pyright: ignore[reportUnknownArgumentType]
            raise errors.invalid_document()
        if len(plain_text(body)) > _LONGEST:  # pyright: ignore[reportUnknownArgumentType]
            raise errors.too_long()
        properties = _properties(given.get("properties", []))
        made = self._issues.comment(issue, self._me, cast("Document", body), properties)
        with_properties = "properties" in request.query_params.get("expand", "").split(",")
        return JSONResponse(
            presentation.comment(origin(request), issue["id"], made, with_properties=with_properties), 201
        )

    async def transitions(self, request: Request) -> Response:
        """The ways out of the issue's status."""
        edges = [presentation.transition(origin(request), edge) for edge in open_transitions(self._issue(request))]
        return JSONResponse({"expand": "transitions", "transitions": edges})

    async def move(self, request: Request) -> Response:
        """Take one of them."""
        issue = self._issue(request)
        wanted_id = str(_object((await _body(request)).get("transition")).get("id", ""))
        if not wanted_id:
            raise errors.invalid("Missing 'transition' identifier")
        edge = next((edge for edge in TRANSITIONS if edge.id == wanted_id), None)
        if edge is None:
            raise errors.invalid(f"Transition id '{wanted_id}' is not valid for this issue.")
        if edge not in open_transitions(issue):
            raise errors.wrong_status(edge.name, issue["key"])
        self._issues.move(issue, edge, self._me)
        return Response(status_code=204)

    @property
    def _me(self) -> Person:
        return person(self._world, self._user)

    def _issue(self, request: Request) -> Document:
        found = self._issues.find(request.path_params["key"])
        if found is None:
            raise errors.no_issue()
        return found


async def _body(request: Request) -> Document:
    """The JSON object that was sent. Raises JiraError 415 or 400."""
    if request.headers.get("content-type", "").partition(";")[0].strip().casefold() != "application/json":
        raise errors.unsupported_media_type()
    try:
        body: Any = json.loads(await request.body())
    except ValueError as error:
        raise errors.unreadable() from error
    if not isinstance(body, dict):
        raise errors.unreadable()
    return cast("Document", body)


def _properties(given: object) -> list[Document]:
    """Entity properties: a key of 255 characters at most, any JSON as value."""
    found = cast("list[object]", given) if isinstance(given, list) else [None]
    properties = [_object(one) for one in found]
    for one in properties:
        key = one.get("key")
        if one.keys() != {"key", "value"} or not isinstance(key, str) or not 1 <= len(key) <= 255:
            raise errors.invalid("The property must have a key of 1 to 255 characters and a value.")
    return properties


def _object(value: object) -> Document:
    return cast("Document", value) if isinstance(value, dict) else {}
