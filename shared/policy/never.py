"""Permissions that lead to control of the tenant: never granted, or granted only by name and with approval.

Rules match the directory's names of the resolved ids, so a newly published member of a family is covered immediately;
known ids are covered even if a directory names them differently. The data, with a reason each, is in
`shared/policy/control/`.
"""

from shared.policy.control.family import MICROSOFT_GRAPH, Family, by_id, of_name
from shared.policy.control.indirect_devices import INDIRECT_DEVICES
from shared.policy.control.indirect_people import INDIRECT_PEOPLE
from shared.policy.control.never_credentials import NEVER_CREDENTIALS
from shared.policy.control.never_policies import NEVER_POLICIES
from shared.policy.control.never_roles import NEVER_ROLES

AZURE_AD_GRAPH = "00000002-0000-0000-c000-000000000000"
"""Retired, but its permissions still reach the whole directory if granted: refused entirely."""

NEVER: tuple[Family, ...] = (*NEVER_ROLES, *NEVER_CREDENTIALS, *NEVER_POLICIES)
BY_NAME_ONLY: tuple[Family, ...] = (*INDIRECT_PEOPLE, *INDIRECT_DEVICES)

_NEVER_IDS = by_id(NEVER)
_BY_NAME_IDS = by_id(BY_NAME_ONLY)

__all__ = ["AZURE_AD_GRAPH", "BY_NAME_ONLY", "MICROSOFT_GRAPH", "NEVER", "is_never_allowed", "leads_to", "why_never"]


def is_never_allowed(resource_app_id: str, permission_id: str, name: str) -> bool:
    """Return whether a resolved permission is never granted; `name` is the directory's name for the id."""
    return why_never(resource_app_id, permission_id, name) is not None


def why_never(resource_app_id: str, permission_id: str, name: str) -> str | None:
    """Return why a permission is never granted, as in "whoever holds it …"; None if it may be."""
    if resource_app_id.casefold() == AZURE_AD_GRAPH:
        return "reaches the whole directory, past everything that guards Microsoft Graph"
    by_its_id = _NEVER_IDS.get(permission_id.casefold())
    return by_its_id.reason if by_its_id is not None else _of_name(NEVER, resource_app_id, name)


def leads_to(resource_app_id: str, permission_id: str, name: str) -> str | None:
    """Return how a permission leads to control indirectly, as in "whoever holds it …".

    None if it does not, or if it is never granted anyway. Such permissions are granted only by name, with approval.
    """
    if is_never_allowed(resource_app_id, permission_id, name):
        return None
    by_its_id = _BY_NAME_IDS.get(permission_id.casefold())
    return by_its_id.reason if by_its_id is not None else _of_name(BY_NAME_ONLY, resource_app_id, name)


def _of_name(families: tuple[Family, ...], resource_app_id: str, name: str) -> str | None:
    family = next(of_name(families, resource_app_id, name), None)
    return family.reason if family is not None else None
