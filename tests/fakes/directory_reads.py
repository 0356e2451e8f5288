"""What app-only callers read of an in-memory tenant, late; and whom its token endpoint lets in."""

from datetime import datetime, timedelta

from shared.adapters.graph.refusals.refusal import Doing
from shared.core.errors import DisabledError, NotYetVisibleError, RefusedError, SignInUnclearError
from shared.core.naming import APPLICATION_TAG
from shared.core.secret import Secret
from shared.model.directory import (
    Api,
    Consent,
    CredentialType,
    KeyCredential,
    PermissionType,
    SeenApplication,
    SeenConsents,
    SeenPrincipal,
)
from shared.ports import ChangedApplications
from tests.fakes.apis import AUDIENCES
from tests.fakes.directory_state import DirectoryState, FakeApplication
from tests.fakes.faults import outgoing
from tests.fakes.vault import public_part

_DELTA = "https://graph.microsoft.com/v1.0/applications/delta?$deltatoken="
_LINKS_LIVE = timedelta(days=7)
"""Microsoft Learn, "Use delta query to track changes in Microsoft Graph data"."""


class DirectoryReads(DirectoryState):
    """Fills the reads of `Directory`, and `SignIn`."""

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

    @outgoing("graph service_principal")
    def service_principal(self, client_id: str) -> SeenPrincipal | None:
        past = self._principal_past.get(client_id)
        seen = past.seen(self.lag) if past is not None else None
        return SeenPrincipal(seen, seen not in self.disabled) if seen is not None else None

    @outgoing("graph consents")
    def consents(self, service_principal_id: str, types: frozenset[PermissionType]) -> SeenConsents:
        if not self._is_principal_visible(service_principal_id):
            raise NotYetVisibleError("Resource does not exist")
        past = self._consent_past.get(service_principal_id)
        seen = (past.seen(self.lag) if past is not None else None) or frozenset[Consent]()
        return SeenConsents(frozenset(consent for consent in seen if consent.type in types))

    @outgoing("graph keys")
    def keys(self, object_id: str) -> tuple[KeyCredential, ...]:
        _, _, seen = self._visible(object_id, Doing.READ)
        return seen.keys

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

    def signs_in(self, app: FakeApplication, value: str) -> bool:
        now, public = self.clock.now(), public_part(value)
        if any(key.public == public and key.active_from <= now for key in app.keys.values()):
            return True
        return any(
            p.value == value and p.active_from <= now and (p.credential.end is None or now < p.credential.end)
            for p in app.passwords.values()
        )
