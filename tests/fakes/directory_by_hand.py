"""What people do to an in-memory tenant by hand."""

from dataclasses import replace

from shared.model.directory import ApplicationState, Consent, PasswordCredential
from tests.fakes.clock import Past
from tests.fakes.directory_state import DirectoryState, FakeApplication, FakePassword


class DirectoryByHand(DirectoryState):
    """What somebody does in the portal, behind the registrar's back."""

    def disable(self, unique_name: str) -> None:
        """Somebody disables the application's service principal."""
        self.disabled.add(self.principals[self.applications[unique_name].client_id])

    def disable_api(self, app_id: str) -> None:
        """Somebody disables an API's service principal."""
        self.apis = [replace(api, enabled=False) if api.app_id == app_id else api for api in self.apis]

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
