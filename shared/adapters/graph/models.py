"""Graph's answers as small Parsables of our own, requested with `$select`.

The SDK's own `Application` imports some 1,200 modules when it reads its first answer, seconds of cold start;
these read the few fields we use. Request bodies are plain dictionaries that the SDK's writer serialises.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Self

from kiota_abstractions.serialization import Parsable, ParseNode, SerializationWriter


class GraphAnswer(Parsable):
    """Part of an answer; subclasses name the fields they read."""

    @classmethod
    def create_from_discriminator_value(cls, parse_node: ParseNode | None = None) -> Self:
        """Make an empty object for the SDK to fill."""
        return cls()

    def get_field_deserializers(self) -> dict[str, Callable[[ParseNode], None]]:
        """Name the fields to read."""
        raise NotImplementedError

    def serialize(self, writer: SerializationWriter) -> None:
        """Refuse: answers are read only."""
        raise TypeError("a Graph answer is not sent back")


class GraphBody(Parsable):
    """A request body: JSON in Graph's own names."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self._fields = fields

    def get_field_deserializers(self) -> dict[str, Callable[[ParseNode], None]]:
        """Refuse: bodies are written only."""
        raise TypeError("a request body is not read")

    def serialize(self, writer: SerializationWriter) -> None:
        """Write all fields."""
        writer.write_additional_data_value(self._fields)


class _Fields(GraphAnswer):
    """Reads the fields named in `strings`, `string_lists`, `numbers`, `flags`, `moments`, `objects` and `lists`."""

    strings: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    string_lists: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    moments: tuple[str, ...] = ()
    objects: dict[str, type[GraphAnswer]] = {}  # noqa: RUF012  replaced by subclasses, never mutated
    lists: dict[str, type[GraphAnswer]] = {}  # noqa: RUF012

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def get_field_deserializers(self) -> dict[str, Callable[[ParseNode], None]]:
        """Name the fields to read."""
        readers: dict[str, Callable[[ParseNode], Any]] = {}
        readers |= dict.fromkeys(self.strings, lambda node: node.get_str_value())
        readers |= dict.fromkeys(self.string_lists, lambda node: node.get_collection_of_primitive_values(str))
        readers |= dict.fromkeys(self.numbers, lambda node: node.get_int_value())
        readers |= dict.fromkeys(self.flags, lambda node: node.get_bool_value())
        readers |= dict.fromkeys(self.moments, lambda node: node.get_datetime_value())
        for name, model in self.objects.items():
            readers[name] = lambda node, model=model: node.get_object_value(model)
        for name, model in self.lists.items():
            readers[name] = lambda node, model=model: node.get_collection_of_object_values(model)
        return {name: self._reader(name, read) for name, read in readers.items()}

    def _reader(self, name: str, read: Callable[[ParseNode], Any]) -> Callable[[ParseNode], None]:
        def keep(node: ParseNode) -> None:
            self.values[name] = read(node)

        return keep

    def string(self, name: str) -> str | None:
        """Value of a string field."""
        return self.values.get(name)

    def required(self, name: str) -> str:
        """Value of a string field that the answer must have. Raises ValueError without it."""
        value = self.values.get(name)
        if not isinstance(value, str):
            raise ValueError(f"Graph's answer lacks {name}")  # noqa: TRY004  the answer is wrong, not the caller
        return value

    def number(self, name: str) -> int | None:
        """Value of a whole number."""
        return self.values.get(name)

    def strings_of(self, name: str) -> frozenset[str]:
        """Values of a list of strings."""
        return frozenset(self.values.get(name) or ())

    def flag(self, name: str) -> bool:
        """Value of a boolean field; null counts as false."""
        return bool(self.values.get(name))

    def moment(self, name: str) -> datetime | None:
        """Value of a time field."""
        return self.values.get(name)

    def object[T: GraphAnswer](self, name: str, model: type[T]) -> T:
        """Read a nested object; an empty one when it is null."""
        return self.values.get(name) or model()

    def list[T: GraphAnswer](self, name: str, model: type[T]) -> list[T]:
        """Read a list of objects."""
        return self.values.get(name) or []


class RedirectUrisAnswer(_Fields):
    """`publicClient` and `spa`."""

    string_lists = ("redirectUris",)


class ImplicitGrantAnswer(_Fields):
    """`web.implicitGrantSettings`."""

    flags = ("enableIdTokenIssuance", "enableAccessTokenIssuance")


class WebAnswer(_Fields):
    """`web`."""

    string_lists = ("redirectUris",)
    objects = {"implicitGrantSettings": ImplicitGrantAnswer}  # noqa: RUF012


class ApiAnswer(_Fields):
    """The field of `api` that depends on the audience."""

    numbers = ("requestedAccessTokenVersion",)


class ResourceAccessAnswer(_Fields):
    """One entry of `requiredResourceAccess[].resourceAccess`."""

    strings = ("id", "type")


class RequiredResourceAccessAnswer(_Fields):
    """One entry of `requiredResourceAccess`."""

    strings = ("resourceAppId",)
    lists = {"resourceAccess": ResourceAccessAnswer}  # noqa: RUF012


class PasswordCredentialAnswer(_Fields):
    """A passwordCredential; `secretText` only in addPassword's own answer."""

    strings = ("keyId", "displayName", "secretText")
    moments = ("endDateTime",)


