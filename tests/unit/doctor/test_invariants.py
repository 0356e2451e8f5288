"""Each check stays silent where all is well, and speaks where one thing is wrong."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from doctor.evidence import (
    AuditEntry,
    DeletedSecret,
    Evidence,
    Leak,
    Password,
    Permission,
    Record,
    RequiredPermission,
    SecretVersion,
    Seen,
    ServicePrincipal,
)
from doctor.finding import RemovePassword
from doctor.invariants import breaches, concerns
from tests.unit.doctor.scene import (
    APP,
    AT_REST,
    CONSENT,
    FOREIGN_APP,
    LONG_AGO,
    NOW,
    OPERATION,
    PASSWORD,
    POLICY,
    READ_WRITE,
    RECORD,
    SECRET,
    SOUND,
    TAGS,
    TWINS_API,
    VERSION,
    found,
    noted,
    texts,
)

type Change = Callable[[], Evidence]


def app(**changes: object) -> Evidence:
    return replace(SOUND, applications=Seen((replace(APP, **changes), FOREIGN_APP)))


def version(**changes: object) -> Evidence:
    return replace(SOUND, secrets=Seen((replace(SECRET, versions=(replace(VERSION, **changes),)),)))


def another(**changes: object) -> Password:
    return replace(PASSWORD, key_id="key-2", **changes)


def test_where_all_is_well_nothing_is_found() -> None:
    assert found(SOUND) == []
    assert found(SOUND, AT_REST) == []
    assert SOUND.gaps == []


WRONG: dict[str, tuple[str, Change]] = {
    "one uniqueName twice": (
        "1: app: 2 applications",
        lambda: replace(SOUND, applications=Seen((APP, replace(APP, object_id="object-2", deleted=True)))),
    ),
    "our tag without uniqueName": ("1: ", lambda: app(unique_name=None)),
    "two principals of one client": (
        "1: client-1: 2 service principals",
        lambda: replace(SOUND, principals=Seen((*SOUND.principals, ServicePrincipal("p", "client-1", "App")))),
    ),
    "a live secret that the vault does not know": (
        "2: app: the live secret key-2",
        lambda: app(passwords=(PASSWORD, another())),
    ),
    "a vault version that does not sign in": ("2: app: the live secret key-1", lambda: version(signs_in=False)),
    "a value of another app": ("2: app: the live secret key-1", lambda: version(tags={**TAGS, "uniqueName": "other"})),
    "a value that does not sign in": ("3: app--client-secret: its value", lambda: version(signs_in=False)),
    "a disabled value": ("3: app--client-secret: its newest", lambda: version(enabled=False, signs_in=None)),
    "an expired value": ("3: app--client-secret: it expired", lambda: version(expires=LONG_AGO)),
    "an answered secret that is gone": ("3: app: the answer names", lambda: replace(SOUND, secrets=Seen())),
    "a foreign vault secret written": (
        "4: app--client-secret",
        lambda: replace(SOUND, secrets=Seen((replace(SECRET, versions=(replace(VERSION, tags={}), VERSION)),))),
    ),
    "a leaked value": (
        "6: app--client-secret: its value is in table x",
        lambda: replace(SOUND, leaks=Seen((Leak(SECRET.name, "table x"),))),
    ),
    "an unknown permission asked for": (
        "7: app: it asks for",
        lambda: app(required=frozenset({RequiredPermission(TWINS_API.client_id, "another", "Scope")})),
    ),
    "a consent beyond policy": (
        "7: app: it holds",
        lambda: replace(SOUND, consents=Seen((CONSENT, replace(CONSENT, name="Everything")))),
    ),
    "a permission policy names that leads to control of the tenant": ("7: app: it asks for", lambda: _never()),
    "an older change over a newer one": (
        "order: app",
        lambda: replace(
            SOUND, records=Seen((RECORD, replace(RECORD, id="b" * 32, request_id="R2", sequence=2, display_name="New")))
        ),
    ),
}


def _never() -> Evidence:
    """Policy allows Read.Write of this API by name; its id is Application.ReadWrite.All's."""
    never = "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9"
    api = replace(TWINS_API, permissions=(Permission(never, "Read.Write", "Scope"),))
    changed = replace(APP, required=frozenset({RequiredPermission(TWINS_API.client_id, never, "Scope")}))
    return replace(SOUND, applications=Seen((changed,)), principals=Seen((api,)), consents=Seen())


@pytest.mark.parametrize(("expected", "change"), WRONG.values(), ids=WRONG)
def test_one_thing_wrong_is_found_and_comes_with_advice(expected: str, change: Change) -> None:
    breaches = found(change())
    assert any(str(breach).startswith(expected) for breach in breaches), breaches
    assert all(breach.advice for breach in breaches)


