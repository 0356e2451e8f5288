"""Drives a running stack as its users do: over queues, HTTP and the services' own interfaces, and nothing else."""

import base64
import json
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from azure.core.exceptions import ResourceNotFoundError
from azure.identity import CertificateCredential, ClientSecretCredential
from azure.keyvault.secrets import SecretClient
from azure.keyvault.secrets._shared import http_challenge_cache

from demo.queues import INTAKE, RESULTS
from devstack.config import Client
from devstack.services import HostName, host_url
from devstack.stack import Stack
from tests.e2e.inbox import Inbox
from tests.e2e.mailboxes import open_mailboxes

EXAMPLES = Path(__file__).parents[2] / "examples"
_QUIET_SECONDS = 0.8
"""How long nothing comes before the clock is moved: a look takes longer on Service Bus than on a storage queue."""
RESOURCE = "https://digitaltwins.azure.net"


def request(request_id: str, unique_name: str, **application: Any) -> dict[str, Any]:
    """The README's request for another app, with parts of `application` changed."""
    made = json.loads((EXAMPLES / "azure-digital-twins.json").read_text())
    made["requestId"] = request_id
    made["application"] |= {"uniqueName": unique_name, **application}
    return made


def rotation(request_id: str, unique_name: str, **changes: Any) -> dict[str, Any]:
    """The request of `examples/rotate.json` for another app, with top-level fields changed."""
    made = json.loads((EXAMPLES / "rotate.json").read_text())
    return made | {"requestId": request_id, "application": {"uniqueName": unique_name}} | changes


