"""What sits the exam: the local doubles, or a real tenant that the environment names.

A test says what is so; `Subject` knows how long that may take to show. The doubles answer at once, and their clock
is moved; a real tenant is given up to `patience` seconds, and waited for.
"""

import os
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from uuid import uuid4

import certifi
import httpx

from tests.devstack.doubles.local import Local

_VARIABLES = ("CONTRACT_TENANT_ID", "CONTRACT_CLIENT_ID", "CONTRACT_CLIENT_SECRET", "CONTRACT_KEY_VAULT_URL")
_TENANT_PATIENCE = 90.0
_PAUSE = 2.0


@dataclass(frozen=True)
class Subject:
    """A tenant with a vault, and an application that may administer both.

    `environment` is what leads clients there; `advance` moves the clock of a subject that has one of its own.
    """

    tenant_id: str
    client_id: str
    client_secret: str
    vault_url: str
    environment: Mapping[str, str]
    patience: float
    now: Callable[[], datetime]
    advance: Callable[[timedelta], object] | None = None

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """The environment's roots, as httpx would read them for each of its clients anew."""
        return ssl.create_default_context(cafile=self.environment.get("SSL_CERT_FILE", certifi.where()))

    def unique(self, prefix: str = "contract") -> str:
        """A name that nobody else uses, good for a uniqueName and for a secret."""
        return f"{prefix}-{uuid4().hex[:12]}"

    def wait(self, seconds: float) -> None:
        """Let so much of the subject's time pass."""
        if self.advance is not None:
            self.advance(timedelta(seconds=seconds))
        else:
            time.sleep(seconds)

    def eventually[T](self, check: Callable[[], T]) -> T:
        """Return what `check` returns, once it no longer raises AssertionError; its last one when patience ends."""
        deadline = time.monotonic() + self.patience
        while True:
            try:
                return check()
            except AssertionError:
                if time.monotonic() >= deadline:
                    raise
            time.sleep(_PAUSE)

    def expect(self, status: int, send: Callable[[], httpx.Response]) -> httpx.Response:
        """Send a request until it is answered with this status."""

        def once() -> httpx.Response:
            answer = send()
            assert answer.status_code == status, f"{answer.status_code} instead of {status}: {answer.text}"
            return answer

        return self.eventually(once)


def local_subject(local: Local) -> Subject:
    """The doubles: consistent at once, so a wrong first answer is a wrong answer."""
    administrator = local.config.administrator
    return Subject(
        tenant_id=local.config.tenant_id,
        client_id=administrator.client_id,
        client_secret=administrator.client_secret,
        vault_url=local.config.vault_url,
        environment=local.environment,
        patience=0,
        now=local.world.clock.now,
        advance=local.world.clock.advance,
    )


def tenant_subject() -> Subject | None:
    """The real tenant of the environment, None without one. Raises ValueError when only some variables are set."""
    given = {name: os.environ[name] for name in _VARIABLES if os.environ.get(name)}
    if not given:
        return None
    missing = [name for name in _VARIABLES if name not in given]
    if missing:
        raise ValueError(f"to run the contract tests against a tenant, set {', '.join(missing)} too")
    tenant_id, client_id, client_secret, vault_url = (given[name] for name in _VARIABLES)
    return Subject(
        tenant_id=tenant_id,
        client_id=client_id,
        client_secret=client_secret,
        vault_url=vault_url.rstrip("/"),
        environment=os.environ,
        patience=_TENANT_PATIENCE,
        now=lambda: datetime.now(UTC),
    )
