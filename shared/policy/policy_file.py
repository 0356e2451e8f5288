"""policy.toml as a typed value: what is granted automatically, and the limits on everything else."""

import re
import tomllib
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from shared.contract.address import why_no_address, why_nobodys
from shared.core.naming import VAULT_URL_PATTERN
from shared.model.person import is_object_id
from shared.policy.hosts import is_host
from shared.policy.never import leads_to
from shared.policy.reading import matches_nothing


class PolicyError(ValueError):
    """The policy file is missing or wrong; the message names every fault."""


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error}") from None
    return pattern


def _one_line(text: str) -> str:
    if not text.isprintable() or text != text.strip():
        raise ValueError("is not one line of printable text")
    return text


def _guid(text: str) -> str:
    return str(UUID(text))


def _is_guid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _host_rule(rule: str) -> str:
    if rule != "*" and not is_host(rule.removeprefix("*.")):
        raise ValueError(f"{rule!r} is neither a host name, nor '*.' and a host name, nor '*'")
    return rule.lower()


def _person(name: str) -> str:
    why = None if is_object_id(name) else why_no_address(name) or why_nobodys(name)
    if why is not None:
        raise ValueError(f"{name!r} is neither an object id nor an address: {why}")
    return name


def _scheme_rule(rule: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]+\*?|[A-Za-z][A-Za-z0-9+.-]*\{clientId\}[A-Za-z0-9+.-]*", rule):
        raise ValueError(
            f"{rule!r} is neither a scheme such as 'msauth.com.contoso.app' or 'msal{{clientId}}', nor the beginning "
            "of one such as 'com.contoso.*'"
        )
    return rule


type SchemeRule = Annotated[str, AfterValidator(_scheme_rule)]
"""A full URI scheme, one with the placeholder for the client id, or a prefix followed by `*`."""
type PersonRule = Annotated[str, AfterValidator(_person)]
"""A person by object id, userPrincipalName or mail address."""


def _resource_uri(text: str) -> str:
    """Validate the part of a scope before `/.default`: an absolute URI; a trailing slash is significant."""
    scheme, colon, rest = text.partition(":")
    plain = text.isascii() and text.isprintable() and not any(each in text for each in " *?#")
    if not (plain and scheme and colon and rest.strip("/")) or text.endswith("/.default"):
        raise ValueError(f"{text!r} is not the identifier of an API, such as 'https://graph.microsoft.com'")
    return text


type HostRule = Annotated[str, AfterValidator(_host_rule)]
type ResourceUri = Annotated[str, Field(max_length=255), AfterValidator(_resource_uri)]
type Pattern = Annotated[str, AfterValidator(_compiles)]
type Audience = Literal[
    "AzureADMyOrg", "AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount"
]
type Guid = Annotated[str, AfterValidator(_guid)]


type Hint = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(_one_line)]


class PolicyModel(BaseModel):
    """A table of the policy file; unknown keys are refused, as a typo must not loosen a rule."""

    model_config = ConfigDict(extra="forbid", frozen=True)


PROTECTED_WORDS = (
    *("Microsoft", "Entra", "Azure AD", "Azure Active Directory", "Azure Portal", "Azure CLI", "Azure PowerShell"),
    *("Graph Explorer", "Office 365", "Outlook", "OneDrive", "SharePoint", "Exchange Online", "Intune", "Power BI"),
    *("Dynamics 365", "Windows Defender", "Copilot"),
)
"""Microsoft products that an app on a consent screen could impersonate."""


class Names(PolicyModel):
    """Rules for names beyond the contract's own pattern. Patterns must match the whole name."""

    unique_name: Pattern = ".*"
    display_name: Pattern = ".*"
    # Texts decide nothing: a changed one does not invalidate approvals (`Policy.digest`).
    unique_name_hint: Hint | None = Field(default=None, exclude=True)
    display_name_hint: Hint | None = Field(default=None, exclude=True)
    """A pattern in words, for requesters: "App names end in -dev, -test or -prod."."""
    protected_words: tuple[str, ...] = PROTECTED_WORDS
    """New display names may not contain any of these, or anything that looks like one."""


class Audiences(PolicyModel):
    """Which `signInAudience` values a request may ask for."""

    allowed: tuple[Audience, ...] = ("AzureADMyOrg",)


