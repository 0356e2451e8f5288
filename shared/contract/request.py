"""The requests of schema version 1: the contract of the queue `app-registrations`."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Annotated, Any, Literal, override

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from shared.contract.address import ADDRESS_PATTERN, why_no_address, why_nobodys
from shared.contract.faults import problem_of
from shared.core.errors import Problem, RejectedError
from shared.core.naming import (
    CREDENTIAL_MARK,
    CREDENTIAL_NAME_LENGTH,
    ID_PATTERN,
    OWN_SOURCE,
    PENDING,
    UNIQUE_NAME_LENGTH,
    UNIQUE_NAME_PATTERN,
)
from shared.core.text import echo

MAX_APIS = 20
MAX_PERMISSIONS = 100
"""Over all APIs of a request: as many as fit into an answer that names each of them."""

OBJECT_ID_PATTERN = r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"
FORMS = {
    ID_PATTERN: "must be 1 to 64 letters (A to Z), digits, dots, hyphens and underscores, and begin with a letter or a "
    "digit, such as 'RITM0010042'",
    UNIQUE_NAME_PATTERN: "must be lower-case letters (a to z) and digits, with single hyphens between them, such as "
    "'adt-client-dev'",
    ADDRESS_PATTERN: "must be a person's address, such as 'ada@contoso.example'",
    OBJECT_ID_PATTERN: "must be the object ID that Entra shows for the person, such as "
    "'aaaaaaaa-0000-4000-8000-000000000006'",
}
"""The patterns in words, for people who fill in forms."""


def _printable(text: str) -> str:
    if not text.isprintable() or text != text.strip():
        raise PydanticCustomError("not_printable", "must be one line of printable text without spaces at its ends")
    return text


def _address(text: str) -> str:
    why = why_no_address(text)
    if why is not None:
        raise PydanticCustomError("invalid_format", "is not allowed: {why}", {"why": why})
    return text


def _no_mark(text: str) -> str:
    if text.casefold().startswith(CREDENTIAL_MARK):
        raise PydanticCustomError("reserved_prefix", "must not start with 'reg:', the registrar's own mark")
    return text


def _not_reserved(name: str) -> str:
    if name == PENDING:
        raise PydanticCustomError("reserved_name", "must not be 'pending', which the registrar keeps for itself")
    return name


type Id = Annotated[str, Field(pattern=ID_PATTERN)]
type UniqueName = Annotated[str, Field(pattern=UNIQUE_NAME_PATTERN, max_length=UNIQUE_NAME_LENGTH)]
type CredentialName = Annotated[
    str, Field(pattern=UNIQUE_NAME_PATTERN, max_length=CREDENTIAL_NAME_LENGTH), AfterValidator(_not_reserved)
]
type Person = Annotated[
    str, Field(max_length=254, json_schema_extra={"pattern": ADDRESS_PATTERN}), AfterValidator(_address)
]
type ObjectId = Annotated[str, Field(pattern=OBJECT_ID_PATTERN), AfterValidator(str.lower)]
type TicketAddress = Annotated[str, Field(pattern=ID_PATTERN)]
type DisplayName = Annotated[str, Field(min_length=1, max_length=120), AfterValidator(_printable)]
type RedirectUri = Annotated[str, Field(min_length=1, max_length=256)]
type RedirectUris = Annotated[tuple[RedirectUri, ...], Field(max_length=50)]
type PermissionName = Annotated[str, Field(min_length=1, max_length=120), AfterValidator(_printable)]
type PermissionNames = Annotated[tuple[PermissionName, ...], Field(max_length=MAX_PERMISSIONS)]


def _is_absent(value: object) -> bool:
    return value is None


class ContractModel(BaseModel):
    """A part of a request: camelCase names, unknown fields refused, no value converted to fit."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_camel, validate_by_name=False, serialize_by_alias=True
    )


class PublicClient(ContractModel):
    """Mobile and desktop clients: Graph's `publicClient` and `isFallbackPublicClient`."""

    redirect_uris: RedirectUris = ()
    allow_public_client_flows: Annotated[bool, Field(strict=True)] = False


class ImplicitGrantSettings(ContractModel):
    """Which tokens the authorisation endpoint may hand out directly: Graph's `web.implicitGrantSettings`."""

    enable_id_token_issuance: Annotated[bool, Field(strict=True)] = False
    enable_access_token_issuance: Annotated[bool, Field(strict=True)] = False


