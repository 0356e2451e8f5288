"""Clients as they are: each reads its secret by a rule of its own, and asks the token endpoint, never a cache."""

import ssl
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
from pydantic import SecretStr

from doctor.collect.vault import assertion_form
from tests.e2e.driver import RESOURCE, Driver

_API = "api-version=7.5"
_SIGN_IN = "https://login.microsoftonline.com"


@dataclass(frozen=True)
class Kept:
    """What one read of the vault gave. The value is a test's, of a stack that is thrown away."""

    value: str
    key_id: str
    is_certificate: bool


@dataclass
class Client:
    """One client of one app. `keeps` is how long it goes on with what it has read, None for ever."""

    kind: str
    keeps: timedelta | None
    follows_events: bool = False
    kept: Kept | None = None
    read_at: datetime | None = None
    seen_events: int = 0

    def secret(self, now: datetime, events: int, read: Callable[[], Kept]) -> Kept:
        """What it signs in with now. `events` is how many rotations of its app it was told of."""
        is_old = self.keeps is not None and self.read_at is not None and now - self.read_at >= self.keeps
        if self.kept is None or is_old or (self.follows_events and events > self.seen_events):
            self.kept, self.read_at, self.seen_events = read(), now, events
        return self.kept


RULES = (
    "reads every time",
    "keeps it for half the overlap",
    "keeps it for the overlap less a minute",
    "follows events",
)
"""The kinds that keep the rules: none of them may ever be refused."""
CARELESS = "keeps it for ever"


def clients(overlap: timedelta) -> list[Client]:
    """One of each kind."""
    newest, half, nearly, follower = RULES
    return [
        Client(newest, timedelta(0)),
        Client(half, overlap / 2),
        Client(nearly, overlap - timedelta(minutes=1)),
        Client(follower, None, follows_events=True),
        Client(CARELESS, None),
    ]


class Services:
    """The vault as the requester reads it, and the token endpoint, over plain HTTPS."""

    def __init__(self, driver: Driver, http: httpx.Client) -> None:
        self._driver = driver
        self._http = http
        config = driver.stack.config
        self._endpoint = f"{_SIGN_IN}/{config.tenant_id}/oauth2/v2.0/token"
        self._vault = config.vault_url.rstrip("/")
        self._token = ""

    def begin_look(self) -> None:
        """Get a fresh token for the vault."""
        requester = self._driver.stack.config.clients["requester"]
        proof = {"client_secret": requester.client_secret}
        answer = self._ask(requester.client_id, proof, "https://vault.azure.net")
        self._token = answer.raise_for_status().json()["access_token"]

    def newest(self, unique_name: str, credential: str) -> Kept:
        """Read the newest version of an app's credential."""
        url = f"{self._vault}/secrets/{unique_name}--{credential}?{_API}"
        body = self._http.get(url, headers={"Authorization": f"Bearer {self._token}"}).raise_for_status().json()
        return Kept(body["value"], body["tags"]["keyId"], body["contentType"] == "application/x-pkcs12")

    def signs_in(self, client_id: str, kept: Kept) -> bool:
        """Ask for a token; False when the credential is refused. Raises for any other refusal."""
        if kept.is_certificate:
            proof = assertion_form(SecretStr(kept.value), client_id, self._endpoint)
        else:
            proof = {"client_secret": kept.value}
        answer = self._ask(client_id, proof, RESOURCE)
        if answer.status_code in (httpx.codes.BAD_REQUEST, httpx.codes.UNAUTHORIZED):
            codes = answer.json().get("error_codes", [])
            if codes and set(codes) <= {7000215, 7000222, 700027}:
                return False
        answer.raise_for_status()
        return True

    def _ask(self, client_id: str, proof: Mapping[str, str], resource: str) -> httpx.Response:
        return self._http.post(
            self._endpoint,
            data={
                "grant_type": "client_credentials",
                "client_id": client_id,
                "scope": f"{resource}/.default",
                **proof,
            },
        )


@contextmanager
def services(driver: Driver) -> Generator[Services]:
    """Open connections to the stack's services."""
    environment: dict[str, Any] = driver.environment
    context = ssl.create_default_context(cafile=environment["SSL_CERT_FILE"])
    with httpx.Client(proxy=environment["HTTPS_PROXY"], verify=context, trust_env=False, timeout=60) as http:
        yield Services(driver, http)