class RedirectUriRules(PolicyModel):
    """Where tokens and codes may be sent. `https_hosts` are exact names, `*.example.com`, or `*` for any host.

    No host is allowed by default: a host receives every code sent to it.
    """

    https_hosts: tuple[HostRule, ...] = ()
    loopback_http: bool = True
    custom_schemes: tuple[SchemeRule, ...] = ()


class Flows(PolicyModel):
    """Sign-in flows that weaken an app and are therefore switched separately."""

    public_client_flows: bool = True
    implicit_id_tokens: bool = False
    implicit_access_tokens: bool = False


class CredentialRules(PolicyModel):
    """The kinds of credential that are issued, and the limits on their lifetime, in days."""

    types: tuple[Literal["secret", "certificate"], ...] = ("secret", "certificate")
    min_lifetime_days: int = Field(default=1, ge=1)
    max_lifetime_days: int = Field(default=180, ge=1, le=3650)
    rotate_before_days: int = Field(default=30, ge=1)
    overlap_days: int = Field(default=7, ge=1)
    min_overlap_days: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min_lifetime_days > self.max_lifetime_days:
            raise ValueError("min_lifetime_days is more than max_lifetime_days")
        if not self.min_overlap_days <= self.overlap_days <= self.rotate_before_days:
            raise ValueError(
                "min_overlap_days must not be more than overlap_days, nor overlap_days more than rotate_before_days"
            )
        return self


class ApiRules(PolicyModel):
    """One API: its appId, its older names, and the permissions granted automatically, by name.

    Wildcards are not allowed, nor is anything that leads to control of the tenant, which needs approval.
    """

    name: str
    app_id: Guid
    aliases: tuple[str, ...] = ()
    resource_uri: ResourceUri | None = Field(default=None, exclude=True)
    """The audience to request tokens for, one of the API's servicePrincipalNames; None means its appId.

    It grants nothing, so it is not part of the policy's digest: changing it does not affect waiting approvals.
    """
    delegated: tuple[str, ...] = ()
    application: tuple[str, ...] = ()


class PermissionsToApprove(PolicyModel):
    """Permissions of one API that need approval, by name; `*` in a name stands for any characters.

    `api` is an appId, a name or alias from `[[apis]]`, or `*` for every API. A wildcard, for part of a name or for the
    API, matches only permissions that only read: those that write, manage or impersonate, and those that lead to
    control of the tenant, must be named in full, for their API.
    """

    api: str
    delegated: tuple[str, ...] = ()
    application: tuple[str, ...] = ()


class ApprovalRules(PolicyModel):
    """What is granted only after approval: in addition to what is automatic, and excluding what is never granted."""

    unique_names: tuple[Pattern, ...] = ()
    """Apps whose every request needs approval; a pattern must match the whole name."""
    audiences: tuple[Audience, ...] = ()
    lifetime_days: int | None = Field(default=None, ge=0)
    """A longer lifetime needs approval, up to `credentials.max_lifetime_days`."""
    by_apps: bool = False
    """Whether a program with the approver's role may also decide. Whoever controls it then decides."""
    permissions: tuple[PermissionsToApprove, ...] = ()


class Limits(PolicyModel):
    """How much one person may own and request; None means no limit."""

    apps_per_owner: int | None = Field(default=None, ge=1)
    credentials_per_owner: int | None = Field(default=None, ge=1)
    """Over all of their apps."""
    requests_per_requester_and_day: int | None = Field(default=None, ge=1, le=2000)
    """Days are in UTC."""
    attempts_at_once_per_requester: int = Field(default=2, ge=1)
    """In one worker. A host takes three messages at a time from each queue (host.json): one slot stays free."""


class TenantFacts(PolicyModel):
    """Facts about its own identity that the registrar cannot find out."""

    registrar_is_exempt: bool | None = None
    """Whether the registrar's identity has an attribute that exempts it from app management policies that exempt
    callers (excludeActors). It cannot read its own attributes; with None, Microsoft Graph's response decides."""


class VaultRule(PolicyModel):
    """Apps whose uniqueName matches `unique_name` keep their credentials in the vault at `url`."""

    unique_name: Pattern
    url: str = Field(pattern=VAULT_URL_PATTERN)


