"""The answer of schema version 1: a CloudEvents 1.0 message on `app-registration-results`."""

import json
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic.alias_generators import to_camel

from shared.core.errors import Problem
from shared.core.text import utc_text

MAX_ANSWER_BYTES = 24 * 1024
MAX_ERRORS = 50
MAX_OTHERS = 20
MAX_FILLED = 10
EVENT_SOURCE = "/entra-registrar"


type Moment = Annotated[
    datetime,
    PlainSerializer(utc_text, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization"),
]


class Status(StrEnum):
    """How a request ended."""

    COMPLETED = "completed"
    REJECTED = "rejected"
    FAILED = "failed"
    AWAITING_APPROVAL = "awaiting_approval"
    """Not final: sent only as an event, to those who may decide."""


class AnswerModel(BaseModel):
    """A part of an answer: camelCase names; readers ignore unknown fields, so fields may be added."""

    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, serialize_by_alias=True
    )


class AnsweredPermission(AnswerModel):
    """One permission: Graph's id and type (`Scope` is delegated, `Role` is application), and whether consented."""

    name: str
    id: str
    type: Literal["Scope", "Role"]
    consented: bool
    consented_by_others: bool = Field(default=False, exclude_if=lambda value: not value)
    """Whether others had consented before a request asked for it: it then stays even if no request asks for it."""


class AnsweredOthers(AnswerModel):
    """Something that no request asks for any more and that stays, because others made it before one did."""

    kind: Literal["redirectUri", "requiredPermission", "delegatedPermission", "applicationPermission"]
    name: str
    """The redirect URI, or the permission's name."""
    api: str | None = None
    type: Literal["Scope", "Role"] | None = Field(default=None, exclude_if=lambda value: value is None)
    """Of a `requiredPermission`: a scope and an app role of one API may have the same name."""


class AnsweredApi(AnswerModel):
    """The permissions of one API."""

    api: str
    resource_app_id: str
    resource_uri: str = Field(
        description="The audience to ask tokens for, with the scope `<resourceUri>/.default`: what the registrar's "
        "policy names for this API, else its appId, which is always a valid audience."
    )
    permissions: tuple[AnsweredPermission, ...]


class AnsweredCredential(AnswerModel):
    """Where a credential lies. Clients use the URI without a version, which always leads to the newest."""

    name: str
    type: str
    key_id: str
    key_vault_secret_uri: str
    key_vault_secret_version: str
    """The registrar's newest version. A note says so if others have set a newer one."""
    expires_on: Moment
    disabled: bool = Field(default=False, exclude_if=lambda value: not value)
    """Whether that version is disabled: it cannot be read, and a note says what to do."""


class Step(AnswerModel):
    """One step of the work: when it was begun and how many seconds it took, waiting included."""

    name: str
    started: Moment
    seconds: float


class AnsweredError(AnswerModel):
    """One fault of a rejected or failed request."""

    field: str
    code: str
    message: str
    label: str = Field(default="", exclude_if=lambda value: not value)
    """The form's label for the field, if the source's mapping has one."""


class AnsweredNote(AnswerModel):
    """Something that a request asked for and did not get, without being rejected for it."""

    field: str
    code: str
    message: str
    label: str = Field(default="", exclude_if=lambda value: not value)


class AnsweredRotation(AnswerModel):
    """What became of the credential that a rotation was to replace. Times that do not apply are null."""

    credential: str
    reason: str
    replaced_key_id: str | None = None
    replaced_until: Moment | None = None
    """When the replaced credential is, or was, removed."""
    replaced_refused_since: Moment | None = None
    """When a sign-in with the replaced value was first refused, if it was revoked."""
    issued_tokens_until: Moment | None = None
    """Until when previously issued tokens may still work: they cannot be revoked."""


class AnsweredApproval(AnswerModel):
    """What somebody is to decide about, and who may."""

    binding: str
    """Identifies the request, the ids it resolved to and the policy: a decision names it, and is valid for it only."""
    expires_on: Moment
    requested_by: str
    ticket: str | None = None
    by_ticket: bool
    """Whether the ticketing system that sent the request may decide: it reports an approval by webhook."""
    role: str | None = None
    """App role of the registrar's API; null if the requester's object id is unknown and cannot be compared."""
    replaces: str | None = Field(default=None, exclude_if=lambda value: value is None)
    """The operation of an earlier form of the same ticket that this one replaced."""
    href: str | None = None
    """Where a holder of that role posts the decision, below the registrar's address."""


