"""People sign in: authorization code with PKCE, and device code (Microsoft Learn, v2-oauth2-auth-code-flow and
v2-oauth2-device-code).

The doubles have no passwords and no page: the caller says in `login_hint` which of the seeded people sits at the
browser. Refresh tokens are not handed out. Codes live in memory, so that a restart forgets them.
"""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, Literal
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from devstack.doubles.documents import Document
from devstack.doubles.entra import errors, user_errors
from devstack.doubles.entra.presentation import access_claims, id_claims
from devstack.doubles.entra.rules.clients import check_secret, find_client
from devstack.doubles.entra.rules.people import ScopeRequest, UserClient, find_user, find_user_client, read_scope
from devstack.doubles.entra.rules.tenants import check_tenant
from devstack.doubles.tokens import LIFETIME_SECONDS, Tokens
from devstack.doubles.world import World

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
CODE_GRANT = "authorization_code"
_CODE_LASTS = 600
_DEVICE_CODE_LASTS = 900
_INTERVAL = 5
_VERIFICATION_PAGE = "https://login.microsoftonline.com/common/oauth2/deviceauth"
_CHALLENGES = range(43, 129)


@dataclass
class _Code:
    """An authorization code: what it was given out for."""

    client_id: str
    redirect: str
    user_id: str
    scope: str
    challenge: tuple[str, str] | None  # method and value
    nonce: str | None
    expires: float
    is_redeemed: bool = False


@dataclass
class _Device:
    """A device that waits for its code to be typed in."""

    client_id: str
    scope: str
    user_code: str
    expires: float
    state: Literal["pending", "approved", "declined", "redeemed"] = "pending"
    user_id: str = ""
    polled_at: float | None = None


