"""Permissions that lead to control of the tenant: never granted and never requested, whatever policy says.

The rule decides on what the directory says of the resolved ids, so a newly published member of a family is
covered on its first day; the ids below hold even if a directory were to name them differently. Sources:
Microsoft Learn, "Microsoft Graph permissions reference", and the built-in ids every tenant shares.
"""

import re

MICROSOFT_GRAPH = "00000003-0000-0000-c000-000000000000"
AZURE_AD_GRAPH = "00000002-0000-0000-c000-000000000000"
"""Retired, but its permissions still reach the whole directory where they are granted: refused as a whole."""

_NEVER_IDS = frozenset(
    {
        "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9",  # Application.ReadWrite.All, app role
        "bdfbf15f-ee85-4955-8675-146e8e5296b5",  # Application.ReadWrite.All, scope
        "06b708a9-e830-4db3-a914-8e69da51d44f",  # AppRoleAssignment.ReadWrite.All, app role
        "84bccea3-f856-4a8a-967b-dbe0a3d53a64",  # AppRoleAssignment.ReadWrite.All, scope
        "8e8e4742-1d95-4f68-9d56-6ee75648c72a",  # DelegatedPermissionGrant.ReadWrite.All, app role
        "41ce6ca6-6826-4807-84f1-1c82854f7ee5",  # DelegatedPermissionGrant.ReadWrite.All, scope
        "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8",  # RoleManagement.ReadWrite.Directory, app role
        "d01b97e9-cbc0-49fe-810a-750afd5527a3",  # RoleManagement.ReadWrite.Directory, scope
        "19dbc75e-c2e2-444c-a770-ec69d8559fc7",  # Directory.ReadWrite.All, app role
        "c5366453-9fb0-48a5-a156-24f0c49a4b84",  # Directory.ReadWrite.All, scope
        "0e263e50-5827-48a4-b97c-d940288653c7",  # Directory.AccessAsUser.All, scope
        "854d9ab1-6657-4ec8-be45-823027bca009",  # PrivilegedAccess.ReadWrite.AzureAD, app role
        "3c3c74f5-cdaa-4a97-b7e0-4e788bfcfb37",  # PrivilegedAccess.ReadWrite.AzureAD, scope
        "7e05723c-0bb0-42da-be95-ae9f08a6e53c",  # Domain.ReadWrite.All, app role
        "0b5d694c-a244-4bde-86e6-eb5cd07730fe",  # Domain.ReadWrite.All, scope
        "50483e42-d915-4231-9639-7fdb7fd190e5",  # UserAuthenticationMethod.ReadWrite.All, app role
        "b7887744-6746-4312-813d-72daeaee7e2d",  # UserAuthenticationMethod.ReadWrite.All, scope
    }
)

_NEVER_NAMES = re.compile(
    r"(Application|AppRoleAssignment|DelegatedPermissionGrant|Directory|Domain|UserAuthenticationMethod)"
    r"\.ReadWrite\.All"
    r"|(RoleManagement|PrivilegedAccess|Policy)\.ReadWrite\..+"
    r"|Directory\.AccessAsUser\.All",
    re.IGNORECASE,
)


def is_never_allowed(resource_app_id: str, permission_id: str, name: str) -> bool:
    """Say whether a resolved permission leads to control of the tenant; `name` is the directory's own for the id."""
    if resource_app_id.casefold() == AZURE_AD_GRAPH:
        return True
    if permission_id.casefold() in _NEVER_IDS:
        return True
    return resource_app_id.casefold() == MICROSOFT_GRAPH and _NEVER_NAMES.fullmatch(name) is not None
