"""Two worlds behind the product's ports that must not differ: the tests' fakes, and the adapters over the doubles."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Protocol

from azure.identity.aio import DefaultAzureCredential

from devstack.doubles.graph.operations import deleted_items
from devstack.doubles.graph.store import Directory as DoubledDirectory
from devstack.environment import functions_settings
from shared import ports
from shared.adapters.entra.sign_in import EntraSignIn
from shared.adapters.graph.client import graph_service_client
from shared.adapters.graph.directory import GraphDirectory
from shared.adapters.vault.secrets import KeyVault
from tests.contract.graph_sdk import close
from tests.devstack.doubles.local import Local
from tests.fakes.clock import FakeClock
from tests.fakes.directory import FakeDirectory
from tests.fakes.faults import Faults
from tests.fakes.vault import FakeVault


class Side(Protocol):
    """The ports, and what a test does to the world behind them."""

    directory: ports.Directory
    vault: ports.Vault
    sign_in: ports.SignIn

    def now(self) -> datetime:
        """The world's time."""
        ...

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        ...

    def let_reads_lag(self, seconds: float) -> None:
        """From now on Graph's reads are so old."""
        ...

    def let_secrets_take(self, seconds: float) -> None:
        """From now on a new client secret works only after so long."""
        ...

    def delete_application(self, unique_name: str) -> None:
        """Somebody soft-deletes an application."""
        ...

    def disable_principal(self, client_id: str) -> None:
        """Somebody disables an application's service principal."""
        ...

    def delete_secret(self, name: str) -> None:
        """Somebody soft-deletes a Key Vault secret."""
        ...

    def disable_secret(self, name: str) -> None:
        """Somebody disables the newest version of a Key Vault secret."""
        ...


class FakeSide:
    """The in-memory fakes."""

    def __init__(self) -> None:
        self._clock, faults = FakeClock(), Faults()
        self._directory = FakeDirectory(self._clock, faults)
        self._vault = FakeVault(self._clock, faults)
        self.directory: ports.Directory = self._directory
        self.vault: ports.Vault = self._vault
        self.sign_in: ports.SignIn = self._directory

    def now(self) -> datetime:
        return self._clock.now()

    def advance(self, seconds: float) -> None:
        self._clock.advance(timedelta(seconds=seconds))

    def let_reads_lag(self, seconds: float) -> None:
        self._directory.lag = timedelta(seconds=seconds)

    def let_secrets_take(self, seconds: float) -> None:
        self._directory.secret_delay = timedelta(seconds=seconds)

    def delete_application(self, unique_name: str) -> None:
        self._directory.delete(unique_name)

    def disable_principal(self, client_id: str) -> None:
        self._directory.disabled.add(self._directory.principals[client_id])

    def delete_secret(self, name: str) -> None:
        self._vault.delete(name)

    def disable_secret(self, name: str) -> None:
        self._vault.disable_newest(name)


class DoubledSide:
    """The product's adapters, as the managed identity of the Functions app, over the doubles."""

    def __init__(self, local: Local, directory: GraphDirectory, vault: KeyVault, sign_in: EntraSignIn) -> None:
        self._world = local.world
        self.kept = local.world.documents
        self._vault_name = local.config.vault_name
        self.directory: ports.Directory = directory
        self.vault: ports.Vault = vault
        self.sign_in: ports.SignIn = sign_in

    def now(self) -> datetime:
        return self._world.clock.now()

    def advance(self, seconds: float) -> None:
        self._world.clock.advance(timedelta(seconds=seconds))

    def let_reads_lag(self, seconds: float) -> None:
        self.advance(seconds)  # what was there before is old enough to be seen
        self._world.weather.lag_seconds = seconds

    def let_secrets_take(self, seconds: float) -> None:
        self._world.weather.secret_activation_seconds = seconds

    def delete_application(self, unique_name: str) -> None:
        directory = DoubledDirectory(self._world)
        (found,) = directory.primary.find("applications", "uniqueName", unique_name)
        deleted_items.soft_delete(directory, "applications", "application", found)

    def disable_principal(self, client_id: str) -> None:
        (found,) = self._world.primary().find("servicePrincipals", "appId", client_id)
        self._world.documents.put("servicePrincipals", found["id"], found | {"accountEnabled": False})

    def delete_secret(self, name: str) -> None:
        now = int(self._world.clock.time())
        self._change_secret(name, {"deletedDate": now, "scheduledPurgeDate": now + 90 * 86_400})

    def disable_secret(self, name: str) -> None:
        versions = self._secret(name)["versions"]
        versions[-1]["attributes"]["enabled"] = False
        self._change_secret(name, {"versions": versions})

    def _secret(self, name: str) -> dict[str, Any]:
        secret = self._world.primary().get("vaultSecrets", f"{self._vault_name}/{name}".casefold())
        assert secret is not None
        return secret

    def _change_secret(self, name: str, changes: dict[str, Any]) -> None:
        key = f"{self._vault_name}/{name}".casefold()
        self._world.documents.put("vaultSecrets", key, self._secret(name) | changes)


def registrar_environment(local: Local) -> dict[str, str]:
    """The Functions app's settings, as far as identities and the network are concerned."""
    settings = functions_settings(local.config, local.state)
    return {name: value for name, value in settings.items() if not name.startswith(("AzureWebJobs", "FUNCTIONS_"))}


@asynccontextmanager
async def doubled_side(local: Local) -> AsyncGenerator[DoubledSide]:
    """Wire the adapters as `shared.bootstrap` does; the environment has to be the registrar's."""
    async with DefaultAzureCredential() as credential:
        client = graph_service_client(credential)
        vault = KeyVault(credential, lambda _: local.config.vault_url, [local.config.vault_url])
        try:
            yield DoubledSide(local, GraphDirectory(client), vault, EntraSignIn(local.config.tenant_id))
        finally:
            await close(client)
            await vault.close()
