"""On the whole stack: what a change takes back is gone, whatever becomes of the one call that removes it."""

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from tests.e2e.driver import Driver, eventually, request

pytestmark = pytest.mark.e2e

TWINS = {"api": "Azure Digital Twins", "delegated": ["Read.Write"]}
GRAPH = {"api": "Microsoft Graph", "delegated": ["User.Read"]}
_BEYOND_LAG_SECONDS = 301


def consented(driver: Driver, client_id: str) -> set[str]:
    """Every scope that is consented to a client for the whole tenant."""
    (principal,) = driver.graph(f"/servicePrincipals?$filter=appId eq '{client_id}'")["value"]
    grants = driver.graph(f"/oauth2PermissionGrants?$filter=clientId eq '{principal['id']}'")["value"]
    return {name for grant in grants for name in grant["scope"].split()}


def registered(driver: Driver, app: str) -> str:
    """Register an app with two permissions, long ago; returns its client id."""
    answer = driver.ask(request(f"{app}-1", app, apiPermissions=[TWINS, GRAPH]))
    client_id: str = answer["data"]["clientId"]
    assert consented(driver, client_id) == {"Read.Write", "User.Read"}
    driver.advance(_BEYOND_LAG_SECONDS)
    return client_id


def narrowed(app: str, **application: Any) -> dict[str, Any]:
    return request(f"{app}-2", app, apiPermissions=[TWINS], **application)


def answered(driver: Driver, request_id: str, watch: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """Wait for an answer while stack time passes quickly, and watch meanwhile."""
    looks = count(1)

    def look() -> dict[str, Any] | None:
        watch()
        driver.inbox.drain(driver.environment)
        answer = driver.inbox.next_to(request_id)
        if answer is None and next(looks) % 4 == 0:
            driver.advance(60)
        return answer

    return eventually(look, f"the answer to {request_id}")


@pytest.mark.parametrize("kind", ["error", "lostAnswer"])
def test_one_failed_removal_leaves_no_consent(driver: Driver, kind: str) -> None:
    app = f"narrowed-by-{kind.lower()}"
    client_id = registered(driver, app)
    driver.fault(service="graph", method="DELETE", path="/oauth2PermissionGrants/{id}", kind=kind)
    driver.send(narrowed(app))
    assert answered(driver, f"{app}-2")["data"]["status"] == "completed"
    assert consented(driver, client_id) == {"Read.Write"}


def test_no_redirect_uri_comes_while_the_consent_cannot_go(driver: Driver) -> None:
    app, uri = "narrowed-first", "http://localhost/new"
    client_id = registered(driver, app)
    driver.fault(service="graph", method="DELETE", path="/oauth2PermissionGrants/{id}", kind="error", times=2)
    driver.send(narrowed(app, publicClient={"redirectUris": [uri], "allowPublicClientFlows": False}))
    steps = set[tuple[bool, bool]]()

    def watch() -> None:
        # The redirect URI is looked at first: it must not be there while the consent still is.
        has_new = uri in driver.applications(app)[0]["publicClient"]["redirectUris"]
        steps.add(("User.Read" in consented(driver, client_id), has_new))

    assert answered(driver, f"{app}-2", watch)["data"]["status"] == "completed"
    assert (True, False) in steps
    assert (True, True) not in steps
    assert driver.applications(app)[0]["publicClient"]["redirectUris"] == [uri]
    assert consented(driver, client_id) == {"Read.Write"}
