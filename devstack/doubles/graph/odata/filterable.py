"""What the directory can be asked to filter by, and which questions need its advanced index.

Source: the property tables of Microsoft Graph's application, servicePrincipal, user, oAuth2PermissionGrant,
appRoleAssignment and federatedIdentityCredential resources; Microsoft Learn, aad-advanced-queries.
"""

from collections.abc import Iterator

from devstack.doubles.graph.errors import unsupported_query
from devstack.doubles.graph.odata.conditions import AnyOf, Comparison, Condition, Junction, Not
from devstack.doubles.graph.schema import resource_name

_TEXT = frozenset({"eq", "ne", "ge", "le", "in", "startswith", "endswith"})
_EXACT = frozenset({"eq", "ne", "in"})
_RANGE = frozenset({"eq", "ne", "ge", "le", "in"})
_ORDERED = frozenset({"eq", "ge", "gt", "le", "lt"})

_OPERATORS: dict[str, dict[str, frozenset[str]]] = {
    "application": {
        "id": _EXACT,
        "appId": _EXACT,
        "uniqueName": _EXACT,
        "applicationTemplateId": _EXACT,
        "createdDateTime": _RANGE,
        "description": _TEXT,
        "displayName": _TEXT,
        "disabledByMicrosoftStatus": _EXACT,
        "identifierUris": _TEXT,
        "keyCredentials": _ORDERED,
        "owners": _EXACT,
        "passwordCredentials": _ORDERED,
        "publisherDomain": _TEXT,
        "requiredResourceAccess": _EXACT,
        "signInAudience": _EXACT,
        "tags": _TEXT,
        "web": _EXACT,
    },
    "servicePrincipal": {
        "id": _EXACT,
        "accountEnabled": _EXACT,
        "alternativeNames": _TEXT,
        "appId": _TEXT,
        "appOwnerOrganizationId": _RANGE,
        "applicationTemplateId": _EXACT,
        "createdDateTime": _RANGE,
        "description": _TEXT,
        "displayName": _TEXT,
        "disabledByMicrosoftStatus": _EXACT,
        "homepage": _TEXT,
        "keyCredentials": _ORDERED,
        "logoutUrl": _EXACT,
        "owners": _EXACT,
        "passwordCredentials": _ORDERED,
        "preferredSingleSignOnMode": _EXACT,
        "replyUrls": _TEXT,
        "servicePrincipalNames": _TEXT,
        "servicePrincipalType": _EXACT,
        "signInAudience": _TEXT,
        "tags": _TEXT,
    },
    "oAuth2PermissionGrant": dict.fromkeys(("clientId", "consentType", "principalId", "resourceId"), frozenset({"eq"})),
    "appRoleAssignment": dict.fromkeys(("principalId", "resourceId"), frozenset({"eq"})),
    "federatedIdentityCredential": dict.fromkeys(("name", "issuer", "subject"), frozenset({"eq"})),
    "user": {
        "id": _EXACT,
        "accountEnabled": _EXACT,
        "displayName": _TEXT,
        "givenName": _TEXT,
        "mail": _TEXT,
        "otherMails": _TEXT,
        "proxyAddresses": _TEXT,
        "surname": _TEXT,
        "userPrincipalName": _TEXT,
        "userType": _EXACT,
    },
    "directoryObject": {"id": _EXACT},
}
_ADVANCED_OPERATORS = {"ne": "NotEqualsMatch", "endswith": "EndsWithMatch"}
_ADVANCED_PROPERTIES = frozenset({"appOwnerOrganizationId"})
_ADVANCED_COLLECTIONS = frozenset({"keyCredentials", "passwordCredentials"})


def check_filter(condition: Condition, type_name: str, *, advanced: bool) -> None:
    """Raises GraphError 400 for what the directory does not filter by, or only with `advanced` queries."""
    for name, comparison in _comparisons(condition):
        allowed = _OPERATORS.get(type_name, {}).get(name, frozenset())
        operator = comparison.operator if comparison else "eq"
        if operator not in allowed or (name in _ADVANCED_PROPERTIES and not advanced):
            raise unsupported_query(
                f"Unsupported or invalid query filter clause specified for property '{name}' of resource "
                f"'{resource_name(type_name)}'."
            )
        if advanced:
            continue
        if name in _ADVANCED_COLLECTIONS:
            raise unsupported_query(f"Complex query on property {name} is not supported.")
        if operator in _ADVANCED_OPERATORS:
            clause = _ADVANCED_OPERATORS[operator]
            raise unsupported_query(f"Unsupported property filter clause operator '{clause}'.")
        if comparison is not None and comparison.counts:
            raise unsupported_query("Unsupported Query.")
    if not advanced and _negates(condition):
        raise unsupported_query("Unsupported Query.")


def _comparisons(condition: Condition, within: str = "") -> Iterator[tuple[str, Comparison | None]]:
    """Each comparison with the top-level property it is about; a bare `any()` has none."""
    match condition:
        case Comparison(path=path):
            yield within or path[0], condition
        case AnyOf(path=path, condition=None):
            yield within or path[0], None
        case AnyOf(path=path, condition=inner) if inner is not None:
            yield from _comparisons(inner, within or path[0])
        case Not(condition=inner):
            yield from _comparisons(inner, within)
        case Junction(conditions=conditions):
            for part in conditions:
                yield from _comparisons(part, within)
        case _:
            return


def _negates(condition: Condition) -> bool:
    match condition:
        case Not():
            return True
        case Junction(conditions=conditions):
            return any(_negates(part) for part in conditions)
        case AnyOf(condition=inner) if inner is not None:
            return _negates(inner)
        case _:
            return False
