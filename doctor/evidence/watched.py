"""What only somebody knows who watched from the beginning."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from doctor.evidence.directory import Application, Consent, ServicePrincipal
from doctor.evidence.vault import VaultSecret


@dataclass(frozen=True)
class ForeignUri:
    """A redirect URI that somebody added to an app of ours."""

    object_id: str
    uri: str


@dataclass(frozen=True)
class Foreign:
    """What others made, as it was when somebody looked: none of it is ours to touch."""

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
class Watched:
    """What only somebody knows who watched from the beginning: tests, never an operator."""

    answers: tuple[Event, ...] = ()
    """Every answer ever delivered, repeated deliveries included."""
    events: tuple[Event, ...] | None = None
    """The same of `registrar-events`; None when nobody collected them."""
    requests: tuple[Event, ...] | None = None
    """Every message ever sent, in the order and as often as it was; None when nobody counted."""
    foreign: Foreign = Foreign()
    made: Mapping[str, int] = field(default_factory=dict[str, int])
    """How many applications (by uniqueName) and principals (by client id) ever came to be."""
    arrivals_differ: bool = False
    """No two messages arrived in one second: an unreadable one's answer, timed by arrival, then tells it apart."""
