"""Predicts what Entra would refuse of an application as a whole. Pure.

Policy is what a tenant wants; these are the directory's own rules, which no policy can loosen. They apply to the
resulting application, including what others added and merging keeps, but only to changes: what a request leaves
unchanged is never a problem, even if it breaks a newer rule.

Sources: Microsoft Learn, "Validation differences by supported account types" (counts and lengths), "Redirect URI
(reply URL) restrictions and limitations" (forms, and their number), "Microsoft Entra service limits and restrictions"
(1,200 entries), the resource type oAuth2PermissionGrant (the length of its scope). That a URI is accepted on one
platform only, that URNs are for the web platform, and that names with "Microsoft" are refused if other tenants sign in,
is known from user reports and from Graph's responses in them.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from shared.contract.request import RegistrationRequest
from shared.core.errors import Problem
from shared.core.text import echo
from shared.model.directory import ApplicationState

MOST_APIS = 50
MOST_ENTRIES = 1200
"""Over all collections of an application."""
LONGEST_SCOPE = 3850
"""Maximum characters of an oauth2PermissionGrant's scope: the consented delegated permissions of one API."""
RESERVED_WORDS = ("Microsoft",)
"""In display names of apps that people from other tenants, or with personal accounts, sign in to. Entra has others but
publishes no list: its own response decides about those."""


@dataclass(frozen=True)
class Limits:
    """Limits that depend on the sign-in audience; None means no limit."""

    display_name: int
    redirect_uris: int
    """Over all platforms."""
    permissions: int
    """In requiredResourceAccess, over all APIs."""
    permissions_per_api: int | None
    secrets: int | None
    """passwordCredentials, regardless of creator."""


WORK_ACCOUNTS = Limits(display_name=120, redirect_uris=256, permissions=400, permissions_per_api=None, secrets=None)
PERSONAL_ACCOUNTS = Limits(display_name=90, redirect_uris=100, permissions=200, permissions_per_api=30, secrets=2)

_PLATFORMS = {"web": "web_redirect_uris", "spa": "spa_redirect_uris", "publicClient": "public_client_redirect_uris"}
_AUDIENCE = "application.signInAudience"


def limits_of(state: ApplicationState) -> Limits:
    """Return the limits for an application's audience."""
    return PERSONAL_ACCOUNTS if state.has_personal_accounts else WORK_ACCOUNTS


@dataclass(frozen=True)
class Change:
    """A request's change to an application: `before` is None for a new one, `after` includes others' additions."""

    before: ApplicationState | None
    after: ApplicationState
    secrets: int = 0
    """Existing client secrets, regardless of creator."""
    keys: int = 0
    """Existing certificates."""
    new_credentials: frozenset[str] = frozenset()
    """Names of the credentials that this request adds."""
    api_fields: Mapping[str, str] = field(default_factory=dict[str, str])
    """The request's first field for each API, by appId."""

    @property
    def changes_audience(self) -> bool:
        """Return whether the audience changes; it always does for a new application."""
        return self.before is None or self.before.sign_in_audience != self.after.sign_in_audience

    @property
    def becomes_personal(self) -> bool:
        """Return whether people with personal accounts can sign in who could not before."""
        return self.after.has_personal_accounts and not (self.before and self.before.has_personal_accounts)

    def grows(self, after: int, before: int) -> bool:
        """Return whether this request is responsible for a count: it is higher, or another limit applies."""
        return after > before or self.changes_audience


def refusals(request: RegistrationRequest, change: Change) -> Iterator[Problem]:
    """Yield everything that Entra would refuse, each at its field."""
    yield from _name(request, change)
    yield from _uri_forms(request, change)
    yield from _uris_on_two_platforms(request, change)
    yield from _uri_count(change)
    yield from _permissions(change)
    yield from _consents(request)
    yield from _secrets(request, change)
    yield from _entries(change)


def remarks(request: RegistrationRequest, change: Change) -> Iterator[Problem]:
    """Yield what Entra accepts but will cause problems later."""
    yield from _room_to_rotate(request, change)


def has_room_for_a_secret(state: ApplicationState, secrets: int) -> bool:
    """Return whether an application with this many secrets, regardless of creator, can have another."""
    most = limits_of(state).secrets
    return most is None or secrets < most


