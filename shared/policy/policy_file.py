"""policy.toml as a typed value: what is granted automatically, and the bounds of everything else."""

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
"""A URI's scheme in full, one with the placeholder for the client id, or what schemes begin with and a `*`."""
type PersonRule = Annotated[str, AfterValidator(_person)]
"""A person by object id, userPrincipalName or mail address."""


def _resource_uri(text: str) -> str:
    """Take what stands before `/.default` in a scope: an absolute URI, a trailing slash of which counts."""
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
    """A table of the policy file; unknown keys are refused, a typo must not loosen a rule."""

    model_config = ConfigDict(extra="forbid", frozen=True)


PROTECTED_WORDS = (
    *("Microsoft", "Entra", "Azure AD", "Azure Active Directory", "Azure Portal", "Azure CLI", "Azure PowerShell"),
    *("Graph Explorer", "Office 365", "Outlook", "OneDrive", "SharePoint", "Exchange Online", "Intune", "Power BI"),
    *("Dynamics 365", "Windows Defender", "Copilot"),
)
"""Products of Microsoft's that an app on a consent screen would pass itself off as."""


class Names(PolicyModel):
    """How names must look, beyond the contract's own pattern. Patterns must match the whole name."""

    unique_name: Pattern = ".*"
    display_name: Pattern = ".*"
    # Texts decide nothing: what was approved under another one stays approved (`Policy.digest`).
    unique_name_hint: Hint | None = Field(default=None, exclude=True)
    display_name_hint: Hint | None = Field(default=None, exclude=True)
    """What a pattern asks for, in words for requesters: "App names end in -dev, -test or -prod."."""
    protected_words: tuple[str, ...] = PROTECTED_WORDS
    """No new display name holds one of these, or something that looks like one."""


class Audiences(PolicyModel):
    """Which `signInAudience` values a request may ask for."""

    allowed: tuple[Audience, ...] = ("AzureADMyOrg",)


class RedirectUriRules(PolicyModel):
    """Where tokens and codes may be sent. `https_hosts` are exact names, `*.example.com`, or `*` for any host.

    None is allowed until policy names some: a code goes wherever the host is.
    """

    https_hosts: tuple[HostRule, ...] = ()
    loopback_http: bool = True
    custom_schemes: tuple[SchemeRule, ...] = ()


class Flows(PolicyModel):
    """Sign-in flows that weaken an app and are therefore switches of their own."""

    public_client_flows: bool = True
    implicit_id_tokens: bool = False
    implicit_access_tokens: bool = False


class CredentialRules(PolicyModel):
    """Which kinds of credential are given, and the bounds of their life, in days."""

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
    """One API: its appId, the older names it goes by, and the permissions granted automatically, by name.

    No wildcard stands here, and nothing that leads to control of the tenant: that needs approval.
    """

    name: str
    app_id: Guid
    aliases: tuple[str, ...] = ()
    resource_uri: ResourceUri | None = Field(default=None, exclude=True)
    """The audience to ask tokens with, one of the API's servicePrincipalNames; None is its appId.

    It gives nothing, so it is no part of the policy's digest: what waits for an approval waits on when it changes.
    """
    delegated: tuple[str, ...] = ()
    application: tuple[str, ...] = ()


class PermissionsToApprove(PolicyModel):
    """Permissions of one API that somebody has to approve, by name; `*` in a name stands for any characters.

    `api` is an appId, a name or alias from `[[apis]]`, or `*` for every API. A wildcard, be it for a part of the name
    or for the API, means permissions that only read: what writes, manages or impersonates, and what leads to control
    of the tenant, is named in full, for its API.
    """

    api: str
    delegated: tuple[str, ...] = ()
    application: tuple[str, ...] = ()


class ApprovalRules(PolicyModel):
    """What is given only after somebody approved it: beside what is automatic, and never what never is."""

    unique_names: tuple[Pattern, ...] = ()
    """Of apps whose every request needs approval; a pattern must match the whole name."""
    audiences: tuple[Audience, ...] = ()
    lifetime_days: int | None = Field(default=None, ge=0)
    """A credential that is to live longer needs approval, up to `credentials.max_lifetime_days`."""
    by_apps: bool = False
    """Whether a program that holds the approver's role may decide, too. Whoever controls it then decides."""
    permissions: tuple[PermissionsToApprove, ...] = ()


class Limits(PolicyModel):
    """How much one person may have and ask for; None is no bound."""

    apps_per_owner: int | None = Field(default=None, ge=1)
    credentials_per_owner: int | None = Field(default=None, ge=1)
    """In all of their apps."""
    requests_per_requester_and_day: int | None = Field(default=None, ge=1, le=2000)
    """Days are UTC's."""
    attempts_at_once_per_requester: int = Field(default=2, ge=1)
    """In one worker. A host takes three messages at a time from each queue (host.json): one hand is free for others."""


class TenantFacts(PolicyModel):
    """What the registrar cannot find out about its own place in the tenant."""

    registrar_is_exempt: bool | None = None
    """Whether the registrar's identity bears an attribute that exempts it where an app management policy of the tenant
    exempts callers (excludeActors). It cannot read its own; None has Microsoft Graph's answer decide."""


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
    """Left out of the digest where nothing is said: what waits for approval since before this existed goes on."""
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
        """SHA-256 of all that the policy says, in hex: what was decided under another one is decided again."""
        return sha256(self.model_dump_json().encode()).hexdigest()

    def api(self, app_id: str) -> ApiRules | None:
        """Rules of the API with this appId."""
        return next((api for api in self.apis if api.app_id == app_id.casefold()), None)

    def resource_uri(self, app_id: str) -> str:
        """Return the audience that tokens for an API are asked with: policy's word for it, else its appId.

        A directory lists an API's names in no order, with those of other clouds and, for Exchange, the customer's own
        hosts among them; `<appId>/.default` is always a valid scope.
        """
        rules = self.api(app_id)
        return rules.resource_uri if rules is not None and rules.resource_uri is not None else app_id

    def api_named(self, name: str) -> ApiRules | None:
        """Rules of the API that goes, or once went, by this name or appId; names ignore case."""
        wanted = name.casefold()
        return next(
            (api for api in self.apis if wanted in {n.casefold() for n in (api.name, api.app_id, *api.aliases)}), None
        )

    def is_administrator(self, person: str) -> bool:
        """Return whether this person may change every app."""
        return person.casefold() in {administrator.casefold() for administrator in self.administrators}

    def vault_url(self, unique_name: str, default: str) -> str:
        """Vault that keeps the credentials of this app, without a trailing slash."""
        for rule in self.vaults:
            if re.fullmatch(rule.unique_name, unique_name):
                return rule.url.rstrip("/")
        return default.rstrip("/")

    def vault_urls(self, default: str) -> list[str]:
        """Every vault that may keep credentials, without trailing slashes."""
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
