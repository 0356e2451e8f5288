"""An Entra in memory: one tenant, read late by app-only callers, with secrets that take their time to work."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from uuid import UUID

from shared.adapters.graph.refusals.judging import judge
from shared.adapters.graph.refusals.refusal import Detail, Doing, Refusal
from shared.core.errors import DisabledError, NotYetVisibleError, RefusedError, RegistrarError, SignInUnclearError
from shared.core.naming import APPLICATION_TAG
from shared.core.secret import Secret
from shared.model.directory import (
    Api,
    ApiPermission,
    ApplicationState,
    Consent,
    CredentialType,
    KeyCredential,
    PasswordCredential,
    PermissionType,
    PublicCertificate,
    SeenApplication,
    SeenConsents,
    SeenPrincipal,
)
from shared.model.holdings import Holdings
from shared.ports import ChangedApplications, CreatedApplication, IssuedPassword
from shared.registration.permissions import MICROSOFT_TENANT
from tests.fakes import entra_rules
from tests.fakes.clock import FakeClock, Past
from tests.fakes.faults import Faults, outgoing
from tests.fakes.vault import public_part

DIGITAL_TWINS = Api(
    service_principal_id="5b000000-0000-4000-8000-000000000001",
    app_id="0b07f429-9f4b-4714-9392-cc5e8e80c8b0",
    display_name="Azure Digital Twins",
    owner_organization_id=MICROSOFT_TENANT,
    permissions=(ApiPermission("4589bd03-58cb-4e6c-b17f-b580e39652f8", "Read.Write", "Scope", enabled=True),),
)
MICROSOFT_GRAPH = Api(
    service_principal_id="5b000000-0000-4000-8000-000000000002",
    app_id="00000003-0000-0000-c000-000000000000",
    display_name="Microsoft Graph",
    owner_organization_id=MICROSOFT_TENANT,
    permissions=(
        ApiPermission("e1fe6dd8-ba31-4d61-89e7-88639da4683d", "User.Read", "Scope", enabled=True),
        ApiPermission("df021288-bdef-4463-88db-98f22de89214", "User.Read.All", "Role", enabled=True),
        ApiPermission("1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9", "Application.ReadWrite.All", "Role", enabled=True),
        ApiPermission(
            "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8", "RoleManagement.ReadWrite.Directory", "Role", enabled=True
        ),
        ApiPermission("e383f46e-2787-4529-855e-0e479a3ffac0", "Mail.Send", "Scope", enabled=True),
        ApiPermission("b633e1c5-b582-4048-a93e-9f11b44c7e96", "Mail.Send", "Role", enabled=True),
        ApiPermission("00000000-0000-4000-8000-00000000abcd", "Policy.ReadWrite.BrandNew", "Scope", enabled=True),
    ),
)
AUDIENCES = {
    "https://digitaltwins.azure.net": DIGITAL_TWINS.app_id,
    "https://graph.microsoft.com": MICROSOFT_GRAPH.app_id,
}
"""Names of APIs that the token endpoint knows; it knows every appId besides."""
_DELTA = "https://graph.microsoft.com/v1.0/applications/delta?$deltatoken="
_LINKS_LIVE = timedelta(days=7)
"""Microsoft Learn, "Use delta query to track changes in Microsoft Graph data"."""


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


class FakeDirectory:
    """Fills `Directory`. `applications` and the rest are the primary: what a test asserts on."""

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
        self.passwords_ever_issued = 0
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

    @outgoing("graph find_apis")
    def find_apis(self, name: str) -> list[Api]:
        return [api for api in self.apis if api.display_name == name]

    @outgoing("graph api")
    def api(self, app_id: str) -> Api | None:
        return next((api for api in self.apis if api.app_id == app_id), None)

    @outgoing("graph api_of")
    def api_of(self, service_principal_id: str) -> Api | None:
        return next((api for api in self.apis if api.service_principal_id == service_principal_id), None)

    @outgoing("graph application")
    def application(self, unique_name: str) -> SeenApplication | None:
        past = self._application_past.get(unique_name)
        return past.seen(self.lag) if past is not None else None

    @outgoing("graph changed applications")
    def changed_applications(self, link: str | None) -> ChangedApplications:
        """A link is a place among the changes, and dies of old age."""
        now = self.clock.now()
        visible = sum(at <= now - self.lag for at, _, _ in self.changes)
        first = self._place_of(link, now) if link is not None else 0
        names = {name: object_id for _, name, object_id in self.changes[first:visible]}
        seen = {name: self._application_past[name].seen(self.lag) for name in names}
        ours = {name: app.credentials for name, app in seen.items() if app and APPLICATION_TAG in app.state.tags}
        removed = tuple(names[name] for name, app in seen.items() if app is None) if link is not None else ()
        return ChangedApplications(ours, removed, f"{_DELTA}{visible} {now.isoformat()}")

    def _place_of(self, link: str, now: datetime) -> int:
        if not link.startswith(_DELTA):
            raise RefusedError("not a link of ours")
        place, given = link.removeprefix(_DELTA).split()
        if now - datetime.fromisoformat(given) > _LINKS_LIVE:
            raise RefusedError("too old", "syncStateNotFound")
        return int(place)

    @outgoing("graph deleted")
    def is_name_held_by_deleted(self, unique_name: str) -> bool:
        return unique_name in self.deleted_names

    @outgoing("graph upsert_application")
    def upsert_application(self, unique_name: str, state: ApplicationState) -> CreatedApplication | None:
        if unique_name in self.deleted_names:
            raise refused(Doing.WRITE_APPLICATION, 400, "Request_BadRequest", Detail("ObjectConflict", "uniqueName"))
        if any("{" in uri or "}" in uri for uri in Holdings.of(state).redirect_uris):
            raise refused(Doing.WRITE_APPLICATION, 400, "Request_BadRequest", Detail("InvalidValue", "redirectUris"))
        now = self.clock.now()
        known = self.applications.get(unique_name)
        if not state.has_personal_accounts:
            # It is not sent: what others set stays.
            theirs = known.state.requested_access_token_version if known is not None else None
            state = state.model_copy(update={"requested_access_token_version": theirs})
        if (wrong := entra_rules.wrong_property(state)) is not None:
            raise refused(Doing.WRITE_APPLICATION, 400, "Request_BadRequest", Detail("InvalidValue", wrong))
        self.writes.append(Write(unique_name, self.faults.sent or now, now))
        if known is not None:
            known.state = state
            self.remember(unique_name)
            return None
        made = FakeApplication(self._new_id(), self._new_id(), state, created=now)
        self.made_applications[unique_name] += 1
        self.applications[unique_name] = made
        self.remember(unique_name)
        return CreatedApplication(made.object_id, made.client_id)

    @outgoing("graph service_principal")
    def service_principal(self, client_id: str) -> SeenPrincipal | None:
        past = self._principal_past.get(client_id)
        seen = past.seen(self.lag) if past is not None else None
        return SeenPrincipal(seen, seen not in self.disabled) if seen is not None else None

    @outgoing("graph upsert_service_principal")
    def upsert_service_principal(self, client_id: str, display_name: str) -> str | None:
        assert display_name
        self._require_replicated(client_id)
        if client_id in self.principals:
            return None
        made = self._new_id()
        self.made_principals[client_id] += 1
        self.principals[client_id] = made
        self._principal_past.setdefault(client_id, Past(self.clock)).set(made)
        return made

    @outgoing("graph consents")
    def consents(self, service_principal_id: str, types: frozenset[PermissionType]) -> SeenConsents:
        if not self._is_principal_visible(service_principal_id):
            raise NotYetVisibleError("Resource does not exist")
        past = self._consent_past.get(service_principal_id)
        seen = (past.seen(self.lag) if past is not None else None) or frozenset[Consent]()
        return SeenConsents(frozenset(consent for consent in seen if consent.type in types))

    async def write_consents(
        self, service_principal_id: str, seen: SeenConsents, add: frozenset[Consent], remove: frozenset[Consent]
    ) -> None:
        for consent in sorted(add | remove, key=str):
            await self._write_consent(service_principal_id, consent, give=consent in add)

    @outgoing("graph write_consents")
    def _write_consent(self, service_principal_id: str, consent: Consent, *, give: bool) -> None:
        if not self._is_principal_visible(service_principal_id):
            raise refused(Doing.GIVE_CONSENT, 404, "Request_ResourceNotFound")
        consents = self.consented.setdefault(service_principal_id, set())
        if give:
            consents.add(consent)
        else:
            consents.discard(consent)
        self._consent_past.setdefault(service_principal_id, Past(self.clock)).set(frozenset(consents))

    @outgoing("graph add_password")
    def add_password(self, object_id: str, display_name: str, end: datetime) -> IssuedPassword:
        unique_name, app, _ = self._visible(object_id, Doing.ISSUE_CREDENTIAL)
        self._heed_tenant("secret")
        if not entra_rules.has_room_for_a_secret(app.state, len(app.passwords)):
            detail = Detail("InvalidValue", "passwordCredentials")
            raise refused(Doing.ISSUE_CREDENTIAL, 400, "Request_BadRequest", detail)
        key_id, value = self._new_id(), f"value-{self.passwords_ever_issued}"
        self.passwords_ever_issued += 1
        credential = PasswordCredential(key_id, display_name, end)
        app.passwords[key_id] = FakePassword(credential, value, self.clock.now() + self.secret_delay)
        self.remember(unique_name)
        return IssuedPassword(key_id, Secret(value))

    @outgoing("graph remove_password")
    def remove_password(self, object_id: str, key_id: str) -> bool:
        unique_name, app, seen = self._visible(object_id, Doing.REMOVE_CREDENTIAL)
        if key_id not in app.passwords or all(password.key_id != key_id for password in seen.passwords):
            return False
        del app.passwords[key_id]
        self.remember(unique_name)
        return True

    @outgoing("graph keys")
    def keys(self, object_id: str) -> tuple[KeyCredential, ...]:
        _, _, seen = self._visible(object_id, Doing.READ)
        return seen.keys

    @outgoing("graph write_keys")
    def write_keys(
        self, object_id: str, keys: tuple[KeyCredential, ...], add: tuple[PublicCertificate, str] | None = None
    ) -> None:
        unique_name, app, _ = self._visible(object_id, Doing.WRITE_CERTIFICATES)
        unknown = [key.key_id for key in keys if key.key_id not in app.keys]
        if unknown:
            raise RefusedError(f"no key credential with keyId {unknown}")
        if add is not None:
            self._heed_tenant("certificate")
        app.keys = {key.key_id: app.keys[key.key_id] for key in keys}
        if add is not None:
            self.put_key(unique_name, *add)
        self.remember(unique_name)

    def _heed_tenant(self, kind: CredentialType) -> None:
        if kind in self.forbidden:
            raise refused(Doing.ISSUE_CREDENTIAL, 400, self.forbidden[kind])

    def put_key(self, unique_name: str, certificate: PublicCertificate, display_name: str) -> str:
        """Add a certificate, as whoever may; returns its keyId."""
        key_id, app = self._new_id(), self.applications[unique_name]
        credential = KeyCredential(key_id, display_name, None, certificate.thumbprint)
        app.keys[key_id] = FakeKey(credential, certificate.der, self.clock.now() + self.secret_delay)
        self.remember(unique_name)
        return key_id

    @outgoing("entra token")
    def verify(self, client_id: str, value: Secret, resource_uri: str, kind: CredentialType) -> None:
        """Fills `SignIn`."""
        assert resource_uri in {*AUDIENCES, *(api.app_id for api in self.apis)}
        if self.sign_in_refusal is not None:
            raise self.sign_in_refusal
        app = next((a for a in self.applications.values() if a.client_id == client_id), None)
        if app is None or client_id not in self.principals:
            raise NotYetVisibleError("AADSTS700016")
        if self.principals[client_id] in self.disabled:
            raise DisabledError("AADSTS7000112")
        if not self.signs_in(app, value.reveal()):
            raise NotYetVisibleError("AADSTS7000215")
        app_id = AUDIENCES.get(resource_uri, resource_uri)
        if any(api.app_id == app_id and not api.enabled for api in self.apis):
            raise SignInUnclearError("AADSTS500014", [500014])

    def disable(self, unique_name: str) -> None:
        """Somebody disables the application's service principal."""
        self.disabled.add(self.principals[self.applications[unique_name].client_id])

    def disable_api(self, app_id: str) -> None:
        """Somebody disables an API's service principal."""
        self.apis = [replace(api, enabled=False) if api.app_id == app_id else api for api in self.apis]

    def signs_in(self, app: FakeApplication, value: str) -> bool:
        now, public = self.clock.now(), public_part(value)
        if any(key.public == public and key.active_from <= now for key in app.keys.values()):
            return True
        return any(
            p.value == value and p.active_from <= now and (p.credential.end is None or now < p.credential.end)
            for p in app.passwords.values()
        )

    def remember(self, unique_name: str) -> None:
        """Make the application's present part of its past; for tests that change it behind the registrar's back."""
        app = self.applications.get(unique_name)
        past = self._application_past.setdefault(unique_name, Past(self.clock))
        before = past.now()
        past.set(app.seen() if app is not None else None)
        changed = app or before
        if changed is not None:
            self.changes.append((self.clock.now(), unique_name, changed.object_id))

    def delete(self, unique_name: str) -> None:
        """Somebody soft-deletes the application, and the principal with it: they are gone, the name is not free."""
        app = self.applications.pop(unique_name)
        principal = self.principals.pop(app.client_id, None)
        self._deleted[unique_name] = (app, principal)
        foreign = self.foreign
        foreign.redirect_uris = [each for each in foreign.redirect_uris if each[0] != unique_name]
        foreign.passwords = [each for each in foreign.passwords if each[0] != unique_name]
        self.deleted_names.add(unique_name)
        self.remember(unique_name)
        if principal is not None:
            self._principal_past[app.client_id].set(None)

    def restore(self, unique_name: str) -> None:
        """Somebody brings a soft-deleted application back, with its principal and secrets."""
        app, principal = self._deleted.pop(unique_name)
        self.deleted_names.remove(unique_name)
        self.applications[unique_name] = app
        self.remember(unique_name)
        if principal is not None:
            self.principals[app.client_id] = principal
            self._principal_past[app.client_id].set(principal)

    def remove_by_hand(self, unique_name: str, key_id: str) -> None:
        """Somebody removes one of the application's secrets or certificates."""
        app = self.applications[unique_name]
        del (app.passwords if key_id in app.passwords else app.keys)[key_id]
        self.remember(unique_name)

    def put_foreign(self, unique_name: str, state: ApplicationState) -> FakeApplication:
        """An application that somebody else made."""
        app = FakeApplication(self._new_id(), self._new_id(), state)
        self.applications[unique_name] = app
        self.foreign.applications[unique_name] = state
        self.remember(unique_name)
        return app

    def change(self, unique_name: str, **changes: object) -> None:
        """Somebody edits the application in the portal."""
        app = self.applications[unique_name]
        app.state = app.state.model_copy(update=changes)
        self.remember(unique_name)

    def edit_in_portal(self, unique_name: str, mark: str) -> None:
        """Somebody adds a redirect URI, a secret and, where there is a principal, a consent of their own."""
        app, now = self.applications[unique_name], self.clock.now()
        uri = f"https://portal.example/{mark}"
        self.change(unique_name, web_redirect_uris=app.state.web_redirect_uris | {uri})
        self.foreign.redirect_uris.append((unique_name, uri, now))
        credential = PasswordCredential(self._new_id(), f"made by hand {mark}", None)
        app.passwords[credential.key_id] = FakePassword(credential, f"by-hand-{mark}", now)
        self.foreign.passwords.append((unique_name, credential.key_id))
        self.remember(unique_name)
        principal = self.principals.get(app.client_id)
        if principal is not None:
            self.consent_in_portal(principal, Consent(resource_id="another-api", type="Scope", name=mark))

    def consent_in_portal(self, principal: str, consent: Consent) -> None:
        """Somebody gives an app's service principal a consent of their own."""
        consents = self.consented.setdefault(principal, set())
        consents.add(consent)
        self._consent_past.setdefault(principal, Past(self.clock)).set(frozenset(consents))
        self.foreign.consents.append((principal, consent))

    def revoke_in_portal(self, principal: str, consent: Consent) -> None:
        """Somebody takes away a consent of an app's service principal, whoever gave it."""
        self.consented[principal].discard(consent)
        self._consent_past[principal].set(frozenset(self.consented[principal]))

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


def with_owner(api: Api, organization: str, service_principal_id: str) -> Api:
    """Another party's API with the same name."""
    return replace(
        api, owner_organization_id=organization, service_principal_id=service_principal_id, app_id=service_principal_id
    )