def _name(request: RegistrationRequest, change: Change) -> Iterator[Problem]:
    name, most = request.application.display_name, limits_of(change.after).display_name
    if change.before is not None and change.before.display_name == name and not change.changes_audience:
        return
    if len(name) > most:
        yield Problem(
            "application.displayName",
            "name_too_long",
            f"The display name has {len(name)} characters; {_kind(change)} can have {most}.",
        )
    reserved = [word for word in RESERVED_WORDS if word.casefold() in name.casefold()]
    if reserved and change.after.sign_in_audience != "AzureADMyOrg":
        yield Problem(
            "application.displayName",
            "name_reserved",
            f"Entra refuses display names with the word {reserved[0]!r} for apps that people outside this tenant sign "
            "in to. Choose another name.",
        )


def _uri_forms(request: RegistrationRequest, change: Change) -> Iterator[Problem]:
    fields = _fields(request)
    for platform, uri in sorted(_places(change.after)):
        is_new = (platform, uri) not in _places(change.before)
        reason = _form_refusal(uri, platform, personal=change.after.has_personal_accounts)
        if reason is None or not (is_new or change.becomes_personal):
            continue
        # URIs that others added, and the request does not name, conflict only with the audience.
        where = fields.get((platform, uri), _AUDIENCE)
        yield Problem(
            where, "redirect_uri_not_allowed", f"Entra refuses the redirect URI {echo(uri)} under {platform}: {reason}."
        )


def _form_refusal(uri: str, platform: str, *, personal: bool) -> str | None:
    if uri.casefold().startswith("urn:") and platform != "web":
        return "a URN belongs under web"
    if personal and "?" in uri:
        return "it has a query string, and people with personal accounts sign in to this app"
    if personal and "*" in uri:
        return "it has a wildcard, and people with personal accounts sign in to this app"
    return None


def _uris_on_two_platforms(request: RegistrationRequest, change: Change) -> Iterator[Problem]:
    fields, before, after = _fields(request), _places(change.before), _places(change.after)
    times = Counter(uri for _, uri in after)
    for uri in sorted(uri for uri, count in times.items() if count > 1):
        places = [(platform, uri) for platform in _PLATFORMS if (platform, uri) in after]
        if set(places) <= before:
            continue
        asked = [place for place in places if place in fields]
        theirs = [platform for platform, _ in places if (platform, uri) not in fields]
        if theirs:
            why = f"somebody else has put it under {theirs[0]}. Leave it out here, or have it removed there"
        else:
            why = f"the request also has it under {asked[0][0]}. Keep it under one of them"
        for place in asked if theirs else asked[1:]:
            yield Problem(
                fields[place],
                "redirect_uri_on_two_platforms",
                f"Entra takes a redirect URI under one platform only, and {why}: {echo(uri)}.",
            )


def _uri_count(change: Change) -> Iterator[Problem]:
    before, after = _places(change.before), _places(change.after)
    most = limits_of(change.after).redirect_uris
    if len(after) <= most or not change.grows(len(after), len(before)):
        return
    grown = [platform for platform in _PLATFORMS for place in after - before if place[0] == platform]
    yield Problem(
        f"application.{grown[0]}.redirectUris" if grown else _AUDIENCE,
        "too_many_redirect_uris",
        f"The app would have {len(after)} redirect URIs, with those that others added; {_kind(change)} can have "
        f"{most}. Ask for fewer, or have some of the others removed.",
    )


def _permissions(change: Change) -> Iterator[Problem]:
    limits = limits_of(change.after)
    before, after = _per_api(change.before), _per_api(change.after)
    total, had = sum(after.values()), sum(before.values())
    if total > limits.permissions and change.grows(total, had):
        yield Problem(
            "application.apiPermissions" if total > had else _AUDIENCE,
            "too_many_permissions",
            f"The app would ask for {total} permissions, with those that others added; {_kind(change)} can ask for "
            f"{limits.permissions}.",
        )
    if len(after) > MOST_APIS and len(after) > len(before):
        yield Problem(
            "application.apiPermissions",
            "too_many_apis",
            f"The app would ask for permissions of {len(after)} APIs, with those that others added; Entra allows "
            f"{MOST_APIS}.",
        )
    most = limits.permissions_per_api
    for app_id in sorted(after):
        if most is not None and after[app_id] > most and change.grows(after[app_id], before[app_id]):
            yield Problem(
                change.api_fields.get(app_id, _AUDIENCE),
                "too_many_permissions",
                f"The app would ask for {after[app_id]} permissions of one API, with those that others added; "
                f"{_kind(change)} can ask for {most}.",
            )


