"""What the tenant's app management policies forbid, as problems at the requesting fields. Pure.

Only additions of a request are checked, and only against restrictions that definitely apply: whatever cannot be read,
or may not apply to the registrar, is left to Microsoft Graph's own response. Sources: Microsoft Learn, "Microsoft Entra
application management policies API overview", and "Configure restrictions on how applications can be configured".

Not checked: `customPasswordAddition`, which is for values supplied by the caller, while addPassword has Entra generate
them; `symmetricKeyAddition` and `symmetricKeyLifetime`, for keys that no request can ask for; and restrictions on
`identifierUris`, which no request sets.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from shared.contract.request import MIN_CERTIFICATE_DAYS
from shared.core.errors import Problem
from shared.model.directory import ApplicationState, CredentialType
from shared.policy.policy_file import CredentialRules

TENANT_RULES = frozenset(
    {
        "CredentialInvalidLifetimeAsPerAppPolicy",
        "CredentialTypeNotAllowedAsPerAppPolicy",
        "SignInAudienceNotAllowedAsPerAppPolicy",
    }
)
"""Graph's error codes for a violated app management policy."""


_MARGIN = timedelta(minutes=5)
"""Entra measures lifetimes by its own clock, which may be behind ours."""
_LIFETIMES: dict[CredentialType, str] = {"secret": "passwordLifetime", "certificate": "asymmetricKeyLifetime"}
_BANS: dict[CredentialType, str] = {"secret": "passwordAddition", "certificate": "trustedCertificateAuthority"}
_CODES: dict[CredentialType, str] = {"secret": "tenant_forbids_secrets", "certificate": "tenant_forbids_certificates"}
_NAMES: dict[CredentialType, str] = {"secret": "client secret", "certificate": "certificate"}
_AUDIENCES = {
    "AzureADMultipleOrgs": ("azureAdMultipleOrgs", "people from other organisations"),
    "AzureADandPersonalMicrosoftAccount": ("personalMicrosoftAccount", "people with personal Microsoft accounts"),
    "PersonalMicrosoftAccount": ("personalMicrosoftAccount", "people with personal Microsoft accounts"),
}
ASK_ADMINISTRATORS = "Talk to your Entra administrators."


@dataclass(frozen=True)
class Restriction:
    """One enabled restriction, by Graph's name for it."""

    name: str
    since: datetime | None = None
    """Applies to apps created then or later; None for all."""
    maximum: timedelta | None = None
    """Maximum lifetime, if it is a limit on lifetimes."""
    has_exemptions: bool = False
    """Whether callers with a custom security attribute are exempt (excludeActors)."""
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The whole restriction as Graph returned it."""


type Restrictions = Mapping[str, Restriction]
"""By name. A missing one does not apply, or cannot be determined."""


@dataclass(frozen=True)
class TenantRules:
    """The tenant's policies for one app, as far as the registrar can see them."""

    restrictions: Restrictions = field(default_factory=dict[str, Restriction])
    created: datetime | None = None
    """When the app was created, or is about to be; None if unknown."""
    is_new: bool = False
    registrar_is_exempt: bool | None = None
    """`tenant.registrar_is_exempt` of the registrar's own policy."""

    def restriction(self, name: str) -> Restriction | None:
        """Return a restriction if it definitely applies to this app and this caller."""
        found = self.restrictions.get(name)
        if found is None or (found.has_exemptions and self.registrar_is_exempt is not False):
            return None
        if found.since is not None and (self.created is None or self.created < found.since):
            return None
        return found

    def longest(self, kind: CredentialType) -> timedelta | None:
        """Return the maximum lifetime of a credential of this kind; None if no limit is known."""
        found = self.restriction(_LIFETIMES[kind])
        return found.maximum if found is not None else None

    def forbids(self, kind: CredentialType) -> bool:
        """Return whether no credential of this kind can be issued; the registrar's certificates are self-signed."""
        return self.restriction(_BANS[kind]) is not None