class AnswerData(AnswerModel):
    """What a requester learns. Never a secret's value. Fields that do not apply are null or empty."""

    request_id: str | None
    source: str | None = None
    operation_id: str | None = None
    status: Status
    client_id: str | None = None
    tenant_id: str | None = None
    object_id: str | None = None
    service_principal_id: str | None = None
    display_name: str | None = None
    api_permissions: tuple[AnsweredApi, ...] = ()
    credentials: tuple[AnsweredCredential, ...] = ()
    # Added later: excluded when absent, so that a recorded answer is delivered unchanged.
    rotation: AnsweredRotation | None = Field(default=None, exclude_if=lambda value: value is None)
    approval: AnsweredApproval | None = Field(default=None, exclude_if=lambda value: value is None)
    made_by_others: tuple[AnsweredOthers, ...] = Field(default=(), exclude_if=lambda value: not value)
    filled_redirect_uris: tuple[str, ...] = Field(default=(), exclude_if=lambda value: not value)
    """The first redirect URIs requested with the placeholder `{clientId}`, with it filled in."""
    requested_by_object_id: str | None = Field(default=None, exclude_if=lambda value: value is None)
    """The requester's directory object id, if the registrar may look it up or a proven channel supplied it."""
    owner_object_id: str | None = Field(default=None, exclude_if=lambda value: value is None)
    """The app's owner from now on, likewise."""
    notes: tuple[AnsweredNote, ...] = Field(default=(), exclude_if=lambda value: not value)
    steps: tuple[Step, ...] = ()
    portal_url: str | None = None
    errors: tuple[AnsweredError, ...] = ()
    error_count: int = 0


class Answer(AnswerModel):
    """A CloudEvents 1.0 envelope in structured JSON mode."""

    specversion: Literal["1.0"] = "1.0"
    id: str
    source: str = EVENT_SOURCE
    type: str
    subject: str | None = None
    time: Moment
    datacontenttype: Literal["application/json"] = "application/json"
    data: AnswerData

    def to_json(self) -> str:
        """Return one line of JSON, at most 24 KiB: errors that do not fit are dropped, `errorCount` counts them all."""
        answer = self
        # CloudEvents has no null: absent attributes are omitted.
        absent = {"subject"} if self.subject is None else set[str]()
        while len((text := answer.model_dump_json(exclude=absent)).encode()) > MAX_ANSWER_BYTES and answer.data.errors:
            fewer = answer.data.errors[: len(answer.data.errors) // 2]
            answer = answer.model_copy(update={"data": answer.data.model_copy(update={"errors": fewer})})
        return text


def answer_type(status: Status, action: Literal["register", "rotate"] = "register") -> str:
    """Return the CloudEvents type of an answer, such as `registrar.registration.completed.v1`."""
    return f"registrar.registration.{status}.v1" if action == "register" else _ROTATION_TYPES[status]


_ROTATION_TYPES = {
    Status.COMPLETED: "registrar.credential.rotated.v1",
    Status.REJECTED: "registrar.credential.rotation_rejected.v1",
    Status.FAILED: "registrar.credential.rotation_failed.v1",
}


VOID_TYPE = "registrar.registration.decision_void.v1"
"""CloudEvents type of a ticket's update about a decision that does not count."""
MALFORMED_TYPE = "registrar.registration.malformed.v1"
"""CloudEvents type of a ticket's update about a form that did not become a request."""
DECISION_MALFORMED_TYPE = "registrar.registration.decision_malformed.v1"
"""CloudEvents type of a ticket's update about an unreadable decision."""
EXPIRING_TYPE = "registrar.credential.expiring.v1"
"""CloudEvents type of the warning that a credential is expiring and cannot be replaced."""


def answer_id(*parts: str) -> str:
    """Return a deterministic CloudEvents id: the same parts always yield the same id."""
    return sha256(json.dumps(parts).encode()).hexdigest()[:32]


def answered_errors(problems: Sequence[Problem]) -> tuple[AnsweredError, ...]:
    """Return the first 50 problems in the form of an answer."""
    return tuple(
        AnsweredError(field=problem.field, code=problem.code, message=problem.message, label=problem.label)
        for problem in problems[:MAX_ERRORS]
    )