def _consents(request: RegistrationRequest) -> Iterator[Problem]:
    """Check each entry by itself: other consents for the same API are unknown here, so Entra's response decides."""
    for index, api in enumerate(request.application.api_permissions):
        length = len(" ".join(api.delegated))
        if request.application.admin_consent and length > LONGEST_SCOPE:
            yield Problem(
                f"application.apiPermissions[{index}].delegated",
                "consent_too_long",
                f"The names of these permissions have {length} characters together, and Entra can consent to "
                f"{LONGEST_SCOPE} of one API. Ask for fewer.",
            )


def _secrets(request: RegistrationRequest, change: Change) -> Iterator[Problem]:
    most = limits_of(change.after).secrets
    if most is None:
        return
    new = [
        f"credentials[{index}]"
        for index, each in enumerate(request.credentials)
        if each.type == "secret" and each.name in change.new_credentials
    ]
    if change.secrets + len(new) <= most or not (new or change.becomes_personal):
        return
    room = max(0, most - change.secrets)
    for where in new[room:] or [_AUDIENCE]:
        yield Problem(
            where,
            "too_many_secrets",
            f"The app would have {change.secrets + len(new)} client secrets, with those that others made; "
            f"{_kind(change)} can have {most}. Ask for a certificate, or have one of the secrets removed.",
        )


def _room_to_rotate(request: RegistrationRequest, change: Change) -> Iterator[Problem]:
    """Yield a note if an app has as many secrets as it can: rotation needs room for one more."""
    most = limits_of(change.after).secrets
    secrets = [each.name for each in request.credentials if each.type == "secret"]
    if most is not None and secrets and change.secrets + len(change.new_credentials & set(secrets)) >= most:
        yield Problem(
            "credentials",
            "no_room_to_rotate",
            f"{_kind(change).capitalize()} can have {most} client secrets. This one has no room for another, so none "
            "of them can be replaced before it expires. Keep one secret, and ask for certificates besides.",
        )


def _entries(change: Change) -> Iterator[Problem]:
    """Check the known entries of all collections; there may be more, so Entra's response decides."""
    credentials = change.secrets + change.keys
    after = _size(change.after) + credentials + len(change.new_credentials)
    if after > MOST_ENTRIES and after > _size(change.before) + credentials:
        yield Problem(
            "application",
            "application_too_large",
            f"The app would have {after} redirect URIs, permissions, tags and credentials, with those that others "
            f"added; Entra allows {MOST_ENTRIES} entries in all.",
        )


def _fields(request: RegistrationRequest) -> dict[tuple[str, str], str]:
    """Return each redirect URI's field in the request, by platform and URI."""
    application = request.application
    return {
        (platform, uri): f"application.{platform}.redirectUris[{index}]"
        for platform, part in (
            ("web", application.web),
            ("spa", application.spa),
            ("publicClient", application.public_client),
        )
        for index, uri in enumerate(part.redirect_uris)
    }


def _places(state: ApplicationState | None) -> frozenset[tuple[str, str]]:
    """Return an application's redirect URIs, each with its platform."""
    if state is None:
        return frozenset()
    return frozenset((platform, uri) for platform, name in _PLATFORMS.items() for uri in getattr(state, name))


def _per_api(state: ApplicationState | None) -> Counter[str]:
    return Counter(each.resource_app_id for each in state.required_permissions) if state is not None else Counter()


def _size(state: ApplicationState | None) -> int:
    if state is None:
        return 0
    return len(_places(state)) + len(state.required_permissions) + len(state.tags)


def _kind(change: Change) -> str:
    return "an app for personal accounts" if change.after.has_personal_accounts else "an app"
