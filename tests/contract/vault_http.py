"""Key Vault by plain HTTP, as the administrator; the names a test was given are freed after it."""

from typing import Any

import httpx

from tests.contract.entra_http import Entra
from tests.contract.subject import Subject

API_VERSION = "7.6"
SCOPE = "https://vault.azure.net/.default"

type Json = dict[str, Any]


class VaultHttp:
    """Calls state the status they expect; a real vault is given time to come to it."""

    def __init__(self, subject: Subject, entra: Entra, client_id: str, client_secret: str) -> None:
        self.subject = subject
        token = entra.token(client_id, client_secret, SCOPE)
        self.http = httpx.Client(
            base_url=subject.vault_url,
            headers={"Authorization": f"Bearer {token}"},
            verify=subject.tls,
            timeout=60,
        )
        self._names: list[str] = []
        self._dying: set[str] = set()

    def name(self) -> str:
        """A name for a secret that will be purged after the test."""
        self._names.append(self.subject.unique())
        return self._names[-1]

    def call(self, expected: int, method: str, path: str, body: object = None) -> httpx.Response:
        """Make one call that is answered with `expected`, sooner or later."""
        params = {"api-version": API_VERSION}
        return self.subject.expect(expected, lambda: self.http.request(method, path, json=body, params=params))

    def follow(self, page: Json) -> list[Json]:
        """Read the items of a page and of those its link leads to."""
        found: list[Json] = page["value"]
        while page.get("nextLink"):
            page = self.http.get(page["nextLink"]).raise_for_status().json()
            found += page["value"]
        return found

    def set(self, name: str, value: str = "value", **fields: Any) -> Json:
        """Store a version."""
        return self.call(200, "PUT", f"/secrets/{name}", {"value": value, **fields}).json()

    def get(self, name: str, version: str = "", expected: int = 200) -> Json:
        """Read a version, the newest if none is named."""
        return self.call(expected, "GET", f"/secrets/{name}/{version}").json()

    def versions(self, name: str) -> list[Json]:
        """Read the properties of all versions, following the links."""
        return self.follow(self.call(200, "GET", f"/secrets/{name}/versions").json())

    def delete(self, name: str) -> Json:
        """Soft-delete a secret, and wait until that is done."""
        deleted = self.call(200, "DELETE", f"/secrets/{name}").json()
        self.call(200, "GET", f"/deletedsecrets/{name}")
        return deleted

    def error(self, expected: int, method: str, path: str, body: object = None) -> tuple[str, str | None]:
        """Code and innermost code of the error that this call is answered with."""
        error: Json = self.call(expected, method, path, body).json()["error"]
        inner: Json = error.get("innererror") or {}
        return error["code"], inner.get("code")

    def tidy(self) -> None:
        """Purge the names handed out. Raises AssertionError with what is left when patience ends."""
        try:
            self.subject.eventually(self._purge)
        finally:
            self.http.close()

    def _purge(self) -> None:
        params = {"api-version": API_VERSION}
        for name in tuple(self._names):
            deleted = self.http.delete(f"/secrets/{name}", params=params)
            purged = self.http.delete(f"/deletedsecrets/{name}", params=params)
            if deleted.status_code == 200:
                self._dying.add(name)
            # While a deletion is under way, the secret is found neither here nor there.
            was_never_there = deleted.status_code == purged.status_code == 404 and name not in self._dying
            if purged.status_code == 204 or was_never_there:
                self._names.remove(name)
        assert self._names == []


def version_of(secret: Json) -> str:
    """The version in a secret's id."""
    return str(secret["id"]).rsplit("/", 1)[1]