@dataclass
class Driver:
    """One requester, one administrator and one operator of a stack."""

    stack: Stack
    inbox: Inbox = field(default_factory=lambda: Inbox(RESULTS))
    """Every answer that was taken off the queue; give it to the next driver when the stack is started again."""

    def send(self, body: dict[str, Any] | bytes) -> None:
        """Put a request on the intake queue."""
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        with open_mailboxes(self.environment) as mailboxes:
            mailboxes.put(INTAKE, text)

    def answer(self, request_id: str, *, moving_clock: bool = False, within: float = 40) -> dict[str, Any]:
        """Wait for the next answer to a request; with `moving_clock`, stack time passes instead of wall time."""
        moved = time.monotonic()

        def look() -> dict[str, Any] | None:
            nonlocal moved
            answer = self.inbox.next_to(request_id)
            if answer is None:
                self.inbox.drain(self.environment)
                answer = self.inbox.next_to(request_id)
            if answer is not None:
                return answer
            if moving_clock and time.monotonic() - moved > _QUIET_SECONDS:
                self.advance(15)
                moved = time.monotonic()
            return None

        return eventually(look, f"the answer to {request_id}", within)

    def ask(self, body: dict[str, Any], *, moving_clock: bool = False) -> dict[str, Any]:
        """Send a request and wait for its answer."""
        self.send(body)
        return self.answer(body["requestId"], moving_clock=moving_clock)

    def advance(self, seconds: float) -> None:
        """Move the stack clock."""
        self.control("POST", "/clock", {"advanceSeconds": seconds})

    def weather(self, **weather: Any) -> None:
        """Change the weather; no argument makes it fine again."""
        self.control("PUT", "/weather", weather)

    def fault(self, **fault: Any) -> None:
        """Script one fault."""
        self.control("POST", "/faults", fault)

    def calls(self) -> dict[str, dict[str, int]]:
        """Calls so far, by service and route."""
        return self.control("GET", "/calls")

    def control(self, method: str, path: str, body: object = None) -> Any:
        """Call the control plane."""
        url = f"http://127.0.0.1:{self.stack.config.ports.control}{path}"
        # Plain HTTP: reading certificates that nobody asks for would take longer than the call.
        answer = httpx.request(method, url, json=body, trust_env=False, verify=False)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def worker_process_id(self, host: HostName = "host") -> int:
        """Process id of the worker that runs a host's functions."""
        url = f"{host_url(self.stack.config, host)}/admin/host/status"
        return httpx.get(url, trust_env=False, verify=False).json()["workerProcessId"]

    def start(self, function: str) -> None:
        """Have the host start a function, also a disabled one, as an operator would."""
        self._functions("POST", f"/{function}", {"input": ""})

    def timers(self) -> list[str]:
        """Names of the functions that a timer starts."""
        functions = self._functions("GET", "").json()
        return [one["name"] for one in functions if one["config"]["bindings"][0]["type"] == "timerTrigger"]

    def _functions(self, method: str, path: str, body: object = None) -> httpx.Response:
        url = f"{host_url(self.stack.config, 'host')}/admin/functions{path}"
        return httpx.request(method, url, json=body, trust_env=False, verify=False, timeout=60).raise_for_status()

    def graph(self, path: str, body: dict[str, Any] | None = None, method: str = "POST") -> dict[str, Any]:
        """Read from Graph as the administrator, or post a body, or send it otherwise."""
        token = self.credential(self.stack.config.administrator).get_token("https://graph.microsoft.com/.default")
        context = ssl.create_default_context(cafile=self.environment["SSL_CERT_FILE"])
        with httpx.Client(proxy=self.environment["HTTPS_PROXY"], verify=context, trust_env=False) as client:
            answer = client.request(
                method if body else "GET",
                f"https://graph.microsoft.com/v1.0{path}",
                headers={"Authorization": f"Bearer {token.token}"},
                json=body,
            )
        assert answer.is_success, answer.text
        return answer.json() if answer.content else {}

    def remove_password(self, object_id: str, key_id: str) -> None:
        """Remove a credential, as an administrator by hand."""
        self.graph(f"/applications/{object_id}/removePassword", {"keyId": key_id})

    def applications(self, unique_name: str) -> list[dict[str, Any]]:
        """All applications with this uniqueName, by listing, not by the alternate key that allows one only."""
        found = self.graph("/applications?$top=999")["value"]
        return [app for app in found if app["uniqueName"] == unique_name]

    def vault(self, identity: Client) -> SecretClient:
        """Key Vault as one of the seeded identities."""
        # The SDK keeps a vault's challenge, and so its tenant, per process: another stack has another tenant.
        http_challenge_cache.clear()
        return SecretClient(self.stack.config.vault_url, self.credential(identity), **self._network)

    def stored(self, unique_name: str, credential: str = "client-secret") -> str:
        """Value of a credential, read by the requester who holds nothing but Key Vault Secrets User."""
        return self.vault(self.stack.config.clients["requester"]).get_secret(f"{unique_name}--{credential}").value or ""

    def stored_or_none(self, unique_name: str) -> str | None:
        """As `stored`, None while there is nothing."""
        try:
            return self.stored(unique_name)
        except ResourceNotFoundError:
            return None

    def sign_in(self, client_id: str, secret: str) -> str:
        """Sign in as the new app; the token."""
        credential = ClientSecretCredential(self.stack.config.tenant_id, client_id, secret, **self._network)
        return credential.get_token(f"{RESOURCE}/.default").token

    def sign_in_with_certificate(self, client_id: str, pair: str) -> str:
        """Sign in as the new app with a certificate as the vault keeps it: PFX in base64; the token."""
        credential = CertificateCredential(
            self.stack.config.tenant_id, client_id, certificate_data=base64.b64decode(pair), **self._network
        )
        return credential.get_token(f"{RESOURCE}/.default").token

    def credential(self, identity: Client) -> ClientSecretCredential:
        """Credential of a seeded identity."""
        return ClientSecretCredential(
            self.stack.config.tenant_id, identity.client_id, identity.client_secret, **self._network
        )

    def messages(self, queue: str) -> list[dict[str, Any]]:
        """The messages that wait on a queue, left there."""
        with open_mailboxes(self.environment) as mailboxes:
            return [json.loads(text) for text in mailboxes.visible(queue)]

    @property
    def environment(self) -> dict[str, str]:
        """What `make env` prints."""
        return self.stack.environment()

    @property
    def _network(self) -> dict[str, Any]:
        return {
            "proxies": {"https": self.environment["HTTPS_PROXY"]},
            "connection_verify": self.environment["SSL_CERT_FILE"],
            "use_env_settings": False,
        }


def eventually[T](look: Callable[[], T | None], what: str, within: float = 40) -> T:
    """Look until there is something; fails after `within` seconds of wall time."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        found = look()
        if found is not None:
            return found
        time.sleep(0.1)
    raise AssertionError(f"gave up waiting for {what}")
