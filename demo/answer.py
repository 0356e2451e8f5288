"""What the requester reads of an answer: a CloudEvent whose data is written in camelCase."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True)


class Permission(_Model):
    """One permission of an API; `type` is Scope (delegated) or Role (application)."""

    name: str
    type: str
    consented: bool


class ApiPermissions(_Model):
    """The permissions on one API."""

    api: str
    resource_uri: str
    permissions: list[Permission]


class IssuedCredential(_Model):
    """A credential and where its value lies."""

    name: str
    key_vault_secret_uri: str
    expires_on: datetime


class Step(_Model):
    """One step of the work and how long it took."""

    name: str
    started: datetime
    seconds: float


class Problem(_Model):
    """One reason for a rejection."""

    field: str | None = None
    code: str
    message: str


class Data(_Model):
    """The answer itself; what a rejection does not have is empty."""

    request_id: str
    status: str
    client_id: str | None = None
    tenant_id: str | None = None
    display_name: str | None = None
    api_permissions: list[ApiPermissions] = []
    credentials: list[IssuedCredential] = []
    steps: list[Step] = []
    portal_url: str | None = None
    errors: list[Problem] = []


class Answer(_Model):
    """The CloudEvent around it."""

    id: str
    type: str
    time: datetime
    data: Data

    @classmethod
    def of(cls, event: object) -> Self:
        """Read a received event. Raises pydantic's ValidationError when it is not an answer."""
        return cls.model_validate(event)

    @property
    def completed(self) -> bool:
        """Return whether the registration was completed and verified."""
        return self.type == "registrar.registration.completed.v1"
