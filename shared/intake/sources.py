"""ticketing.toml as types: the sources that may send requests, their verification, and their payload mappings."""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from jmespath.exceptions import JMESPathError
from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from shared.core.naming import ID_PATTERN, OWN_SOURCE
from shared.intake.expressions import compile_expression
from shared.tickets.configuration import Updates, with_kind
from shared.tickets.toml import SettingNames, TicketingModel

QUEUE_SOURCE = "queue"
"""The source of queue messages that name none; reserved, so that no webhook can have it."""


class TicketingError(ValueError):
    """ticketing.toml cannot be used; the message names every fault."""


def _expression(text: str) -> str:
    try:
        compile_expression(text)
    except JMESPathError as error:
        raise PydanticCustomError(
            "expression", "is not a JMESPath expression: {error}", {"error": str(error)}
        ) from None
    return text


def _header_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}", name):
        raise PydanticCustomError("header", "is not the name of an HTTP header")
    return name.casefold()


def _one_line(text: str) -> str:
    if not text.isprintable() or text != text.strip() or "'" in text:
        raise PydanticCustomError("label", "is not one line of text without quotation marks")
    return text


type Expression = Annotated[str, AfterValidator(_expression)]
"""JMESPath (jmespath.org/specification.html), over the payload's JSON."""
type HeaderName = Annotated[str, AfterValidator(_header_name)]


class StandardWebhooksProof(TicketingModel):
    """Signed as standardwebhooks.com specifies: id, time and body, by HMAC-SHA256."""

    method: Literal["standard_webhooks"]
    secrets: SettingNames


class HmacProof(TicketingModel):
    """HMAC-SHA256 of the body in a header: `prefix`, then hex or base64."""

    method: Literal["hmac"]
    secrets: SettingNames
    header: HeaderName
    prefix: str = ""
    encoding: Literal["hex", "base64"] = "hex"


class TokenProof(TicketingModel):
    """A shared token in a header, after a prefix such as `Bearer `."""

    method: Literal["token"]
    secrets: SettingNames
    header: HeaderName
    prefix: str = ""


class EntraProof(TicketingModel):
    """An access token of our tenant for the registrar's own API, with this app role."""

    method: Literal["entra"]
    role: str = Field(min_length=1, max_length=120)


type Proof = Annotated[StandardWebhooksProof | HmacProof | TokenProof | EntraProof, Field(discriminator="method")]


class Constant(TicketingModel):
    """A value that does not come from the payload."""

    constant: str | bool | int


type Rule = Expression | Constant
type Label = Annotated[str, Field(min_length=1, max_length=80), AfterValidator(_one_line)]


class Mapping(TicketingModel):
    """How a payload maps to a request: values by path, from an expression or a constant.

    A path is a request's own, such as `application.uniqueName`; values that are not found are left out. `whole` takes a
    complete request from the payload, as an object or as JSON in a string.
    """

    whole: Expression | None = None
    fields: dict[str, Rule] = Field(default_factory=dict[str, Rule])
    labels: dict[str, Label] = Field(default_factory=dict[str, Label])
    """The form's labels by path: messages to its requesters name the field so."""

    @model_validator(mode="after")
    def _is_not_empty(self) -> Self:
        if self.whole is None and not self.fields:
            raise PydanticCustomError("mapping", "neither `whole` nor any of `fields` is given")
        for path in (*self.fields, *self.labels):
            if not re.fullmatch(r"[A-Za-z]+(\.[A-Za-z]+|\[\d\])*", path):
                raise PydanticCustomError("mapping", "{path} is not a path into a request", {"path": path})
        return self


class DecisionMapping(TicketingModel):
    """How a decision is read from a payload: one where `when` finds something that is not empty or false.

    A ticket decides only about its own request: same source, requestId and ticket. `id` distinguishes decisions, so
    that a replayed one has no effect. The decision is about the content that the source's own mapping finds in the
    payload, or the `binding` of the registrar's note; `decided_at` is when it was made.
    """

    when: Expression
    request_id: Expression
    id: Expression
    outcome: Expression
    approved: Annotated[tuple[str, ...], Field(min_length=1)] = ("approved",)
    refused: Annotated[tuple[str, ...], Field(min_length=1)] = ("refused", "rejected")
    decided_at: Expression
    ticket: Expression
    binding: Expression | None = None
    decided_by: Expression | None = None
    decided_by_object_id: Expression | None = None
    reason: Expression | None = None


