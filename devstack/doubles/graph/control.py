"""What the control plane can do with the people of the tenant: rename, block, delete; `POST /seed` adds."""

import re
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, model_validator
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from devstack.doubles.documents import Document
from devstack.doubles.graph.schema import TYPES
from devstack.doubles.world import World

_LOCAL = re.compile(r"[A-Za-z0-9'._!#^~-]+")
_LONGEST_NAME, _LONGEST_LOCAL, _LONGEST_DOMAIN = 113, 64, 48


class UserChange(BaseModel):
    """New values of Graph's own properties of a user."""

    model_config = ConfigDict(extra="allow")

    @model_validator(mode="after")
    def _knows_its_properties(self) -> Self:
        unknown = [name for name in self.model_extra or {} if name not in TYPES["user"] or name == "id"]
        if unknown:
            raise ValueError(f"a user has no property {', '.join(unknown)} that changes")
        return self


def routes(world: World) -> list[Route]:
    """The routes below `/users`; a user is named by object id or userPrincipalName."""
    control = _Control(world)
    return [
        Route("/users", control.all),
        Route("/users/{key}", control.change, methods=["PATCH"]),
        Route("/users/{key}", control.delete, methods=["DELETE"]),
    ]


def is_principal_name(name: object) -> bool:
    """Return whether Entra takes a name for a userPrincipalName (Microsoft Learn, username policies)."""
    if not isinstance(name, str) or len(name) > _LONGEST_NAME:
        return False
    local, _, domain = name.rpartition("@")
    # A guest's name holds the whole address that they were invited by.
    is_short = len(local) <= _LONGEST_LOCAL or "#EXT#" in local
    is_one = _LOCAL.fullmatch(local) is not None and not local.endswith(".")
    return is_one and is_short and 0 < len(domain) <= _LONGEST_DOMAIN


def change_user(world: World, user: Document, changes: dict[str, Any]) -> Document:
    """Change a user now, so that replicas that lag show the old one for a while.

    Raises HTTPException for a userPrincipalName that Entra takes for none.
    """
    if "userPrincipalName" in changes and not is_principal_name(changes["userPrincipalName"]):
        raise HTTPException(400, "Property userPrincipalName is invalid.")
    changed = user | changes
    world.documents.put("users", user["id"], changed)
    return changed


def delete_user(world: World, user: Document) -> None:
    """Delete a user and the app roles assigned to it, now."""
    for assignment in world.primary().find("appRoleAssignments", "principalId", user["id"]):
        world.documents.delete("appRoleAssignments", assignment["id"])
    world.documents.delete("users", user["id"])


class _Control:
    def __init__(self, world: World) -> None:
        self._world = world

    async def all(self, _request: Request) -> Response:
        """The users of the tenant."""
        return JSONResponse({"users": list(self._world.primary().all("users"))})

    async def change(self, request: Request) -> Response:
        """Rename or block a user, or change its addresses; what is not named stays."""
        change = UserChange.model_validate_json(await request.body())
        return JSONResponse(change_user(self._world, self._user(request), change.model_extra or {}))

    async def delete(self, request: Request) -> Response:
        """Delete a user and its app role assignments."""
        delete_user(self._world, self._user(request))
        return Response(status_code=204)

    def _user(self, request: Request) -> Document:
        key: str = request.path_params["key"]
        view = self._world.primary()
        found = view.get("users", key.casefold()) or next(iter(view.find("users", "userPrincipalName", key)), None)
        if found is None:
            raise HTTPException(404, f"There is no user {key}")
        return found
