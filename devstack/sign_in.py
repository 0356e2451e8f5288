"""Sign in to a running stack as one of its seeded people: authorization code with PKCE, as the Azure CLI does it."""

import base64
import hashlib
import secrets
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from devstack.config import StackConfig
from devstack.microsoft import AZURE_CLI
from devstack.project import project
from devstack.stack import Stack

_REDIRECT = "http://localhost:8400"


class SignInFailedError(Exception):
    """Entra refused; the text is its own."""


def user_token(stack: Stack, name: str, scope: str | None = None) -> str:
    """An access token of `name` (the part before the @), for the app's API unless `scope` says otherwise.

    Raises SignInFailedError.
    """
    return sign_in(stack.config, stack.environment(), name, scope)["access_token"]


def sign_in(config: StackConfig, environment: Mapping[str, str], name: str, scope: str | None = None) -> dict[str, Any]:
    """The token endpoint's whole answer; with `openid` in the scope there is an ID token. Raises SignInFailedError.

    `environment` is what `devstack env` prints.
    """
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    asked = {
        "client_id": AZURE_CLI,
        "response_type": "code",
        "redirect_uri": _REDIRECT,
        "scope": scope or f"api://{config.api.client_id}/{project().api.scope}",
        "login_hint": f"{name}@{project().tenant.domain}",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    context = ssl.create_default_context(cafile=environment["SSL_CERT_FILE"])
    base = f"https://login.microsoftonline.com/{config.tenant_id}/oauth2/v2.0"
    with httpx.Client(proxy=environment["HTTPS_PROXY"], verify=context, trust_env=False, timeout=30) as client:
        shown = client.get(f"{base}/authorize", params=asked)
        location: str = shown.headers.get("location", "")
        back = parse_qs(urlsplit(location).query)
        if "code" not in back:
            raise SignInFailedError(back.get("error_description", [shown.text])[0])
        redeemed = {
            "grant_type": "authorization_code",
            "client_id": AZURE_CLI,
            "code": back["code"][0],
            "redirect_uri": _REDIRECT,
            "code_verifier": verifier,
        }
        answer = client.post(f"{base}/token", data=redeemed)
    if not answer.is_success:
        raise SignInFailedError(answer.json()["error_description"])
    return answer.json()
