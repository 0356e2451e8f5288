"""Graph by plain HTTP, as one application; what a test makes is deleted for good after it."""

from typing import Any

import httpx

from tests.contract.entra_http import Entra
from tests.contract.subject import Subject

ROOT = "https://graph.microsoft.com/v1.0"
UPSERT = {"Prefer": "create-if-missing"}
MICROSOFT_GRAPH = "00000003-0000-0000-c000-000000000000"
USER_READ = "e1fe6dd8-ba31-4d61-89e7-88639da4683d"
USER_READ_ALL_ROLE = "df021288-bdef-4463-88db-98f22de89214"

_COLLECTIONS = ("/applications", "/servicePrincipals")
_DELETED = "/directory/deletedItems/"

type Json = dict[str, Any]


class GraphHttp:
    """Calls state the status they expect; a real tenant is given time to come to it."""

    def __init__(self, subject: Subject, entra: Entra, client_id: str, client_secret: str) -> None:
        self.subject = subject
        token = entra.token(client_id, client_secret, "https://graph.microsoft.com/.default")
        headers = {"Authorization": f"Bearer {token}"}
        self.http = httpx.Client(headers=headers, verify=subject.tls, timeout=60)
        self._made: set[str] = set()

    def call(
        self, expected: int, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Make one call that is answered with `expected`, sooner or later."""

        def send() -> httpx.Response:
            answer = self.http.request(method, f"{ROOT}{path}", json=body, headers=headers)
            if answer.status_code == 201 and (method == "PATCH" or path in _COLLECTIONS):
                self.remember(answer.json()["id"])
            if answer.status_code == 204 and method == "DELETE" and path.startswith(_DELETED):
                self._made.discard(path.removeprefix(_DELETED))
            return answer

        return self.subject.expect(expected, send)

    def get(self, path: str, expected: int = 200) -> Json:
        """Read one object or one page."""
        return self.call(expected, "GET", path).json()

    def post(self, path: str, body: object = None, expected: int = 201) -> Json:
        """Create an object, or run an action that answers with a body."""
        return self.call(expected, "POST", path, body).json()

    def patch(self, path: str, body: object, expected: int = 204) -> httpx.Response:
        """Update an object."""
        return self.call(expected, "PATCH", path, body)

    def delete(self, path: str, expected: int = 204) -> None:
        """Delete an object."""
        assert self.call(expected, "DELETE", path).content == b""

    def create_application(self, **fields: Any) -> Json:
        """`POST /applications`, under a display name of its own if none is given."""
        return self.post("/applications", {"displayName": self.subject.unique("Contract test"), **fields})

    def upsert_application(self, unique_name: str, expected: int, **fields: Any) -> httpx.Response:
        """`PATCH /applications(uniqueName='…')` with `Prefer: create-if-missing`."""
        path = f"/applications(uniqueName='{unique_name}')"
        body = {"displayName": "Contract test", **fields}
        return self.call(expected, "PATCH", path, body, UPSERT)

    def create_principal(self, app_id: str) -> Json:
        """`POST /servicePrincipals` for an application of this tenant."""
        return self.post("/servicePrincipals", {"appId": app_id})

    def error(self, expected: int, method: str, path: str, body: object = None, **headers: str) -> tuple[str, str]:
        """Code and message of the error that this call is answered with."""
        error = self.call(expected, method, path, body, headers).json()["error"]
        return error["code"], error["message"]

    def remember(self, object_id: str) -> None:
        """Delete this application or service principal for good after the test."""
        self._made.add(object_id)

    def tidy(self) -> None:
        """Delete for good what was made. Raises AssertionError with what is left when patience ends."""
        try:
            self.subject.eventually(self._purge)
        finally:
            self.http.close()

    def _purge(self) -> None:
        for object_id in sorted(self._made):
            for collection in _COLLECTIONS:
                self.http.delete(f"{ROOT}{collection}/{object_id}")
        # An application takes its service principal along, so purging comes after all deleting.
        for object_id in sorted(self._made):
            if self.http.delete(f"{ROOT}{_DELETED}{object_id}").status_code == 204:
                self._made.discard(object_id)
        assert self._made == set()
