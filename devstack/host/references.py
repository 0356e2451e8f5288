"""App settings that are Key Vault references, resolved before the worker starts, as the platform does.

Microsoft Learn, "Use Key Vault references as app settings": `@Microsoft.KeyVault(SecretUri=…)`, read with the app's
user-assigned identity. What cannot be resolved stays as it is written.
"""

import logging
import re
from collections.abc import MutableMapping

import httpx

_REFERENCE = re.compile(r"@Microsoft\.KeyVault\(SecretUri=(https://[^)\s]+?)/?\)")
_RESOURCE = "https://vault.azure.net"
_log = logging.getLogger("Host.Startup")


def resolve_references(environment: MutableMapping[str, str]) -> None:
    """Put values in the place of references, in place; asks nobody when there are none."""
    found = {name: match[1] for name, value in environment.items() if (match := _REFERENCE.fullmatch(value))}
    if not found:
        return
    try:
        with httpx.Client(timeout=20) as client:
            headers = {"Authorization": f"Bearer {_token(client, environment)}"}
            for name, uri in found.items():
                answer = client.get(uri, params={"api-version": "7.5"}, headers=headers)
                if answer.is_success:
                    environment[name] = answer.json()["value"]
                else:
                    _log.warning("The Key Vault reference in '%s' was not resolved: %d.", name, answer.status_code)
    except (httpx.HTTPError, KeyError, ValueError) as error:
        _log.warning("Key Vault references were not resolved: %s.", type(error).__name__)


def _token(client: httpx.Client, environment: MutableMapping[str, str]) -> str:
    """Ask the identity endpoint (Microsoft Learn, "How to use managed identities for App Service")."""
    answer = client.get(
        environment["IDENTITY_ENDPOINT"],
        params={"resource": _RESOURCE, "api-version": "2019-08-01", "client_id": environment["AZURE_CLIENT_ID"]},
        headers={"X-IDENTITY-HEADER": environment["IDENTITY_HEADER"]},
    )
    return str(answer.raise_for_status().json()["access_token"])
