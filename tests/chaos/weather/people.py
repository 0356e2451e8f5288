"""What others do in the tenant meanwhile: by hand, as the administrator, over the services' own interfaces."""

import ssl
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import httpx

from shared.core.naming import APPLICATION_TAG
from tests.e2e.driver import Driver

_GRAPH = "https://graph.microsoft.com/v1.0"


class Administrator:
    """A person in the portal, for whom the weather is always fine."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def add_application(self, unique_name: str) -> None:
        """Make an application that is not the registrar's."""
        with self._graph() as graph:
            body = {"displayName": "Made by hand", "uniqueName": unique_name, "tags": ["finance"]}
            _checked(graph.post("/applications", json=body))

    def add_secret(self, object_id: str) -> None:
        """Add a client secret to an application."""
        with self._graph() as graph:
            body = {"passwordCredential": {"displayName": "made by hand"}}
            _checked(graph.post(f"/applications/{object_id}/addPassword", json=body))

    def add_redirect_uri(self, object_id: str, uri: str) -> None:
        """Add a redirect URI to those that an application has."""
        with self._graph() as graph:
            web = _checked(graph.get(f"/applications/{object_id}"))["web"]
            uris = [*web["redirectUris"], uri]
            _checked(graph.patch(f"/applications/{object_id}", json={"web": {"redirectUris": uris}}))

    def store_secret(self, name: str) -> None:
        """Put a secret of somebody else into the vault."""
        self._driver.vault(self._driver.stack.config.administrator).set_secret(
            name, "by hand", tags={"team": "finance"}
        )

    def applications(self) -> dict[str, str]:
        """Return the object ids of the registrar's applications by uniqueName."""
        with self._graph() as graph:
            found = _checked(graph.get("/applications?$top=999"))["value"]
        return {app["uniqueName"]: app["id"] for app in found if app["uniqueName"] and APPLICATION_TAG in app["tags"]}

    @contextmanager
    def _graph(self) -> Generator[httpx.Client]:
        driver = self._driver
        context = ssl.create_default_context(cafile=driver.environment["SSL_CERT_FILE"])
        with calm(driver):
            token = driver.credential(driver.stack.config.administrator).get_token(
                "https://graph.microsoft.com/.default"
            )
            headers = {"Authorization": f"Bearer {token.token}"}
            proxy = driver.environment["HTTPS_PROXY"]
            with httpx.Client(base_url=_GRAPH, proxy=proxy, verify=context, trust_env=False, headers=headers) as client:
                yield client


@contextmanager
def calm(driver: Driver, *kept: str) -> Generator[None]:
    """Fine weather for a moment, but for what is named; afterwards it is as it was, with other dice."""
    before: dict[str, Any] = driver.control("GET", "/weather")
    driver.weather(**{name: before[name] for name in kept})
    try:
        yield
    finally:
        driver.weather(**before | {"seed": before["seed"] + 1})


def _checked(answer: httpx.Response) -> dict[str, Any]:
    answer.raise_for_status()
    return answer.json() if answer.content else {}
