"""An Entra in memory: one tenant, read late by app-only callers, with secrets that take their time to work."""

from datetime import datetime

from shared.adapters.graph.refusals.refusal import Detail, Doing
from shared.core.errors import RefusedError
from shared.core.secret import Secret
from shared.model.directory import (
    ApplicationState,
    Consent,
    CredentialType,
    KeyCredential,
    PasswordCredential,
    PublicCertificate,
    SeenConsents,
)
from shared.model.holdings import Holdings
from shared.ports import CreatedApplication, IssuedPassword
from tests.fakes import entra_rules
from tests.fakes.clock import Past
from tests.fakes.directory_by_hand import DirectoryByHand
from tests.fakes.directory_reads import DirectoryReads
from tests.fakes.directory_state import FakeApplication, FakeKey, FakePassword, Write, refused
from tests.fakes.faults import outgoing


class FakeDirectory(DirectoryReads, DirectoryByHand):
    """Fills `Directory`: its writes, beside its reads and what people do by hand."""

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
