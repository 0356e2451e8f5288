"""What an in-memory tenant holds, and what of it a replica shows that lags behind."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from uuid import UUID

from shared.adapters.graph.refusals.judging import judge
from shared.adapters.graph.refusals.refusal import Detail, Doing, Refusal
from shared.core.errors import NotYetVisibleError, RegistrarError
from shared.model.directory import (
    ApplicationState,
    Consent,
    CredentialType,
    KeyCredential,
    PasswordCredential,
    SeenApplication,
)
from tests.fakes.apis import DIGITAL_TWINS, MICROSOFT_GRAPH
from tests.fakes.clock import FakeClock, Past
from tests.fakes.faults import Faults


def refused(doing: Doing, status: int, code: str, *details: Detail) -> RegistrarError:
    """What an adapter makes of an error answer of Graph."""
    return judge(Refusal(status, code, "refused", details), doing)


@dataclass
class FakePassword:
    credential: PasswordCredential
    value: str
    active_from: datetime


@dataclass
class FakeKey:
    credential: KeyCredential
    public: bytes
    active_from: datetime


@dataclass
class FakeApplication:
    object_id: str
    client_id: str
    state: ApplicationState
    passwords: dict[str, FakePassword] = field(default_factory=dict[str, FakePassword])
    keys: dict[str, FakeKey] = field(default_factory=dict[str, FakeKey])
    created: datetime | None = None

    def seen(self) -> SeenApplication:
        passwords = tuple(password.credential for password in self.passwords.values())
        keys = tuple(key.credential for key in self.keys.values())
        return SeenApplication(self.object_id, self.client_id, self.state, passwords, keys, self.created)


@dataclass(frozen=True)
class Write:
    """A write to an application: when its caller sent it, and when it took effect."""

    unique_name: str
    sent: datetime
    at: datetime


@dataclass
class Foreign:
    """What others made, and when: none of it is ours to touch."""

    applications: dict[str, ApplicationState] = field(default_factory=dict[str, ApplicationState])
    redirect_uris: list[tuple[str, str, datetime]] = field(default_factory=list[tuple[str, str, datetime]])
    passwords: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    consents: list[tuple[str, Consent]] = field(default_factory=list[tuple[str, Consent]])


class DirectoryState:
    """`applications` and the rest are the primary: what a test asserts on. Replicas show what it was."""

    def __init__(self, clock: FakeClock, faults: Faults) -> None:
        self.clock = clock
        self.faults = faults
        self.lag = timedelta(0)
        self.secret_delay = timedelta(0)
        self.apis = [DIGITAL_TWINS, MICROSOFT_GRAPH]
        self.applications: dict[str, FakeApplication] = {}
        self.deleted_names: set[str] = set()
        self.disabled: set[str] = set()
        """Object ids of service principals that somebody has disabled."""
        self._deleted: dict[str, tuple[FakeApplication, str | None]] = {}
        self.principals: dict[str, str] = {}
        self.consented: dict[str, set[Consent]] = {}
        self.passwords_ever_issued: int = 0
        self.forbidden: dict[CredentialType, str] = {}
        """Kinds of credential that Entra does not let us add, with its code."""
        self.sign_in_refusal: RegistrarError | None = None
        """What every sign-in is answered, whatever its credential."""
        self.foreign = Foreign()
        self.made_applications = Counter[str]()
        self.made_principals = Counter[str]()
        self.writes: list[Write] = []
        self._application_past: dict[str, Past[SeenApplication]] = {}
        self.changes: list[tuple[datetime, str, str]] = []
        """When what was changed: its name, and its object id."""
        self._principal_past: dict[str, Past[str]] = {}
        self._consent_past: dict[str, Past[frozenset[Consent]]] = {}
        self._ids = count(1)

    def remember(self, unique_name: str) -> None:
        """Make the application's present part of its past; for tests that change it behind the registrar's back."""
        app = self.applications.get(unique_name)
        past = self._application_past.setdefault(unique_name, Past(self.clock))
        before = past.now()
        past.set(app.seen() if app is not None else None)
        changed = app or before
        if changed is not None:
            self.changes.append((self.clock.now(), unique_name, changed.object_id))

    def _visible(self, object_id: str, doing: Doing) -> tuple[str, FakeApplication, SeenApplication]:
        """The application that a call is for, as it is and as the replica that serves the call shows it."""
        for name, app in self.applications.items():
            if app.object_id == object_id and (seen := self._application_past[name].seen(self.lag)) is not None:
                return name, app, seen
        if doing is Doing.READ:
            raise NotYetVisibleError("the directory does not show the application")
        raise refused(doing, 404, "Request_ResourceNotFound")

    def _is_principal_visible(self, service_principal_id: str) -> bool:
        return any(past.seen(self.lag) == service_principal_id for past in self._principal_past.values())

    def _require_replicated(self, client_id: str) -> None:
        unique_name = next((name for name, app in self.applications.items() if app.client_id == client_id), None)
        if unique_name is None or self._application_past[unique_name].seen(self.lag) is None:
            detail = Detail("NoBackingApplicationObject", "appId")
            raise refused(Doing.CREATE_PRINCIPAL, 400, "Request_BadRequest", detail)

    def _new_id(self) -> str:
        return str(UUID(int=next(self._ids)))
