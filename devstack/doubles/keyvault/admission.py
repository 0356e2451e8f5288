"""What every Key Vault call goes through before its handler: token, quota, api-version, role, body."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from devstack.doubles.documents import Document
from devstack.doubles.keyvault import errors
from devstack.doubles.keyvault.rules.access import check_access
from devstack.doubles.keyvault.rules.quotas import Quota
from devstack.doubles.keyvault.store import Store
from devstack.doubles.tokens import TokenRefusedError, Tokens
from devstack.doubles.world import World

_API_VERSION = re.compile(r"7\.\d(-preview(\.\d)?)?|20\d\d-\d\d-\d\d(-preview)?")


@dataclass(frozen=True)
class Call:
    """One admitted call: where, on what, with what."""

    world: World
    vault: Document
    base: str
    path: dict[str, str]
    query: dict[str, str]
    body: dict[str, Any]

    @property
    def name(self) -> str:
        """The secret's or certificate's name in the path."""
        return self.path["name"]

    @property
    def secrets(self) -> Store:
        """The vault's secrets."""
        return Store(self.world, self.vault, "Secret")

    @property
    def certificates(self) -> Store:
        """The vault's certificates."""
        return Store(self.world, self.vault, "Certificate")

    @property
    def recovery_level(self) -> str:
        """What the vault's retention and purge protection give (the SDK's DeletionRecoveryLevel)."""
        level = "Recoverable" if self.vault["recoverableDays"] == 90 else "CustomizedRecoverable"
        return level if self.vault["purgeProtection"] else f"{level}+Purgeable"


type Handler = Callable[[Call], Document | None]
"""Does one call and returns the body of its answer, None for 204. Raises KeyVaultError."""


class Admission:
    """Admits calls to the vaults of one world and turns handlers into routes."""

    def __init__(self, world: World, tokens: Tokens) -> None:
        self._world = world
        self._tokens = tokens
        self._quota = Quota(world)

    def routes(
        self, method: str, path: str, action: str, handle: Handler, *, status: int = 200, creates: bool = False
    ) -> list[Route]:
        """Routes for `path` with and without a trailing slash: the SDKs leave an empty version's slash.

        `action` is the data action that the caller needs; `creates` marks what the quota of creations counts.
        """

        async def endpoint(request: Request) -> Response:
            try:
                body = handle(await self._admit(request, action, creates=creates))
            except errors.KeyVaultError as error:
                return self._with_headers(error.answer(), request)
            answer = Response(status_code=204) if body is None else JSONResponse(body, status)
            return self._with_headers(answer, request)

        return [Route(spelling, endpoint, methods=[method]) for spelling in (path, f"{path}/")]

    async def _admit(self, request: Request, action: str, *, creates: bool) -> Call:
        host = request.headers["host"]
        vault = self._world.primary().get("vaults", host.partition(".")[0].casefold())
        if vault is None:
            raise errors.unknown_vault(host)
        try:
            caller = self._tokens.verify(request.headers.get("authorization"), errors.AUDIENCES)
        except TokenRefusedError as refused:
            raise errors.challenge(self._world.tenant.id, refused) from refused
        self._quota.spend(vault["name"], creates=creates)
        version = request.query_params.get("api-version", "")
        if not _API_VERSION.fullmatch(version):
            raise errors.unknown_version(version)
        name = request.path_params.get("name")
        check_access(self._world, vault, caller, action, request.url.path, name)
        return Call(
            self._world,
            vault,
            f"https://{host}",
            request.path_params,
            dict(request.query_params),
            _parsed(await request.body()),
        )

    def _with_headers(self, answer: Response, request: Request) -> Response:
        answer.headers.update(
            {
                "Cache-Control": "no-cache",
                "Pragma": "no-cache",
                "Expires": "-1",
                "x-ms-keyvault-region": "westeurope",
                "x-ms-request-id": str(uuid4()),
                "x-ms-client-request-id": request.headers.get("x-ms-client-request-id", str(uuid4())),
                "X-Content-Type-Options": "nosniff",
                "Strict-Transport-Security": "max-age=31536000;includeSubDomains",
            }
        )
        return answer


def _parsed(raw: bytes) -> dict[str, Any]:
    if not raw:
        return {}
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise errors.bad_parameter("The request body is not valid JSON.") from error
    if not isinstance(body, dict):
        raise errors.bad_parameter("The request body is not a JSON object.")
    return cast("dict[str, Any]", body)