FINE: dict[str, Change] = {
    "a secret made by hand": lambda: app(passwords=(PASSWORD, Password("key-2", "by hand"))),
    "an expired credential of ours": lambda: app(passwords=(PASSWORD, another(end=LONG_AGO))),
    "a credential just issued": lambda: app(passwords=(PASSWORD, another(start=NOW - timedelta(minutes=19)))),
    "a credential of a running operation": lambda: replace(
        app(passwords=(PASSWORD, another())),
        records=Seen((replace(RECORD, state="running", started_at=NOW, answer_time=None, answered_at=None),)),
    ),
    "a credential of an operation just settled": lambda: replace(
        app(passwords=(PASSWORD, another())),
        records=Seen((replace(RECORD, answered_at=NOW - timedelta(minutes=14)),)),
    ),
    "an older version whose value is dead": lambda: replace(
        SOUND,
        secrets=Seen((replace(SECRET, versions=(_older(signs_in=False), VERSION)),)),
    ),
    "a live credential whose value an older version holds": lambda: replace(
        app(passwords=(PASSWORD, replace(PASSWORD, key_id="key-0"))),
        secrets=Seen((replace(SECRET, versions=(_older(signs_in=True), VERSION)),)),
    ),
    "a value that nobody tried": lambda: version(signs_in=None),
    "a version that somebody set above ours": lambda: replace(
        SOUND, secrets=Seen((replace(SECRET, versions=(VERSION, replace(VERSION, version="v2", tags={}))),))
    ),
    "a version that somebody set between ours": lambda: replace(
        SOUND,
        secrets=Seen((replace(SECRET, versions=(VERSION, replace(VERSION, version="v2", tags={}), VERSION)),)),
    ),
    "a foreign vault secret": lambda: replace(
        SOUND, secrets=Seen((SECRET, replace(SECRET, name="theirs", versions=(replace(VERSION, tags={}),))))
    ),
    "an app that was renamed by hand": lambda: app(display_name="Renamed"),
    "an app deleted after its secret": lambda: replace(SOUND, applications=Seen((FOREIGN_APP,)), secrets=Seen()),
    "a user's own consent of a foreign app": lambda: replace(
        SOUND, consents=Seen((CONSENT, replace(CONSENT, principal_id="principal-9", name="Everything")))
    ),
}


def _older(*, signs_in: bool) -> SecretVersion:
    return replace(VERSION, version="v0", signs_in=signs_in, tags={**TAGS, "keyId": "key-0"})


@pytest.mark.parametrize("change", FINE.values(), ids=FINE)
def test_what_is_allowed_or_too_young_is_no_breach(change: Change) -> None:
    assert texts(change()) == ""


@pytest.mark.parametrize(
    "listing", ["applications", "principals", "consents", "secrets", "records", "unsettled", "cleanups", "kept"]
)
def test_what_could_not_be_looked_at_is_a_gap_and_never_a_breach(listing: str) -> None:
    unknown = replace(SOUND, **{listing: Seen[object](gap=f"{listing} are away")})
    assert unknown.gaps == [f"{listing} are away"]
    assert found(unknown) == []


def test_a_version_that_somebody_set_above_ours_is_pointed_out() -> None:
    above = replace(SECRET, versions=(VERSION, replace(VERSION, version="v2", tags={})))
    (concern,) = concerns(replace(SOUND, secrets=Seen((above,))), POLICY)
    assert (concern.about, "version v2" in concern.what) == (SECRET.name, True)


def test_only_a_credential_whose_operation_is_known_is_removed() -> None:
    lost = app(passwords=(PASSWORD, another()))
    (breach,) = found(lost)
    assert breach.repair == RemovePassword("app", "object-1", "key-2", OPERATION)
    foreign_mark = app(passwords=(PASSWORD, another(display_name=f"reg:{'e' * 32} whose?")))
    (breach,) = found(foreign_mark)
    assert breach.repair is None
    assert "--key-id key-2" in breach.advice
    assert found(replace(foreign_mark, records=Seen[Record](gap="away"))) == []


def test_a_credential_that_the_vault_claims_to_hold_is_never_removed() -> None:
    assert [b.repair for b in found(version(signs_in=False)) if b.kind == "2"] == [None]


def test_a_credential_whose_value_can_be_recovered_is_never_removed() -> None:
    lost = app(passwords=(PASSWORD, another()))
    (breach,) = found(replace(lost, deleted_secrets=Seen((DeletedSecret("app--second", "app"),))))
    assert (breach.repair, "recover --name app--second" in breach.advice) == (None, True)
    (breach,) = found(replace(lost, deleted_secrets=Seen[DeletedSecret](gap="away")))
    assert breach.repair is None
    (breach,) = found(replace(lost, deleted_secrets=Seen((DeletedSecret("other--second", "other"),))))
    assert breach.repair is not None


def test_an_app_in_the_bin_is_not_mended() -> None:
    (breach,) = found(replace(app(passwords=(another(),), deleted=True), secrets=Seen()))
    assert breach.repair is None


def test_what_others_granted_is_no_gain_of_a_request() -> None:
    by_hand = replace(CONSENT, name="Everything")
    given = replace(SOUND, consents=Seen((CONSENT, by_hand)), audit_entries=Seen((noted(),)))
    assert found(given) == []
    # Where the audit record is lost, or everything is to be judged, it counts all the same.
    assert "7: app" in texts(replace(given, audit_entries=Seen[AuditEntry]()))
    assert any(each.kind == "7" for each in breaches(given, POLICY, judge_all_permissions=True))


def test_policy_decides_by_the_directorys_ids() -> None:
    assert POLICY.api(TWINS_API.client_id) is not None
    renamed = replace(TWINS_API, permissions=(Permission(READ_WRITE, "Read.Write.Everything", "Scope"),))
    assert "7: app: it asks for" in texts(replace(SOUND, principals=Seen((renamed, *SOUND.principals.items[1:]))))