@dataclass(frozen=True)
class NewCredential:
    """A credential to be issued, and the request's fields that ask for it."""

    type: CredentialType
    lifetime: timedelta
    type_field: str
    lifetime_field: str
    is_kept: bool = False
    """Whether a credential of its name exists: its type cannot change."""


def days_within(days: int, longest: timedelta | None) -> int:
    """Return a lifetime in days, limited to what the tenant allows."""
    return days if longest is None else max(1, min(days, longest.days))


def life_within(lifetime: timedelta, longest: timedelta | None) -> timedelta:
    """Return a lifetime that Entra accepts by its own clock."""
    return lifetime if longest is None else min(lifetime, longest - _MARGIN)


def credential_breaches(rules: TenantRules, new: Iterable[NewCredential], policy: CredentialRules) -> Iterator[Problem]:
    """Yield a problem for each credential that the tenant does not let the registrar issue."""
    for each in new:
        longest = rules.longest(each.type)
        if rules.forbids(each.type):
            others: list[CredentialType] = [it for it in policy.types if it != each.type and not rules.forbids(it)]
            message = f"{_ban(each.type, is_new=rules.is_new)} {_instead(others, is_kept=each.is_kept)}"
            yield Problem(each.type_field, _CODES[each.type], message)
        elif longest is not None and each.lifetime > longest:
            yield Problem(each.lifetime_field, "tenant_limits_lifetime", _limit(each.type, longest, policy))


def audience_breaches(rules: TenantRules, audience: str, seen: ApplicationState | None) -> Iterator[Problem]:
    """Yield a problem if the tenant forbids the app's requested audience."""
    if audience not in _AUDIENCES or (seen is not None and seen.sign_in_audience == audience):
        return
    name, who = _AUDIENCES[audience]
    if rules.restriction(name) is not None:
        message = f"Your tenant does not allow apps that {who} sign in to. Ask for AzureADMyOrg."
        yield Problem("application.signInAudience", "tenant_forbids_audience", message)


def _ban(kind: CredentialType, *, is_new: bool) -> str:
    if kind == "certificate":
        return "Your tenant accepts certificates of trusted authorities only, and the registrar's are self-signed."
    if is_new:
        return "Your tenant does not allow client secrets for new apps."
    return "Your tenant does not allow new client secrets for this app."


def _instead(others: Sequence[CredentialType], *, is_kept: bool) -> str:
    if not others:
        return ASK_ADMINISTRATORS
    return f"Ask for a {_NAMES[others[0]]}{' under another name' if is_kept else ''}."


def _limit(kind: CredentialType, longest: timedelta, policy: CredentialRules) -> str:
    days, shortest = longest.days, max(policy.min_lifetime_days, MIN_CERTIFICATE_DAYS if kind == "certificate" else 1)
    limit = f"Your tenant allows {_NAMES[kind]}s to live for {days} days at most"
    if days < shortest:
        return f"{limit}, and the registrar issues none for less than {shortest} days. {ASK_ADMINISTRATORS}"
    return f"{limit}. Ask for {days} days or less."


def late_refusal(problem: Problem, kind: CredentialType, type_field: str, lifetime_field: str) -> Problem:
    """Return Graph's refusal of a credential as a problem at the requesting field; the code stays Graph's."""
    if problem.code == "CredentialTypeNotAllowedAsPerAppPolicy":
        message = f"Your tenant does not let the registrar issue a {_NAMES[kind]} for this app."
        return Problem(
            type_field,
            problem.code,
            f"{message} Ask for another kind of credential, or talk to your Entra administrators.",
        )
    if problem.code == "CredentialInvalidLifetimeAsPerAppPolicy":
        message = f"Your tenant does not let a {_NAMES[kind]} live for so long. Ask for a shorter lifetime"
        return Problem(lifetime_field, problem.code, f"{message}; your Entra administrators know the limit.")
    if problem.field == "credentials":
        return replace(problem, field=type_field.removesuffix(".type"))
    return problem
