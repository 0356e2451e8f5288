"""Who may do what in a vault: Azure's built-in roles and the data actions they give.

Source: Microsoft Learn, "Azure built-in roles for Security" and the operations of Microsoft.KeyVault.
"""

from fnmatch import fnmatchcase

from devstack.doubles.documents import Document
from devstack.doubles.keyvault import errors
from devstack.doubles.tokens import Caller
from devstack.doubles.world import World

ROLES: dict[str, tuple[str, ...]] = {
    "Key Vault Administrator": ("*",),
    "Key Vault Secrets Officer": ("secrets/*",),
    "Key Vault Secrets User": ("secrets/getSecret/action", "secrets/readMetadata/action"),
    "Key Vault Certificates Officer": ("certificates/*",),
    "Key Vault Certificate User": (
        "certificates/read",
        "secrets/getSecret/action",
        "secrets/readMetadata/action",
    ),
    "Key Vault Reader": ("certificates/read", "secrets/readMetadata/action"),
}
"""Data actions per role, as globs below `Microsoft.KeyVault/vaults/`."""


def check_access(world: World, vault: Document, caller: Caller, action: str, path: str, name: str | None) -> None:
    """Raises KeyVaultError 403 unless a role of the caller allows `action` on the vault or on secret `name`.

    New role assignments count after the weather's role_assignment_delay_seconds, except a vault's first ones.
    """
    delay = world.weather.role_assignment_delay_seconds
    known = world.documents.view(world.clock.time() - delay).get("vaults", vault["name"]) if delay else None
    assignments: list[Document] = (known or vault)["roleAssignments"]
    for assignment in assignments:
        if assignment["principalId"] != caller.object_id:
            continue
        only = assignment.get("secretName")
        if only is not None and (name is None or only.casefold() != name.casefold()):
            continue
        if any(fnmatchcase(action, allowed) for allowed in ROLES[assignment["roleDefinitionName"]]):
            return
    raise errors.forbidden(caller, action, vault, path)
