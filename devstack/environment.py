"""The environments of the stack's processes and of the user's own scripts.

The whole trick of the local stack lies here: standard clients are sent through the CONNECT proxy to the
doubles by `HTTPS_PROXY`, and trust them by the stack's CA. Nothing else differs from Azure.
"""

import os
from dataclasses import replace
from pathlib import Path

from devstack.azurite import Azurite, AzuritePorts
from devstack.certificates import Certificates
from devstack.config import StackConfig, StateFolder

_FOREIGN_PREFIXES = (
    "API_AUDIENCE",
    "AZURE_",
    "AZUREWEBJOBS",
    "FUNCTIONS_",
    "IDENTITY_",
    "MSI_",
    "KEY_VAULT_",
    "WEBSITE_",
    "DEVSTACK_",
    "SERVICENOW_",
    "JIRA_",
    "TICKET_HOOK_",
    "ON_PREMISES_HOSTS",
)
_FOREIGN_SUFFIXES = ("_PROXY",)


def own_environment() -> dict[str, str]:
    """The caller's environment without what would lead to another cloud or through another proxy."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(_FOREIGN_PREFIXES) and not name.upper().endswith(_FOREIGN_SUFFIXES)
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
    """What any script needs to work against the running stack; `make env` prints it.

    The administrator holds Application.ReadWrite.All and full rights on the vault, the requester nothing but
    Key Vault Secrets User on it, the reader nothing but the app role Registrar.Reader of the registrar's API, the
    approver that and Registrar.Approver; but programs decide only where policy says so, and people sign in by
    `make token`.
    """
    return {
        "AZURE_TENANT_ID": config.tenant_id,
        "DEVSTACK_ADMIN_CLIENT_ID": config.administrator.client_id,
        "DEVSTACK_ADMIN_CLIENT_SECRET": config.administrator.client_secret,
        "DEVSTACK_REQUESTER_CLIENT_ID": config.requester.client_id,
        "DEVSTACK_REQUESTER_CLIENT_SECRET": config.requester.client_secret,
        "DEVSTACK_READER_CLIENT_ID": config.reader.client_id,
        "DEVSTACK_READER_CLIENT_SECRET": config.reader.client_secret,
        "DEVSTACK_APPROVER_CLIENT_ID": config.approver.client_id,
        "DEVSTACK_APPROVER_CLIENT_SECRET": config.approver.client_secret,
        "API_AUDIENCE": config.api.client_id,
        "KEY_VAULT_URL": config.vault_url,
        "AZURE_STORAGE_CONNECTION_STRING": azurite(config, state).connection_string(),
        "DEVSTACK_CONTROL_URL": f"http://127.0.0.1:{config.ports.control}",
        "DEVSTACK_FUNCTIONS_URL": f"http://127.0.0.1:{config.ports.functions}",
        **network_environment(config, state),
    }


def functions_settings(config: StackConfig, state: Path) -> dict[str, str]:
    """The Functions app's settings: what infra sets in Azure, and the way to the doubles."""
    return {
        **_storage_settings(config, state),
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "131072",
        "AZURE_TENANT_ID": config.tenant_id,
        "AZURE_CLIENT_ID": config.registrar.client_id,
        "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
        "IDENTITY_ENDPOINT": f"http://127.0.0.1:{config.ports.identity}/msi/token",
        "IDENTITY_HEADER": config.identity_header,
        "API_AUDIENCE": config.api.client_id,
        "KEY_VAULT_URL": config.vault_url,
        "POLICY_FILE": "policy.toml",
        "TICKETING_FILE": "devstack/ticketing.toml",
        **_ticketing_settings(config),
        "ROTATION_SCHEDULE": "0 7 * * * *",
        **network_environment(config, state),
    }


def _ticketing_settings(config: StackConfig) -> dict[str, str]:
    """Both ways between the app and the ticketing systems, which are on the customer's own network here."""
    known = config.ticketing
    return {
        "SERVICENOW_WEBHOOK_TOKEN": config.webhook_reference("servicenow-webhook-token"),
        "JIRA_WEBHOOK_TOKEN": config.webhook_reference("jira-webhook-token"),
        "SERVICENOW_URL": config.ticketing_url,
        "SERVICENOW_USER": known.servicenow_user,
        "SERVICENOW_PASSWORD": config.webhook_reference("servicenow-password"),
        "JIRA_URL": config.ticketing_url,
        "JIRA_USER": known.jira_user,
        "JIRA_TOKEN": config.webhook_reference("jira-token"),
        "TICKET_HOOK_URL": f"{config.ticketing_url}/hooks/contoso",
        "TICKET_HOOK_SECRET": config.webhook_reference("ticket-hook-secret"),
        "ON_PREMISES_HOSTS": "localhost",
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
        "AzureWebJobsStorage__clientId": config.registrar.client_id,
    }
