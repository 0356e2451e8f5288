"""Looks people up in Microsoft Graph: by object id, userPrincipalName or mail, concurrently, cached for minutes.

`User.ReadBasic.All` shows ids and addresses; `accountEnabled` and `createdDateTime` need `User.Read.All`, and are null
without it, or the whole query is refused: it is then repeated without them. If that is refused, too (some tenants are
reported to do so for the basic permission), the registrar may not look people up.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from kiota_abstractions.request_information import RequestInformation
from msgraph.graph_service_client import GraphServiceClient

from shared.adapters.graph.client import GraphSender
from shared.adapters.graph.models import UserAnswer, UserPage
from shared.adapters.graph.paging import pages
from shared.adapters.graph.requests import filtered, selected
from shared.core.errors import ForbiddenError
from shared.model.person import read_person
from shared.ports import SeenPerson

KEPT_FOR = timedelta(minutes=5)
"""How long a found person, or a missing permission, is cached."""
_MOST_KEPT = 2_000
_AT_ONCE = 8
_ENOUGH = 2
"""Hits: a second one makes the name ambiguous."""
_BASIC = ["id", "userPrincipalName", "mail"]
_ALL = [*_BASIC, "accountEnabled", "createdDateTime"]


class GraphPeople:
    """Implements the port `People`."""

    def __init__(self, client: GraphServiceClient, now: Callable[[], datetime]) -> None:
        self._client = client
        self._sender = GraphSender(client)
        self._now = now
        self._kept: dict[str, tuple[datetime, tuple[SeenPerson, ...]]] = {}
        self._refused: dict[str, datetime] = {}
        """When Graph last refused the basic fields, or all of them."""

    async def find(self, names: Sequence[str]) -> Mapping[str, tuple[SeenPerson, ...]]:
        """Look people up concurrently. Raises the first failure, such as ForbiddenError: nothing is known then."""
        slots = asyncio.Semaphore(_AT_ONCE)

        async def one(name: str) -> tuple[SeenPerson, ...]:
            async with slots:
                return await self._find(name)

        found = await asyncio.gather(*(one(name) for name in names), return_exceptions=True)
        for each in found:
            if isinstance(each, BaseException):
                raise each
        return {name: each for name, each in zip(names, found, strict=True) if not isinstance(each, BaseException)}

    async def _find(self, name: str) -> tuple[SeenPerson, ...]:
        key = name.casefold()
        at, hits = self._kept.get(key, (None, ()))
        if at is not None and self._now() - at < KEPT_FOR:
            return hits
        if self._is_refused("basic"):
            raise ForbiddenError("Microsoft Graph does not let the registrar look people up")
        hits = await self._ask(name)
        if len(hits) == 1:  # a missing or ambiguous person may be fixed any minute
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[key] = (self._now(), hits)
        return hits

    async def _ask(self, name: str) -> tuple[SeenPerson, ...]:
        if not self._is_refused("all"):
            try:
                return await self._read(name, _ALL)
            except ForbiddenError:
                pass
        try:
            hits = await self._read(name, _BASIC)
        except ForbiddenError:
            self._refused["basic"] = self._now()
            raise
        self._refused["all"] = self._now()
        return hits

    def _is_refused(self, fields: str) -> bool:
        at = self._refused.get(fields)
        return at is not None and self._now() - at < KEPT_FOR

    async def _read(self, name: str, fields: list[str]) -> tuple[SeenPerson, ...]:
        person = read_person(name)
        if person is not None and person.object_id is not None:
            builder = self._client.users.by_user_id(str(UUID(person.object_id)))
            answer = await self._sender.get(selected(builder.to_get_request_information(), fields), UserAnswer)
            return (_seen(answer),) if answer is not None else ()
        quoted = name.replace("'", "''")
        expression = f"userPrincipalName eq '{quoted}' or mail eq '{quoted}'"
        return await self._listed(filtered(self._client.users.to_get_request_information(), expression, fields))

    async def _listed(self, request: RequestInformation) -> tuple[SeenPerson, ...]:
        hits: list[SeenPerson] = []
        async for page in pages(self._sender, self._client.users, UserPage, request):
            hits += [_seen(answer) for answer in page.list("value", UserAnswer)]
            if len(hits) >= _ENOUGH:
                break
        return tuple(hits[:_ENOUGH])


def _seen(answer: UserAnswer) -> SeenPerson:
    return SeenPerson(
        object_id=answer.required("id"),
        principal_name=answer.string("userPrincipalName"),
        mail=answer.string("mail"),
        enabled=answer.values.get("accountEnabled"),
        created=answer.moment("createdDateTime"),
    )