class Web(ContractModel):
    """Web clients: Graph's `web`."""

    redirect_uris: RedirectUris = ()
    implicit_grant_settings: ImplicitGrantSettings = ImplicitGrantSettings()


class SinglePageApplication(ContractModel):
    """Single-page clients: Graph's `spa`."""

    redirect_uris: RedirectUris = ()


class ApiPermissions(ContractModel):
    """Permissions of one API, asked for by name: delegated ones (scopes) and application ones (app roles)."""

    api: Annotated[str, Field(min_length=1, max_length=120), AfterValidator(_printable)]
    delegated: PermissionNames = ()
    application: PermissionNames = ()


def _fit_into_an_answer(apis: tuple[ApiPermissions, ...]) -> tuple[ApiPermissions, ...]:
    if sum(len(api.delegated) + len(api.application) for api in apis) > MAX_PERMISSIONS:
        raise PydanticCustomError(
            "too_many_permissions", "must not ask for more than {most} permissions", {"most": MAX_PERMISSIONS}
        )
    return apis


class ApplicationSpec(ContractModel):
    """The app registration as the requester wants it to be."""

    unique_name: UniqueName
    display_name: DisplayName
    sign_in_audience: Literal[
        "AzureADMyOrg", "AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount"
    ] = "AzureADMyOrg"
    public_client: PublicClient = PublicClient()
    web: Web = Web()
    spa: SinglePageApplication = SinglePageApplication()
    api_permissions: Annotated[
        tuple[ApiPermissions, ...], Field(max_length=MAX_APIS), AfterValidator(_fit_into_an_answer)
    ] = ()
    # Excluded from rows when absent: version 1 hashed absence as false, and wrote false for both.
    admin_consent: Annotated[bool, Field(strict=True)] | None = Field(default=None, exclude_if=_is_absent)
    """True grants consent to all of the permissions, false revokes what was granted. If absent, nothing is granted, and
    existing consent stays for permissions that are still listed."""


def _iso_duration(value: object) -> object:
    if isinstance(value, timedelta) or (isinstance(value, str) and value.startswith("P")):
        return value
    raise PydanticCustomError("invalid_duration", "must be an ISO 8601 duration such as PT10M")


def _at_most_a_week(within: timedelta) -> timedelta:
    if not timedelta(0) <= within <= timedelta(days=7):
        raise PydanticCustomError("invalid_value", "must be a week (P7D) or less, and not negative")
    return within


type Days = Annotated[int, Field(ge=1, le=3650, strict=True)]


MIN_CERTIFICATE_DAYS = 31
"""Key Vault counts the lifetime of a certificate in whole months."""


class CredentialSpec(ContractModel):
    """A credential of the app, kept in Key Vault under `<uniqueName>--<name>`. All times in days.

    It is replaced `rotateBeforeDays` before it expires, and lives on for `overlapDays` beside the new one; policy
    says how long where the request does not. A certificate lives for as many months of 31 days as fit into
    `lifetimeDays`.
    """

    name: CredentialName
    type: Literal["secret", "certificate"]
    description: Annotated[str, Field(max_length=50), AfterValidator(_printable), AfterValidator(_no_mark)] = ""
    lifetime_days: Days
    # Added later: excluded when absent, so that hashes of earlier requests stay the same.
    rotate_before_days: Days | None = Field(default=None, exclude_if=_is_absent)
    overlap_days: Days | None = Field(default=None, exclude_if=_is_absent)

    @field_validator("lifetime_days")
    @classmethod
    def _whole_months(cls, days: int, info: ValidationInfo) -> int:
        if info.data.get("type") == "certificate" and days < MIN_CERTIFICATE_DAYS:
            raise PydanticCustomError(
                "lifetime_too_short",
                "must be {least} or more for a certificate, which lives for whole months",
                {"least": MIN_CERTIFICATE_DAYS},
            )
        return days


def _names_differ(credentials: tuple[CredentialSpec, ...]) -> tuple[CredentialSpec, ...]:
    if len({credential.name for credential in credentials}) != len(credentials):
        raise PydanticCustomError("duplicate_name", "must not have two credentials of one name")
    return credentials


def _canonical(fields: dict[str, Any]) -> str:
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