class UserSignIn:
    """The endpoints that people's browsers and devices talk to."""

    def __init__(self, world: World, tokens: Tokens) -> None:
        self._world = world
        self._tokens = tokens
        self._codes: dict[str, _Code] = {}
        self._devices: dict[str, _Device] = {}

    async def authorize(self, request: Request) -> Response:
        """Sign in whom `login_hint` names, and send the browser back with a code.

        What is wrong with client or redirect URI is shown here; everything else goes back to the client.
        """
        given = dict(request.query_params)
        try:
            check_tenant(self._world, request.path_params["tenant"])
            client = find_user_client(self._world, needed(given, "client_id"))
            redirect = needed(given, "redirect_uri")
            if not client.has_redirect(redirect):
                raise user_errors.wrong_redirect(redirect, client.app_id)
        except errors.SignInRefusedError as refused:
            return errors.answer(refused, self._world.clock.now())
        try:
            back = {"code": self._new_code(client, redirect, given)}
        except errors.SignInRefusedError as refused:
            back = {"error": refused.error, "error_description": str(refused)}
        if "state" in given:
            back["state"] = given["state"]
        return _sent_back(redirect, back, given.get("response_mode", "query"))

    async def device_code(self, request: Request) -> Response:
        """Hand out the two codes of a device."""
        async with request.form() as form:
            given = {name: value for name, value in form.items() if isinstance(value, str)}
        try:
            check_tenant(self._world, request.path_params["tenant"])
            client = find_user_client(self._world, needed(given, "client_id"))
            scope = needed(given, "scope")
            read_scope(self._world, client, scope)
        except errors.SignInRefusedError as refused:
            return errors.answer(refused, self._world.clock.now())
        code, user_code = secrets.token_urlsafe(48), secrets.token_hex(5).upper()[:9]
        self._devices[code] = _Device(client.app_id, scope, user_code, self._now() + _DEVICE_CODE_LASTS)
        body = {
            "user_code": user_code,
            "device_code": code,
            "verification_uri": _VERIFICATION_PAGE,
            "expires_in": _DEVICE_CODE_LASTS,
            "interval": _INTERVAL,
            "message": f"To sign in, use a web browser to open the page {_VERIFICATION_PAGE} and enter the code"
            f" {user_code} to authenticate.",
        }
        return JSONResponse(body, headers=errors.NO_STORE)

    async def device_page(self, request: Request) -> Response:
        """Type in a device's code (`otc`) as `login_hint`; `decline` says no to it. Stands in for Entra's page."""
        async with request.form() as form:
            given = {name: value for name, value in form.items() if isinstance(value, str)}
        try:
            user = find_user(self._world, needed(given, "login_hint"))
            typed = needed(given, "otc").strip().upper()
            waiting = [each for each in self._devices.values() if each.user_code == typed and each.state == "pending"]
            if not waiting or self._now() >= waiting[0].expires:
                raise user_errors.device_unknown()
        except errors.SignInRefusedError as refused:
            return errors.answer(refused, self._world.clock.now())
        waiting[0].state, waiting[0].user_id = ("declined" if "decline" in given else "approved"), user["id"]
        return JSONResponse({"state": waiting[0].state})

    def redeem(self, given: Mapping[str, str]) -> dict[str, Any]:
        """Answer a token request of one of the two grants. Raises SignInRefusedError."""
        client = find_user_client(self._world, needed(given, "client_id"))
        self._check_client(client, given)
        if needed(given, "grant_type") == DEVICE_GRANT:
            user_id, scope, nonce = self._redeem_device(client, given)
        else:
            user_id, scope, nonce = self._redeem_code(client, given)
        user = self._world.primary().get("users", user_id)
        if user is None:
            raise user_errors.unknown_user(user_id, self._world.tenant.display_name)
        if user.get("accountEnabled") is False:
            raise user_errors.blocked_user()
        return self._answer(client, user, read_scope(self._world, client, scope), nonce)

    def _answer(self, client: UserClient, user: Document, asked: ScopeRequest, nonce: str | None) -> dict[str, Any]:
        version = asked.resource.version
        token = self._tokens.sign(access_claims(self._world, client, user, asked), version=version)
        body: dict[str, Any] = {
            "token_type": "Bearer",
            "scope": " ".join(asked.scopes),
            "expires_in": LIFETIME_SECONDS,
            "ext_expires_in": LIFETIME_SECONDS,
            "access_token": token.text,
        }
        if asked.with_id_token:
            body["id_token"] = self._tokens.sign(id_claims(self._world, client, user, nonce), version="2.0").text
        return body

    def _new_code(self, client: UserClient, redirect: str, given: Mapping[str, str]) -> str:
        if (kind := given.get("response_type", "")) != "code":
            raise user_errors.unsupported_response_type(kind)
        scope = needed(given, "scope")
        if not (name := given.get("login_hint")):
            raise user_errors.nobody_signed_in()
        user = find_user(self._world, name)
        access_claims(self._world, client, user, read_scope(self._world, client, scope))
        code = secrets.token_urlsafe(64)
        expires = self._now() + _CODE_LASTS
        self._codes[code] = _Code(
            client.app_id, redirect, user["id"], scope, _challenge(given), given.get("nonce"), expires
        )
        return code

    def _check_client(self, client: UserClient, given: Mapping[str, str]) -> None:
        secret = given.get("client_secret")
        if client.is_public:
            if secret or given.get("client_assertion"):
                raise user_errors.secret_of_public_client()
            return
        if not secret:
            raise user_errors.secret_missing()
        check_secret(find_client(self._world, client.app_id), secret, self._world.clock.now())

    def _redeem_code(self, client: UserClient, given: Mapping[str, str]) -> tuple[str, str, str | None]:
        code = self._codes.get(needed(given, "code"))
        if code is None or code.client_id != client.app_id:
            raise user_errors.malformed_grant()
        if code.is_redeemed:
            raise user_errors.redeemed_code()
        if self._now() >= code.expires:
            raise user_errors.expired_code()
        if (redirect := needed(given, "redirect_uri")) != code.redirect:
            raise user_errors.other_redirect(redirect, code.redirect)
        if code.challenge is not None and not _fits(code.challenge, given.get("code_verifier", "")):
            raise user_errors.wrong_verifier()
        code.is_redeemed = True
        return code.user_id, code.scope, code.nonce

    def _redeem_device(self, client: UserClient, given: Mapping[str, str]) -> tuple[str, str, str | None]:
        device = self._devices.get(needed(given, "device_code"))
        if device is None or device.client_id != client.app_id or device.state == "redeemed":
            raise user_errors.device_unknown()
        now, before = self._now(), device.polled_at
        device.polled_at = now
        if now >= device.expires:
            raise user_errors.device_expired()
        if device.state == "declined":
            raise user_errors.device_declined()
        if before is not None and now - before < _INTERVAL:
            raise user_errors.device_too_fast()
        if device.state == "pending":
            raise user_errors.device_pending()
        device.state = "redeemed"
        return device.user_id, device.scope, None

    def _now(self) -> float:
        return self._world.clock.time()


def _sent_back(redirect: str, back: Mapping[str, str], mode: str) -> Response:
    """The browser goes back to the client, as it asked: by its address, or with a form that posts itself."""
    if mode == "form_post":
        fields = "".join(f'<input type="hidden" name="{name}" value="{escape(back[name])}">' for name in back)
        form = f'<form method="POST" action="{escape(redirect)}">{fields}</form>'
        page = f"<html><head><title>Working...</title></head><body>{form}<script>document.forms[0].submit();</script>"
        return HTMLResponse(f"{page}</body></html>", headers=errors.NO_STORE)
    mark = "#" if mode == "fragment" else "?"
    return RedirectResponse(f"{redirect}{mark}{urlencode(back)}", 302, errors.NO_STORE)


def needed(given: Mapping[str, str], name: str) -> str:
    """A parameter that has to be there. Raises SignInRefusedError."""
    if not (value := given.get(name)):
        raise errors.missing_parameter(name)
    return value


def _challenge(given: Mapping[str, str]) -> tuple[str, str] | None:
    value, method = given.get("code_challenge"), given.get("code_challenge_method", "plain")
    if value is None:
        return None
    if method not in ("plain", "S256") or len(value) not in _CHALLENGES:
        raise user_errors.wrong_challenge(method)
    return method, value


def _fits(challenge: tuple[str, str], verifier: str) -> bool:
    """Return whether a verifier is the one that the challenge was made of (RFC 7636, 4.6)."""
    method, value = challenge
    if method == "S256":
        verifier = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    return secrets.compare_digest(verifier.encode(), value.encode())
