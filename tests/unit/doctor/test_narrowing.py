"""What was taken back and is still there is found, by the requests and the audit record."""

from dataclasses import replace
from datetime import timedelta

from doctor.evidence import (
    AuditEntry,
    Cleanup,
    Evidence,
    PendingRemoval,
    Permission,
    Record,
    RequestedState,
    RequiredPermission,
    Seen,
)
from doctor.finding import PutCleanup
from tests.unit.doctor.scene import (
    APP,
    CONSENT,
    LONG_AGO,
    NOW,
    OPERATION,
    POLICY,
    READ_WRITE,
    RECORD,
    SOUND,
    TWINS,
    TWINS_API,
    found,
    noted,
    texts,
)

MINUTE = timedelta(minutes=1)
MORE = "11111111-0000-4000-8000-000000000001"
URI = "https://app.contoso.example/old"
ALL = RequestedState(frozenset({URI}), frozenset({("Twins", "Scope", "Read.Write")}), admin_consent=True)
FIRST = replace(RECORD, requested=ALL)
LAST = replace(RECORD, id="b" * 32, request_id="R2", sequence=2, requested=RequestedState())


def narrowed(last: RequestedState | None = LAST.requested) -> Evidence:
    """A second change that was completed, and the audit record of both; the directory is as the first left it."""
    changes = (FIRST, replace(LAST, requested=last))
    return replace(
        SOUND,
        applications=Seen((replace(APP, redirect_uris=frozenset({URI})),)),
        records=Seen(changes),
        claims=Seen(),
        audit_entries=Seen((noted(), noted(LAST.id, consented=()))),
    )


def test_what_the_last_completed_change_does_not_want_and_was_ours_is_found() -> None:
    breaches = [each for each in found(narrowed()) if each.kind == "gone"]
    assert [URI in str(breaches[0]), "Read.Write" in str(breaches[1])] == [True, True]
    assert "R2" in breaches[0].what


def test_a_redirect_uri_that_was_asked_for_with_a_placeholder() -> None:
    """It is there filled in: found when the last change drops it, and no breach while that wants it."""
    asked = replace(ALL, redirect_uris=frozenset({"msal{clientId}://auth"}))
    there = Seen((replace(APP, redirect_uris=frozenset({f"msal{APP.client_id}://auth"})),))
    dropped = replace(narrowed(), applications=there, records=Seen((replace(FIRST, requested=asked), LAST)))
    assert f"msal{APP.client_id}://auth" in texts(dropped)
    kept = Seen((replace(FIRST, requested=asked), replace(LAST, requested=asked)))
    assert "redirect URIs" not in texts(replace(dropped, records=kept))


def test_what_it_wants_is_no_breach() -> None:
    assert "gone" not in texts(narrowed(ALL))


def test_what_was_never_ours_is_no_breach() -> None:
    """Neither without an entry of the audit record, nor where an answer names it as made by others."""
    unknown = replace(narrowed(), audit_entries=Seen((noted(consented=()),)))
    assert "consents" not in texts(unknown)
    named = replace(narrowed(), records=Seen((FIRST, replace(LAST, made_by_others=frozenset({URI})))))
    assert "redirect URIs" not in texts(named)


def test_what_a_newer_change_wants_again_is_no_breach() -> None:
    newer = replace(RECORD, id="c" * 32, request_id="R3", sequence=3, state="running", requested=ALL, answer_time=None)
    evidence = narrowed()
    assert "gone" not in texts(replace(evidence, records=Seen((*evidence.records, newer))))


def silent_after(*before: Record) -> str:
    """What is found when the last change lists the same as the first and says nothing of consent."""
    silent = replace(RECORD, id="d" * 32, request_id="R9", sequence=9, requested=replace(ALL, admin_consent=None))
    entries = (noted(), noted(silent.id, consented=()))
    return texts(replace(narrowed(), records=Seen((*before, silent)), audit_entries=Seen(entries)))


def test_a_change_that_says_nothing_of_consent_keeps_what_was_wanted_before() -> None:
    refusing = replace(LAST, requested=replace(ALL, admin_consent=False))
    failed = replace(FIRST, id="c" * 32, request_id="R3", sequence=3, state="failed")
    rejected = replace(
        failed, state="rejected", requested=replace(ALL, permissions=frozenset({("None", "Scope", "X")}))
    )
    assert "consents" not in silent_after(FIRST)
    assert "consents" not in silent_after()
    assert "consents" not in silent_after(FIRST, rejected)
    assert "consents" in silent_after(FIRST, refusing)
    assert "consents" in silent_after(FIRST, refusing, rejected)
    assert "consents" not in silent_after(FIRST, refusing, failed)
    assert "consents" in silent_after(FIRST, replace(LAST, requested=replace(ALL, permissions=frozenset())))


def test_it_is_too_early_right_after_the_change() -> None:
    evidence = narrowed()
    just_now = replace(LAST, answer_time=NOW, answered_at=NOW)
    assert "gone" not in texts(replace(evidence, records=Seen((FIRST, just_now))))


def test_what_could_not_be_looked_at_proves_nothing() -> None:
    for listing in ("records", "audit_entries", "principals", "consents"):
        assert "consents" not in texts(replace(narrowed(), **{listing: Seen(gap="away")}))


def test_what_is_going_for_too_long_is_found() -> None:
    entry = Seen((Cleanup("app", "narrowing", NOW),))
    young = replace(SOUND, pending_removals=Seen((PendingRemoval("app", (NOW - 9 * MINUTE,)),)), cleanups=entry)
    assert found(young) == []
    (breach,) = found(replace(young, pending_removals=Seen((PendingRemoval("app", (NOW - 11 * MINUTE,)),))))
    assert (breach.kind, breach.repair) == ("gone", None)
    (breach,) = found(replace(young, pending_removals=Seen((PendingRemoval("app", (LONG_AGO,)),)), cleanups=Seen()))
    assert breach.repair == PutCleanup("app", "narrowing", ())
    assert found(replace(SOUND, pending_removals=Seen((PendingRemoval("app", ()),)))) == []


def test_an_approved_permission_is_no_breach() -> None:
    api = replace(TWINS_API, permissions=(*TWINS_API.permissions, Permission(MORE, "More", "Scope")))
    wants = RequestedState(
        permissions=frozenset({("Twins", "Scope", "Read.Write"), ("Twins", "Scope", "More")}), admin_consent=True
    )
    required = frozenset(RequiredPermission(TWINS, each, "Scope") for each in (READ_WRITE, MORE))
    evidence = replace(
        SOUND,
        principals=Seen((api, *list(SOUND.principals)[1:])),
        applications=Seen((replace(APP, required=required),)),
        consents=Seen((CONSENT, replace(CONSENT, name="More"))),
        records=Seen((replace(RECORD, requested=wants),)),
        audit_entries=Seen((noted(consented=((TWINS, READ_WRITE, "Scope"), (TWINS, MORE, "Scope"))),)),
    )
    assert "7: app: it asks for" in texts(evidence)
    assert "7: app: it holds" in texts(evidence)
    approved = AuditEntry("decided", OPERATION, "app", "approved")
    assert found(replace(evidence, audit_entries=Seen((*evidence.audit_entries, approved)))) == []
    refused = replace(approved, outcome="refused")
    assert "7: app" in texts(replace(evidence, audit_entries=Seen((*evidence.audit_entries, refused))))
    assert POLICY.approval.permissions == ()