class AnyRequest(ContractModel):
    """Fields of every request. The same (source, requestId) is permanently the same request."""

    schema_version: Literal["1"]
    request_id: Id
    source: Id = "queue"
    requested_by: Person
    # Added later: excluded when absent, so that hashes of earlier requests stay the same.
    requested_by_object_id: ObjectId | None = Field(default=None, exclude_if=_is_absent)
    """The requester's object id in Entra: people cannot approve their own requests."""
    ticket: TicketAddress | None = Field(default=None, exclude_if=_is_absent)
    """Address of the originating ticket (a sys_id, an issue key), which receives all updates on the request."""

    def normalised(self) -> str:
        """Return the request as canonical JSON: defaults filled in, keys sorted, no spaces."""
        return _canonical(self.model_dump(mode="json"))

    def body_hash(self) -> str:
        """Return the SHA-256 of the normalised request in hex: bodies with the same hash are the same request."""
        return sha256(self.normalised().encode()).hexdigest()

    def content_hash(self) -> str:
        """Return the SHA-256 of the request's content: as `body_hash`, but an absent `adminConsent` differs from false.

        Approvals are bound to this hash.
        """
        return sha256(_canonical(self.model_dump(mode="json")).encode()).hexdigest()


class RegistrationRequest(AnyRequest):
    """Asks for an app registration, or for a change of one."""

    action: Literal["register"]
    owner: Person | None = None
    application: ApplicationSpec
    credentials: Annotated[tuple[CredentialSpec, ...], Field(max_length=10), AfterValidator(_names_differ)] = ()

    @override
    def normalised(self) -> str:
        """Return the request as canonical JSON, with an absent `adminConsent` as false, as in version 1."""
        fields = self.model_dump(mode="json")
        fields["application"].setdefault("adminConsent", False)
        return _canonical(fields)


class NamedApplication(ContractModel):
    """An app registration that exists."""

    unique_name: UniqueName


class RevokePrevious(ContractModel):
    """The old credential is known to others: it goes as soon as the new one is in its place, and within this time.

    `within` is an ISO 8601 duration of at most a week. At its end the old one goes even if the new one is not proven
    yet: clients then cannot sign in until it is.
    """

    within: Annotated[timedelta, BeforeValidator(_iso_duration), AfterValidator(_at_most_a_week)]


class RotationRequest(AnyRequest):
    """Asks for a new credential in the place of one that exists."""

    action: Literal["rotate"]
    application: NamedApplication
    credential: CredentialName
    reason: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_printable)]
    revoke_previous: RevokePrevious | None = None


type Request = RegistrationRequest | RotationRequest


def parse_request(fields: dict[str, Any]) -> Request:
    """Turn parsed JSON into a request. Raises RejectedError with every fault, each at its path."""
    model = RotationRequest if fields.get("action") == "rotate" else RegistrationRequest
    try:
        request = model.model_validate(fields)
    except ValidationError as error:
        raise RejectedError(_problem(dict(fault)) for fault in error.errors(include_url=False)) from None
    if request.source == OWN_SOURCE:
        message = f"The source {echo(OWN_SOURCE)} is the registrar's own. Name the system that sends the request."
        raise RejectedError([Problem("source", "reserved_name", message)])
    return request


def _problem(fault: dict[str, Any]) -> Problem:
    problem = problem_of(fault, FORMS)
    if (problem.field, problem.code) == ("action", "unsupported_value"):
        return replace(problem, message=problem.message.replace("'register'", "'register' or 'rotate'"))
    return problem


def nobodys_address(request: Request) -> Problem | None:
    """Return the problem with the addresses in a new request, if any; stored requests may contain such addresses."""
    owner = request.owner if isinstance(request, RegistrationRequest) else None
    for field, address in (("requestedBy", request.requested_by), ("owner", owner)):
        why = why_nobodys(address) if address is not None else None
        if why is not None:
            return Problem(field, "invalid_format", f"The value {echo(address)} of '{field}' is not allowed: {why}.")
    return None


def valid_id(value: object) -> str | None:
    """Return a value from an unreadable request if it is a well-formed id, so that its answer can be matched."""
    return value if isinstance(value, str) and re.fullmatch(ID_PATTERN[1:-1], value) else None


def valid_unique_name(value: object) -> str | None:
    """Return a value from an unreadable request if it is a well-formed uniqueName."""
    if not isinstance(value, str) or len(value) > UNIQUE_NAME_LENGTH:
        return None
    return value if re.fullmatch(UNIQUE_NAME_PATTERN[1:-1], value) else None