class KeyCredentialAnswer(_Fields):
    """A keyCredential; `key` only where one application is read with `$select=keyCredentials`."""

    strings = ("keyId", "displayName", "customKeyIdentifier", "type", "usage", "key")
    moments = ("startDateTime", "endDateTime")


class ApplicationAnswer(_Fields):
    """The fields of an application that the registrar reads."""

    strings = ("id", "appId", "displayName", "signInAudience", "uniqueName")
    string_lists = ("tags",)
    flags = ("isFallbackPublicClient",)
    moments = ("createdDateTime",)
    objects = {  # noqa: RUF012
        "publicClient": RedirectUrisAnswer,
        "web": WebAnswer,
        "spa": RedirectUrisAnswer,
        "api": ApiAnswer,
    }
    lists = {  # noqa: RUF012
        "requiredResourceAccess": RequiredResourceAccessAnswer,
        "passwordCredentials": PasswordCredentialAnswer,
        "keyCredentials": KeyCredentialAnswer,
    }


class RemovedAnswer(_Fields):
    """`@removed` of a delta query: `changed` for what can be restored, `deleted` for what cannot."""

    strings = ("reason",)


class ApplicationChange(ApplicationAnswer):
    """An item of a delta query: an application, or the id of a removed one."""

    objects = {"@removed": RemovedAnswer}  # noqa: RUF012

    @property
    def is_removal(self) -> bool:
        """Return whether the application was removed."""
        return self.values.get("@removed") is not None


class ScopeAnswer(_Fields):
    """One entry of `oauth2PermissionScopes` or `appRoles`."""

    strings = ("id", "value")
    string_lists = ("allowedMemberTypes",)
    flags = ("isEnabled",)


class ServicePrincipalAnswer(_Fields):
    """A service principal: what it offers, and whether it is enabled."""

    strings = ("id", "appId", "displayName", "appOwnerOrganizationId")
    flags = ("accountEnabled",)
    lists = {"oauth2PermissionScopes": ScopeAnswer, "appRoles": ScopeAnswer}  # noqa: RUF012


class HeldCredentialAnswer(_Fields):
    """A passwordCredential or keyCredential of a listing: its validity and its name."""

    strings = ("keyId", "displayName")
    moments = ("startDateTime", "endDateTime")


class CredentialHolderAnswer(_Fields):
    """An application or a service principal with its credentials."""

    strings = ("id", "appId", "displayName", "uniqueName", "servicePrincipalType")
    lists = {"passwordCredentials": HeldCredentialAnswer, "keyCredentials": HeldCredentialAnswer}  # noqa: RUF012


class OwnerAnswer(_Fields):
    """An owner. Without permission to read users, Graph returns only the id."""

    strings = ("id", "userPrincipalName", "displayName")


class UserAnswer(_Fields):
    """A user. Fields that the caller may not read are null."""

    strings = ("id", "userPrincipalName", "mail")
    flags = ("accountEnabled",)
    moments = ("createdDateTime",)


class GrantAnswer(_Fields):
    """An oauth2PermissionGrant."""

    strings = ("id", "consentType", "resourceId", "scope")


class AssignmentAnswer(_Fields):
    """An appRoleAssignment."""

    strings = ("id", "appRoleId", "resourceId")


class GraphPage(_Fields):
    """A page of a collection."""

    strings = ("@odata.nextLink",)


class ApplicationPage(GraphPage):
    """A page of applications."""

    lists = {"value": ApplicationAnswer}  # noqa: RUF012


class ApplicationChangePage(GraphPage):
    """A page of a delta query: the last one has the link for the next round."""

    strings = ("@odata.nextLink", "@odata.deltaLink")
    lists = {"value": ApplicationChange}  # noqa: RUF012


class ServicePrincipalPage(GraphPage):
    """A page of service principals."""

    lists = {"value": ServicePrincipalAnswer}  # noqa: RUF012


class CredentialHolderPage(GraphPage):
    """A page of applications or service principals with their credentials."""

    lists = {"value": CredentialHolderAnswer}  # noqa: RUF012


class UserPage(GraphPage):
    """A page of users."""

    lists = {"value": UserAnswer}  # noqa: RUF012


class OwnerPage(GraphPage):
    """A page of owners."""

    lists = {"value": OwnerAnswer}  # noqa: RUF012


class ErrorAnswer(_Fields):
    """`error` of a call that was part of a batch."""

    strings = ("code", "message")


class OwnerStepBody(OwnerPage):
    """The body of one call of a batch: a page of owners, or an error."""

    objects = {"error": ErrorAnswer}  # noqa: RUF012


class StepHeaders(_Fields):
    """Headers of one call of a batch."""

    strings = ("Retry-After",)


class OwnerStepAnswer(_Fields):
    """One call of a batch."""

    strings = ("id",)
    numbers = ("status",)
    objects = {"headers": StepHeaders, "body": OwnerStepBody}  # noqa: RUF012


class OwnerBatchAnswer(_Fields):
    """The answers of a batch, in any order."""

    lists = {"responses": OwnerStepAnswer}  # noqa: RUF012


class GrantPage(GraphPage):
    """A page of oauth2PermissionGrants."""

    lists = {"value": GrantAnswer}  # noqa: RUF012


class AssignmentPage(GraphPage):
    """A page of appRoleAssignments."""

    lists = {"value": AssignmentAnswer}  # noqa: RUF012
