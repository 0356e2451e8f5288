"""What a witness knows and no operator can."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from doctor.evidence import Application, Consent, ServicePrincipal, VaultSecret


@dataclass(frozen=True)
class ForeignUri:
    """A redirect URI that somebody else added to an app of ours."""

    object_id: str
    uri: str


@dataclass(frozen=True)
class Foreign:
    """What others made, as it was when the witness looked: the registrar may touch none of it."""

    applications: tuple[Application, ...] = ()
    principals: tuple[ServicePrincipal, ...] = ()
    passwords: frozenset[tuple[str, str]] = frozenset()
    """(application's object id, keyId) of client secrets and certificates."""
    redirect_uris: frozenset[ForeignUri] = frozenset()
    consents: frozenset[Consent] = frozenset()
    secrets: tuple[VaultSecret, ...] = ()


type Event = Mapping[str, Any]
"""An answer as CloudEvents JSON."""


@dataclass(frozen=True)
class Witnessed:
    """Everything that a witness knows."""

    answers: tuple[Event, ...] = ()
    """Every answer ever delivered, repeated deliveries included."""
    events: tuple[Event, ...] | None = None
    """The same of `registrar-events`; None where they were not collected."""
    requests: tuple[Event, ...] | None = None
    """Every message ever sent, in the order and as often as it was; None where they were not counted."""
    foreign: Foreign = Foreign()
    made: Mapping[str, int] = field(default_factory=dict[str, int])
    """How many applications (by uniqueName) and principals (by client id) were ever made."""
    arrivals_differ: bool = False
    """No two messages arrived in one second: the time of an unreadable one's answer then tells it from others."""
