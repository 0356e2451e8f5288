"""Verifies stored values by signing in with them."""

from collections.abc import Sequence

from shared.credentials.issuing import TargetApplication
from shared.model.directory import Api
from shared.model.vault import VaultEntry
from shared.operations.attempt import Attempt
from shared.policy.never import MICROSOFT_GRAPH
from shared.policy.policy_file import Policy


def audience_of(apis: Sequence[Api], policy: Policy) -> str:
    """Return the audience of a client's sign-in: its first API, else Microsoft Graph, which every tenant has.

    A disabled API is skipped: no tokens are issued for it, so it verifies nothing.
    """
    return policy.resource_uri(next((api.app_id for api in apis if api.enabled), MICROSOFT_GRAPH))


async def verify_sign_in(
    attempt: Attempt, holder: TargetApplication, entry: VaultEntry, *, credential: str, apis: Sequence[Api] = ()
) -> None:
    """Sign in with the value that the vault now holds, once per version.

    Raises NotYetVisibleError when it is refused, and SignInUnclearError when the answer says nothing about it.
    """
    if attempt.operation.credential(credential).proven_version == entry.version:
        return
    value = await attempt.ports.vault.value(attempt.operation.unique_name, entry.name, entry.version)
    audience = audience_of(apis, attempt.policy)
    await attempt.ports.sign_in.verify(holder.client_id, value, audience, entry.type)
    await attempt.save_operation(attempt.operation.with_credential(credential, proven_version=entry.version))
