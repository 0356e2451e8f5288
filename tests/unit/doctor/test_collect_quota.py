"""Whose quota counts: the service principal that owns our applications, for no setting names it."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any, cast

from doctor.collect.access import Access
from doctor.collect.quota import creators
from doctor.evidence import Application, Creator
from tests.unit.doctor.scene import APP, FOREIGN_APP

ADA = {"@odata.type": "#microsoft.graph.user", "id": "ada", "displayName": "Ada"}
REGISTRAR = {"@odata.type": "#microsoft.graph.servicePrincipal", "id": "principal-7", "displayName": "registrar"}
OTHER = {"@odata.type": "#microsoft.graph.servicePrincipal", "id": "principal-8", "displayName": "somebody's"}


class Pages:
    """Graph's lists, by what their address holds."""

    def __init__(self, **lists: list[Mapping[str, Any]]) -> None:
        self._lists = lists

    async def pages(self, url: str) -> AsyncIterator[Mapping[str, Any]]:
        path = url.partition("?")[0].rpartition("/")[2]
        key = url.split("/")[5] if path == "owners" else path
        for item in self._lists[key.replace("-", "_")]:
            yield item


def app(number: int, **changes: Any) -> Application:
    return replace(APP, object_id=f"app-{number}", **changes)


async def counted(*applications: Application, **lists: list[Mapping[str, Any]]) -> list[Creator]:
    return await creators(cast("Access", Pages(**lists)), applications)


async def test_the_principal_that_owns_most_of_ours_is_the_registrar() -> None:
    made: list[Mapping[str, Any]] = [{"id": str(number)} for number in range(201)]
    found = await counted(
        *(app(number) for number in range(3)),
        FOREIGN_APP,
        app(3, deleted=True),
        app_0=[REGISTRAR, ADA],
        app_1=[REGISTRAR],
        app_2=[OTHER, REGISTRAR],
        createdObjects=made,
    )
    assert found == [Creator("principal-7", "registrar", created=201, deleted=2)]


async def test_where_no_app_of_ours_is_nobody_is_asked() -> None:
    assert await counted(FOREIGN_APP) == []


async def test_an_app_that_people_alone_own_says_nothing() -> None:
    assert await counted(app(0), app_0=[ADA]) == []
