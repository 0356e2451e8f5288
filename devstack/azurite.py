"""How Azurite, Microsoft's emulator of queues, tables and blobs, is started as part of the local stack."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devstack.project import REPOSITORY

ENTRY_POINT = REPOSITORY / "node_modules/azurite/dist/src/azurite.js"
PRELOADED = tuple(Path(__file__).with_name(name) for name in ("azurite_clock.cjs", "azurite_telemetry.cjs"))

# The development account that every storage emulator and SDK knows
# (Microsoft Learn, "Connect to Azurite with SDKs and tools"); not a secret.
ACCOUNT_NAME = "devstoreaccount1"
ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

# Azurite closes an idle connection after 5 s by default, which races with the SDKs' pooled connections.
KEEP_ALIVE_SECONDS = 120


@dataclass(frozen=True)
class AzuritePorts:
    """The three ports on loopback."""

    blob: int
    queue: int
    table: int


@dataclass(frozen=True)
class Azurite:
    """One Azurite process that keeps its data in `location` and takes the time from `clock_file`.

    With `certificate` and `private_key` (PEM files) it speaks HTTPS and also accepts bearer tokens
    (`--oauth basic`: issuer and audience are checked, the signature is not, nor any role). `in_memory` keeps nothing:
    Azurite otherwise writes its whole database anew every five seconds. For little data: what it keeps of thousands of
    queue messages it removes one by one, and looks at all that is left each time.
    """

    location: Path
    clock_file: Path
    ports: AzuritePorts
    certificate: Path | None = None
    private_key: Path | None = None
    in_memory: bool = False

    def command(self) -> tuple[list[str], dict[str, str]]:
        """What to start: the argument vector, and variables to set on top of the caller's environment.

        Raises FileNotFoundError when the npm packages are not installed.
        """
        if not ENTRY_POINT.is_file():
            raise FileNotFoundError(f"{ENTRY_POINT} is missing: run `npm ci` in {REPOSITORY}")
        # SDKs speak newer API versions than Azurite lists; its telemetry is on by default.
        arguments = ["--silent", "--disableTelemetry", "--skipApiVersionCheck"]
        arguments += ["--inMemoryPersistence"] if self.in_memory else ["--location", str(self.location)]
        for service, port in vars(self.ports).items():
            arguments += [f"--{service}Host", "127.0.0.1", f"--{service}Port", str(port)]
            arguments += [f"--{service}KeepAliveTimeout", str(KEEP_ALIVE_SECONDS)]
        if self.certificate and self.private_key:
            arguments += ["--oauth", "basic", "--cert", str(self.certificate), "--key", str(self.private_key)]
        node = ["node", *(part for script in PRELOADED for part in ("--require", str(script))), str(ENTRY_POINT)]
        return [*node, *arguments], {"DEVSTACK_CLOCK_FILE": str(self.clock_file.resolve())}

    def environment(self, base: Mapping[str, str] = os.environ) -> dict[str, str]:
        """The whole environment of the process: `base` and what `command` adds."""
        return {**base, **self.command()[1]}

    def is_ready(self) -> bool:
        """Return whether all three services accept connections; cheap enough to be asked every few milliseconds."""
        return all(_accepts(port) for port in vars(self.ports).values())

    def endpoint(self, service: str) -> str:
        """The URL of the development account at "blob", "queue" or "table", as SDKs and app settings take it."""
        return f"{self.origin(service)}/{ACCOUNT_NAME}"

    def origin(self, service: str) -> str:
        """Scheme, host and port of one of the services."""
        scheme = "https" if self.certificate else "http"
        return f"{scheme}://127.0.0.1:{vars(self.ports)[service]}"

    def connection_string(self) -> str:
        """The development account's connection string with this process's ports."""
        parts = {
            "DefaultEndpointsProtocol": "https" if self.certificate else "http",
            "AccountName": ACCOUNT_NAME,
            "AccountKey": ACCOUNT_KEY,
            **{f"{service.capitalize()}Endpoint": self.endpoint(service) for service in vars(self.ports)},
        }
        return ";".join(f"{name}={value}" for name, value in parts.items()) + ";"


def _accepts(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
