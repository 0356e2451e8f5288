"""A stored value counts once a token was obtained with it."""

from shared.credentials.issuing import Holder
from shared.job import Job
from shared.model import VaultEntry

DEFAULT_RESOURCE = "https://graph.microsoft.com"
"""What a client without API permissions proves its secret with: every tenant has it."""


async def prove(
    job: Job, holder: Holder, entry: VaultEntry, *, credential: str, resource_uri: str = DEFAULT_RESOURCE
) -> None:
    """Sign in with the value that the vault now holds, once per version. Raises NotYetVisible when it is refused."""
    if job.operation.credential(credential).proven_version == entry.version:
        return
    value = await job.services.vault.value(job.operation.unique_name, entry.name, entry.version)
    await job.services.sign_in.prove(holder.client_id, value, resource_uri, entry.type)
    await job.save_operation(job.operation.with_credential(credential, proven_version=entry.version))
