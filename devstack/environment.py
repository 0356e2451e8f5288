"""The environments of the stack's processes and of the user's own scripts.

Standard clients are sent to the doubles through the CONNECT proxy, by `HTTPS_PROXY`, and trust them by the stack's CA.
Nothing else differs from Azure.
"""

import os
from dataclasses import replace
from pathlib import Path

from devstack.azurite import Azurite, AzuritePorts
from devstack.certificates import Certificates
from devstack.config import StackConfig, StateFolder
from devstack.project import project

_FOREIGN_PREFIXES = ("AZURE_", "AZUREWEBJOBS", "FUNCTIONS_", "IDENTITY_", "MSI_", "WEBSITE_", "DEVSTACK_")
_FOREIGN_SUFFIXES = ("_PROXY",)


def own_environment() -> dict[str, str]:
    """The caller's environment without what would lead to another cloud or through another proxy."""
    foreign = (*_FOREIGN_PREFIXES, *project().app.withheld)
    return {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(foreign) and not name.upper().endswith(_FOREIGN_SUFFIXES)
    }


def network_environment(config: StackConfig, state: Path) -> dict[str, str]:
    """Proxy and CA for any standard client: Python's requests, httpx and aiohttp, Node, curl."""
    proxy = f"http://127.0.0.1:{config.ports.proxy}"
    local = "localhost,127.0.0.1"
    authority = str(Certificates(StateFolder(state.absolute()).certificates).ca)
    return {
        "HTTPS_PROXY": proxy,
        "https_proxy": proxy,
        "NO_PROXY": local,
        "no_proxy": local,
        "SSL_CERT_FILE": authority,
        "REQUESTS_CA_BUNDLE": authority,
        "CURL_CA_BUNDLE": authority,
        "NODE_EXTRA_CA_CERTS": authority,
    }


def client_environment(config: StackConfig, state: Path) -> dict[str, str]:
    """What any script needs to work against the running stack; `devstack env` prints it.

    The administrator may manage all applications, consent and policies, and holds full rights on the vaults; what the
    other clients hold, `devstack.toml` says.
    """
    programs = {"ADMIN": config.administrator, **{name.upper(): client for name, client in config.clients.items()}}
    credentials = {
        f"DEVSTACK_{name}_CLIENT_{kind}": value
        for name, client in programs.items()
        for kind, value in (("ID", client.client_id), ("SECRET", client.client_secret))
    }
    return {
        "AZURE_TENANT_ID": config.tenant_id,
        **credentials,
        **config.filled_in(project().client_environment),
        "AZURE_STORAGE_CONNECTION_STRING": azurite(config, state).connection_string(),
        "DEVSTACK_CONTROL_URL": f"http://127.0.0.1:{config.ports.control}",
        "DEVSTACK_FUNCTIONS_URL": f"http://127.0.0.1:{config.ports.functions}",
        **network_environment(config, state),
    }


def functions_settings(config: StackConfig, state: Path) -> dict[str, str]:
    """The Functions app's settings: those of the platform, those of `devstack.toml`, and the way to the doubles."""
    return {
        **_storage_settings(config, state),
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "AZURE_TENANT_ID": config.tenant_id,
        "AZURE_CLIENT_ID": config.app.client_id,
        "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
        "IDENTITY_ENDPOINT": f"http://127.0.0.1:{config.ports.identity}/msi/token",
        "IDENTITY_HEADER": config.identity_header,
        **config.filled_in(project().app.settings),
        **network_environment(config, state),
    }


def azurite(config: StackConfig, state: Path) -> Azurite:
    """The Azurite of one stack."""
    folder = StateFolder(state.absolute())
    certificates = Certificates(folder.certificates) if config.identity_based_storage else None
    return Azurite(
        location=folder.azurite,
        clock_file=folder.clock,
        ports=AzuritePorts(blob=config.ports.blob, queue=config.ports.queue, table=config.ports.table),
        certificate=certificates and certificates.server,
        private_key=certificates and certificates.server_key,
    )


def _storage_settings(config: StackConfig, state: Path) -> dict[str, str]:
    # Microsoft Learn, functions-reference, "Connecting to host storage with an identity".
    storage = azurite(config, state)
    if config.recording:
        ports = config.ports
        storage = replace(storage, ports=AzuritePorts(ports.blob_gateway, ports.queue_gateway, ports.table_gateway))
    if not config.identity_based_storage:
        return {"AzureWebJobsStorage": storage.connection_string()}
    services = ("blob", "queue", "table")
    return {
        **{f"AzureWebJobsStorage__{service}ServiceUri": storage.endpoint(service) for service in services},
        "AzureWebJobsStorage__credential": "managedidentity",
        "AzureWebJobsStorage__clientId": config.app.client_id,
    }