class Source(TicketingModel):
    """One sender. Its name is the source of its requests."""

    name: Annotated[str, Field(pattern=ID_PATTERN, max_length=40)]
    kind: Literal["servicenow", "jira", "generic"] = "generic"
    proof: Proof
    mapping: Mapping
    decision: DecisionMapping | None = None
    """Without it, no ticket of this source decides anything."""
    accept_token_decisions: bool = False
    """Whether decisions are accepted from holders of a shared token, which does not authenticate the body."""
    requests_per_minute: Annotated[int, Field(ge=1, le=6000)] = 60
    updates: Annotated[Updates, Field(discriminator="kind")] | None = None
    """The updates to the source's tickets, and how they are sent; none without."""

    @model_validator(mode="before")
    @classmethod
    def _add_kind_to_updates(cls, source: Any) -> Any:  # noqa: ANN401  whatever the file holds
        return with_kind(source)

    @model_validator(mode="after")
    def _name_is_free(self) -> Self:
        if self.name.casefold() in (OWN_SOURCE, QUEUE_SOURCE):
            raise PydanticCustomError("reserved", "{name} is reserved for the registrar", {"name": self.name})
        return self

    @model_validator(mode="after")
    def _may_decide(self) -> Self:
        if self.decision is None:
            return self
        if "ticket" not in self.mapping.fields:
            raise PydanticCustomError("decision", "a source that decides has to map `ticket`")
        if self.updates is None or "awaiting_approval" not in self.updates.events:
            raise PydanticCustomError(
                "decision",
                "a source that decides needs [sources.updates] with the event awaiting_approval: a decision counts "
                "only once the ticket shows what it is about",
            )
        if isinstance(self.proof, TokenProof) and not self.accept_token_decisions:
            raise PydanticCustomError(
                "decision",
                "its proof is a shared token, and whoever reads that could approve anything: use a signature or Entra, "
                "or set accept_token_decisions = true",
            )
        return self


class Ticketing(TicketingModel):
    """The content of ticketing.toml."""

    version: Literal["1"]
    sources: tuple[Source, ...] = ()

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        if len({source.name.casefold() for source in self.sources}) != len(self.sources):
            raise PydanticCustomError("duplicate", "two sources have the same name")
        return self

    def source(self, name: str) -> Source | None:
        """Find a source by its exact name."""
        return next((source for source in self.sources if source.name == name), None)

    def deciding_sources(self) -> frozenset[str]:
        """Return the sources whose tickets may decide about their requests."""
        return frozenset(source.name for source in self.sources if source.decision is not None)

    def labels(self) -> dict[str, dict[str, str]]:
        """Return the forms' labels for a request's paths, by source."""
        return {source.name: source.mapping.labels for source in self.sources}

    def webhook_sources(self) -> frozenset[str]:
        """Return the sources' names in lower case, for comparison with a message's own source."""
        return frozenset(source.name.casefold() for source in self.sources)

    def settings(self) -> frozenset[str]:
        """Return the app settings that hold secrets: to verify senders, and to authenticate us to them."""
        proofs: list[Any] = [source.proof for source in self.sources]
        proving = frozenset(name for proof in proofs for name in getattr(proof, "secrets", ()))
        return proving.union(*(source.updates.secret_settings for source in self.sources if source.updates))

    def plain_settings(self) -> frozenset[str]:
        """Return the app settings with the addresses and users for the sources' tickets."""
        return frozenset[str]().union(*(source.updates.plain_settings for source in self.sources if source.updates))


def load_ticketing(file: Path) -> Ticketing:
    """Read ticketing.toml; without the file there are no sources. Raises TicketingError naming every fault."""
    try:
        return Ticketing.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Ticketing(version="1")
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TicketingError(f"{file}: {error}") from error
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc']) or 'ticketing'}: {fault['msg']}" for fault in error.errors()
        )
        raise TicketingError(f"{file}: {faults}") from error
