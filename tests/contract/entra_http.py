"""Entra's token endpoint by plain HTTP."""

from typing import Any

import httpx

from tests.contract.subject import Subject

AUTHORITY = "https://login.microsoftonline.com"


class Entra:
    """The token endpoint of the subject's tenant."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.http = httpx.Client(base_url=AUTHORITY, verify=subject.tls, timeout=60)

    def ask(self, tenant: str | None = None, **form: str) -> httpx.Response:
        """Send one token request with exactly these fields."""
        return self.http.post(f"/{tenant or self.subject.tenant_id}/oauth2/v2.0/token", data=form)

    def sign_in(self, client_id: str, secret: str, scope: str, tenant: str | None = None) -> httpx.Response:
        """Ask for a token with a client secret."""
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret, "scope": scope}
        return self.ask(tenant, **form)

    def token(self, client_id: str, secret: str, scope: str) -> str:
        """Obtain a token; a secret that is new may take its time."""
        return self.subject.expect(200, lambda: self.sign_in(client_id, secret, scope)).json()["access_token"]

    def refusal(self, expected: int, client_id: str, secret: str, scope: str) -> tuple[str, list[int]]:
        """OAuth error and AADSTS codes of the refusal that this sign-in is answered with."""
        return oauth_error(self.subject.expect(expected, lambda: self.sign_in(client_id, secret, scope)))


def oauth_error(answer: httpx.Response) -> tuple[str, list[int]]:
    """OAuth error and AADSTS codes of a refusal."""
    body: dict[str, Any] = answer.json()
    return body["error"], body["error_codes"]
