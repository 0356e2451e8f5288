"""What callers with a token are answered: the list of what expires, and the report; and what everybody else is."""

import json
from collections.abc import Mapping
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import azure.functions as func
import pytest

from functions import reports
from shared import bootstrap
from shared.core.callers import READER, Caller, NotAllowedError, NotAuthenticatedError
from shared.core.errors import RefusedError, ThrottledError, UnavailableError
from shared.ports import DueEntry
from shared.settings import SettingsError
from tests.fakes.world import World, example

ADA = Caller("0b1c0000-0000-4000-8000-000000000001", "client", frozenset({READER}))
GOOD = {"Authorization": "Bearer reader"}


class FakeCallers:
    """Fills `Callers`: knows two tokens."""

    is_away = False

    async def require(self, authorization: str | None, role: str) -> Caller:
        if self.is_away:
            raise UnavailableError("no answer about keys", timedelta(seconds=5))
        if authorization == "Bearer stranger":
            raise NotAllowedError(Caller("somebody", "client", frozenset()), role)
        if authorization != "Bearer reader" or role != READER:
            raise NotAuthenticatedError("unknown")
        return ADA


class Api:
    """The HTTP functions over a world."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world = World()
        self.callers: FakeCallers | None = FakeCallers()
        monkeypatch.setattr(bootstrap, "get_app", self._app)

    def _app(self) -> Any:
        return SimpleNamespace(**vars(self.world.registrar), callers=self.callers)

    async def get(self, url: str, headers: Mapping[str, str] = GOOD) -> func.HttpResponse:
        split = urlsplit(url)
        request = func.HttpRequest(
            method="GET",
            url=url,
            headers=headers,
            params=dict(parse_qsl(split.query, keep_blank_values=True)),
            body=b"",
        )
        function: Any = {
            "/api/credentials": reports.list_credentials,
            "/api/reports/credentials": reports.credentials_report,
        }[split.path]
        return await function._function.get_user_function()(request)

    async def list(self, days: int, credentials: int) -> None:
        """List so many credentials that are due, one a day, and expire `days` later."""
        for number in range(credentials):
            due = self.world.clock.now() + timedelta(days=number)
            await self.world.due.put(DueEntry(f"app-{number:03}", "secret", due, due + timedelta(days=days)))


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    return Api(monkeypatch)


def body(response: func.HttpResponse) -> dict[str, Any]:
    return json.loads(response.get_body())


async def every_item(api: Api, url: str) -> list[str]:
    names: list[str] = []
    while url:
        page = body(await api.get(url))
        names += [item["uniqueName"] for item in page["items"]]
        url = page.get("nextLink", "")
    return names


async def test_what_expires_within_the_days_is_listed_page_by_page_and_nothing_else(api: Api) -> None:
    await api.list(days=20, credentials=40)
    names = await every_item(api, "/api/credentials?expiringWithin=30d&limit=4")
    assert names == [f"app-{number:03}" for number in range(11)]
    assert await every_item(api, "/api/credentials?limit=500") == names
    assert await every_item(api, "/api/credentials?expiringWithin=19d") == []


async def test_an_item_says_what_and_when(api: Api) -> None:
    world = api.world
    await world.run(example())
    page = body(await api.get("/api/credentials?expiringWithin=365d"))
    newest = world.vault.secrets["adt-client-dev--client-secret"][-1].entry
    assert newest.expires is not None
    (item,) = page["items"]
    assert item == {
        "uniqueName": "adt-client-dev",
        "credential": "client-secret",
        "keyVaultSecretName": "adt-client-dev--client-secret",
        "due": item["due"],
        "expires": f"{newest.expires:%Y-%m-%dT%H:%M:%SZ}",
    }
    assert item["due"] < item["expires"]
    assert page["source"] == "index"
    assert page["asOf"] == f"{world.clock.now():%Y-%m-%dT%H:%M:%SZ}"
    assert "nextLink" not in page


async def test_pages_of_one_listing_are_of_one_moment(api: Api) -> None:
    await api.list(days=20, credentials=20)
    first = body(await api.get("/api/credentials?expiringWithin=25d&limit=2"))
    api.world.clock.advance(timedelta(hours=23))
    assert len(await every_item(api, first["nextLink"])) == 4
    api.world.clock.advance(timedelta(hours=2))
    assert (await api.get(first["nextLink"])).status_code == 400


async def test_a_page_reads_a_bounded_part_of_the_index(api: Api) -> None:
    now = api.world.clock.now()
    for number in range(5_001):
        await api.world.due.put(DueEntry(f"app-{number}", "secret", now, now + timedelta(days=100)))
    page = body(await api.get("/api/credentials?expiringWithin=10d"))
    assert page["items"] == []
    assert body(await api.get(page["nextLink"])).get("nextLink") is None


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("expiringWithin=0d", {"expiringWithin"}),
        ("expiringWithin=731d", {"expiringWithin"}),
        ("expiringWithin=30", {"expiringWithin"}),
        ("expiringWithin=-1d", {"expiringWithin"}),
        ("expiringWithin=३०d", {"expiringWithin"}),
        ("expiringWithin=", {"expiringWithin"}),
        ("limit=0", {"limit"}),
        ("limit=501", {"limit"}),
        ("limit=1e2", {"limit"}),
        ("after=x", {"after"}),
        ("after=", {"after"}),
        ("after=eyJhIjoxfQ", {"after"}),
        ("after=W10", {"after"}),
        ("after=ä", {"after"}),
        (f"after={'W1tb' * 100_000}", {"after"}),
        ("top=5", {"top"}),
        ("expiringWithin=x&limit=y&after=z&top=5", {"expiringWithin", "limit", "after", "top"}),
    ],
)
async def test_a_query_is_refused_with_all_that_is_wrong_with_it(api: Api, query: str, fields: set[str]) -> None:
    response = await api.get(f"/api/credentials?{query}")
    assert (response.status_code, response.mimetype) == (400, "application/problem+json")
    problem = body(response)
    assert {"type", "title", "status", "detail", "errors"} == set(problem)
    assert {error["field"] for error in problem["errors"]} == fields


async def test_a_place_counts_only_as_it_was_given_and_for_its_own_question(api: Api) -> None:
    await api.list(days=20, credentials=20)
    link: str = body(await api.get("/api/credentials?expiringWithin=25d&limit=2"))["nextLink"]
    after = dict(parse_qsl(urlsplit(link).query))["after"]
    assert (await api.get(f"/api/credentials?expiringWithin=25d&after={after}")).status_code == 200
    assert (await api.get(f"/api/credentials?expiringWithin=26d&after={after}")).status_code == 400
    for number in range(len(after)):
        changed = after[:number] + ("B" if after[number] != "B" else "C") + after[number + 1 :]
        assert (await api.get(f"/api/credentials?expiringWithin=25d&after={changed}")).status_code == 400, number


@pytest.mark.parametrize("error", [UnavailableError("no answer"), ThrottledError("patience", timedelta(seconds=7))])
async def test_an_index_that_cannot_be_read_is_never_an_empty_list(api: Api, error: Exception) -> None:
    api.world.faults.next("table due", "before", error)
    response = await api.get("/api/credentials")
    assert (response.status_code, response.mimetype) == (503, "application/problem+json")
    assert response.headers["Retry-After"] == ("7" if isinstance(error, ThrottledError) else "30")


@pytest.mark.parametrize("url", ["/api/credentials", "/api/reports/credentials", "/api/credentials?limit=x"])
async def test_who_may_not_read_learns_nothing(api: Api, url: str) -> None:
    await api.list(days=1, credentials=1)
    assert await api.world.registrar.report_maker.make()
    platform = {"X-MS-CLIENT-PRINCIPAL": "eyJyb2xlcyI6WyJSZWdpc3RyYXIuUmVhZGVyIl19", "X-MS-CLIENT-PRINCIPAL-ID": "ada"}
    for headers in ({}, platform, {"Authorization": "Bearer wrong"}, {**platform, "Authorization": "Basic YTpi"}):
        response = await api.get(url, headers)
        assert (response.status_code, response.mimetype) == (401, "application/problem+json")
        assert response.headers["WWW-Authenticate"] == "Bearer"
        assert body(response) == {"type": "about:blank", "title": "Unauthorized", "status": 401}
    forbidden = await api.get(url, {"Authorization": "Bearer stranger"})
    assert forbidden.status_code == 403
    assert READER in body(forbidden)["detail"]


@pytest.mark.parametrize("url", ["/api/credentials", "/api/reports/credentials"])
async def test_what_cannot_be_judged_or_served_is_503(api: Api, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert api.callers is not None
    api.callers.is_away = True
    away = await api.get(url)
    assert (away.status_code, away.headers["Retry-After"]) == (503, "5")
    api.callers = None
    assert "API_AUDIENCE" in body(await api.get(url))["detail"]

    def misconfigured() -> Any:
        raise SettingsError("AZURE_TENANT_ID: missing")

    monkeypatch.setattr(bootstrap, "get_app", misconfigured)
    response = await api.get(url)
    assert response.status_code == 503
    assert b"AZURE_TENANT_ID" not in response.get_body()


async def test_a_report_is_served_in_three_formats_with_its_age(api: Api) -> None:
    await api.world.run(example())
    assert await api.world.registrar.report_maker.make()
    api.world.clock.advance(timedelta(minutes=90))
    for query, accept, kind in (
        ("", "*/*", "text/html; charset=utf-8"),
        ("?format=csv", "*/*", "text/csv; charset=utf-8; header=present"),
        ("", "application/json", "application/json"),
    ):
        response = await api.get(f"/api/reports/credentials{query}", {**GOOD, "Accept": accept})
        assert (response.status_code, response.headers["Content-Type"]) == (200, kind)
        assert response.headers["Age"] == "5400"
        assert response.headers["Last-Modified"].endswith(" GMT")
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert b"adt-client-dev" in response.get_body()
    assert (await api.get("/api/reports/credentials?format=pdf")).status_code == 400


async def test_without_a_report_the_answer_says_when_there_will_be_one(api: Api) -> None:
    response = await api.get("/api/reports/credentials")
    assert (response.status_code, response.mimetype) == (404, "application/problem+json")
    assert "report.failed" in body(response)["detail"]


async def test_a_stored_report_that_cannot_be_used_is_not_given_out(api: Api) -> None:
    api.world.faults.next("blob read report", "before", RefusedError("no moment"))
    assert (await api.get("/api/reports/credentials")).status_code == 500
    api.world.faults.next("blob read report", "before", UnavailableError("no answer"))
    assert (await api.get("/api/reports/credentials")).status_code == 503
