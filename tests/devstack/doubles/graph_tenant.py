"""A tenant with Graph in front of it, and callers with whatever app roles a test needs."""

from dataclasses import dataclass, field
from typing import Any, cast
from uuid import uuid4

import httpx
from starlette.types import ASGIApp

from devstack.doubles.documents import Document
from devstack.doubles.graph import app as graph
from devstack.doubles.graph.templates import new_service_principal
from devstack.doubles.tokens import Tokens
from devstack.doubles.world import World

ROOT = "https://graph.microsoft.com/v1.0"
CREATE_IF_MISSING = {"prefer": "create-if-missing"}
EVENTUAL = {"consistencylevel": "eventual"}
NOWHERE = "99999999-9999-4999-8999-999999999999"


@dataclass
class Caller:
    """An app-only caller: its service principal, and requests in its name."""

    app: ASGIApp
    tokens: Tokens
    object_id: str
    roles: tuple[str, ...]
    app_id: str = field(default_factory=lambda: str(uuid4()))

    def token(self) -> str:
        """A fresh access token for Graph."""
        return self.tokens.mint(
            audience="https://graph.microsoft.com", app_id=self.app_id, object_id=self.object_id, roles=self.roles
        ).text

    def client(self) -> httpx.AsyncClient:
        """An HTTP client that sends this caller's token."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url=ROOT,
            headers={"authorization": f"Bearer {self.token()}"},
        )

    async def call(self, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        """One call; `path` follows the version and may hold a query. Header names are given with underscores."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.client() as client:
            return await client.request(method, f"{ROOT}{path}", json=body, headers=sent)

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.call("GET", path, **headers)

    async def post(self, path: str, body: object = None, **headers: str) -> httpx.Response:
        return await self.call("POST", path, body, **headers)

    async def patch(self, path: str, body: object, **headers: str) -> httpx.Response:
        return await self.call("PATCH", path, body, **headers)

    async def delete(self, path: str) -> httpx.Response:
        return await self.call("DELETE", path)

    async def create_application(self, **fields: Any) -> Document:
        answer = await self.post("/applications", {"displayName": "demo", **fields})
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def create_principal(self, app_id: str) -> Document:
        answer = await self.post("/servicePrincipals", {"appId": app_id})
        assert answer.status_code == 201, answer.text
        return answer.json()


class GraphTenant:
    """Graph over one world; makes callers, whose service principals exist for ever."""

    def __init__(self, world: World, tokens: Tokens) -> None:
        self.world = world
        self.tokens = tokens
        self.app = graph.create(world, tokens)

    def caller(self, *roles: str) -> Caller:
        """A caller with these app roles of Microsoft Graph."""
        principal = new_service_principal(self.world.clock.now(), str(uuid4()), self.world.tenant.id)
        principal["displayName"] = "caller"
        self.world.documents.put("servicePrincipals", principal["id"], principal)
        return Caller(self.app, self.tokens, principal["id"], roles, principal["appId"])

    def administrator(self) -> Caller:
        """A caller who may do everything an app can do to app registrations."""
        return self.caller(
            "Application.ReadWrite.All",
            "AppRoleAssignment.ReadWrite.All",
            "DelegatedPermissionGrant.ReadWrite.All",
            "Directory.Read.All",
            "Policy.ReadWrite.ApplicationConfiguration",
        )

    def owned_by(self) -> Caller:
        """A caller who is confined to what it owns."""
        return self.caller("Application.ReadWrite.OwnedBy")

    def resource(self, **fields: Any) -> Document:
        """A service principal of another tenant's API, with one scope and one role."""
        principal = new_service_principal(self.world.clock.now(), str(uuid4()), str(uuid4()))
        scope = {"id": str(uuid4()), "value": "Read.Write", "isEnabled": True, "type": "User"}
        role = {"id": str(uuid4()), "value": "Things.Read", "isEnabled": True, "allowedMemberTypes": ["Application"]}
        principal |= {"displayName": "Things", "oauth2PermissionScopes": [scope], "appRoles": [role], **fields}
        self.world.documents.put("servicePrincipals", principal["id"], principal)
        return principal


def error(answer: httpx.Response) -> tuple[int, str, str]:
    """Status, code and message of an error."""
    body = cast("Document", answer.json()["error"])
    return answer.status_code, body["code"], body["message"]