class Policy(PolicyModel):
    """Everything policy.toml says. The first matching vault rule wins; none means the KEY_VAULT_URL setting."""

    version: Literal["1"]
    administrators: tuple[PersonRule, ...] = ()
    names: Names = Names()
    audiences: Audiences = Audiences()
    redirect_uris: RedirectUriRules = RedirectUriRules()
    flows: Flows = Flows()
    credentials: CredentialRules = CredentialRules()
    apis: tuple[ApiRules, ...] = ()
    approval: ApprovalRules = ApprovalRules()
    limits: Limits = Limits()
    tenant: TenantFacts = Field(default=TenantFacts(), exclude_if=lambda facts: facts == TenantFacts())
    """Excluded from the digest if empty, so that approvals from before this field existed stay valid."""
    vaults: tuple[VaultRule, ...] = ()

    @model_validator(mode="after")
    def _api_names_lead_to_one_api(self) -> Self:
        owners: dict[str, str] = {}
        for api in self.apis:
            for name in (api.name, api.app_id, *api.aliases):
                if owners.setdefault(name.casefold(), api.app_id) != api.app_id:
                    raise ValueError(f"apis: two APIs have the name {name!r}")
        if len({api.app_id for api in self.apis}) != len(self.apis):
            raise ValueError("apis: two tables have the same app_id")
        return self

    @model_validator(mode="after")
    def _approval_names_known_apis(self) -> Self:
        for rule in self.approval.permissions:
            if rule.api != "*" and not _is_guid(rule.api) and self.api_named(rule.api) is None:
                raise ValueError(f"approval.permissions: {rule.api!r} is neither an appId nor named in [[apis]]")
        return self

    @model_validator(mode="after")
    def _what_is_automatic_is_named_and_harmless(self) -> Self:
        for api in self.apis:
            for name in (*api.delegated, *api.application):
                if "*" in name:
                    raise ValueError(
                        f"apis: {name!r} of {api.name} has a wildcard. Name in full what is granted automatically"
                    )
                if (why := leads_to(api.app_id, "", name)) is not None:
                    raise ValueError(
                        f"apis: {name!r} of {api.name} is never automatic: whoever holds it {why}. "
                        "Name it under [[approval.permissions]]"
                    )
        return self

    @model_validator(mode="after")
    def _wildcards_have_a_meaning(self) -> Self:
        for rule in self.approval.permissions:
            for pattern in (*rule.delegated, *rule.application):
                if (rule.api == "*" or "*" in pattern) and matches_nothing(pattern):
                    raise ValueError(
                        f"approval.permissions: {pattern!r} of api {rule.api!r} matches nothing: a wildcard never "
                        "covers a permission that writes, manages or impersonates. Name it in full, for its API"
                    )
        return self

    def digest(self) -> str:
        """Return the SHA-256 of the whole policy, in hex: decisions made under another policy are made again."""
        return sha256(self.model_dump_json().encode()).hexdigest()

    def api(self, app_id: str) -> ApiRules | None:
        """Return the rules of the API with this appId."""
        return next((api for api in self.apis if api.app_id == app_id.casefold()), None)

    def resource_uri(self, app_id: str) -> str:
        """Return the audience to request an API's tokens for: from policy, else its appId.

        The directory lists an API's names in no particular order, including those of other clouds and, for Exchange,
        the customer's own hosts; `<appId>/.default` is always a valid scope.
        """
        rules = self.api(app_id)
        return rules.resource_uri if rules is not None and rules.resource_uri is not None else app_id

    def api_named(self, name: str) -> ApiRules | None:
        """Return the rules of the API with this current or former name, or appId; names are case-insensitive."""
        wanted = name.casefold()
        return next(
            (api for api in self.apis if wanted in {n.casefold() for n in (api.name, api.app_id, *api.aliases)}), None
        )

    def vault_url(self, unique_name: str, default: str) -> str:
        """Return the vault for this app's credentials, without a trailing slash."""
        for rule in self.vaults:
            if re.fullmatch(rule.unique_name, unique_name):
                return rule.url.rstrip("/")
        return default.rstrip("/")

    def vault_urls(self, default: str) -> list[str]:
        """Return every vault that may contain credentials, without trailing slashes."""
        return list(dict.fromkeys([default.rstrip("/"), *(rule.url.rstrip("/") for rule in self.vaults)]))


def load_policy(file: Path) -> Policy:
    """Read policy.toml. Raises PolicyError naming every fault and the file."""
    try:
        return Policy.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PolicyError(f"{file}: {error}") from error
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc']) or 'policy'}: {fault['msg']}" for fault in error.errors()
        )
        raise PolicyError(f"{file}: {faults}") from error
