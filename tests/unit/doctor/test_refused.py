"""What a rejected request left behind is found, by the directory's marks, the vault's tags and the requests."""

from dataclasses import replace

from doctor.evidence import Evidence, RequestedState, Seen
from tests.unit.doctor.scene import NOW, OPERATION, RECORD, SECRET, SOUND, VERSION, found, texts

WANTS = RequestedState(permissions=frozenset({("Twins", "Scope", "Read.Write")}), admin_consent=True)
REFUSED = replace(RECORD, state="rejected", requested=WANTS)
NAMED = replace(SECRET, versions=(replace(VERSION, tags={**VERSION.tags, "credential": "client-secret"}),))


def refused(**changes: object) -> Evidence:
    """The scene, of which every change was rejected: it has a live credential, and a consent."""
    evidence = replace(SOUND, records=Seen((REFUSED,)), secrets=Seen((NAMED,)), claims=Seen())
    return replace(evidence, **changes)


def test_a_live_credential_and_a_consent_of_a_rejected_request_are_found() -> None:
    credential, consent = found(refused())
    assert (credential.kind, consent.kind) == ("refused", "refused")
    assert "R1 was rejected and left the live credential key-1" in credential.what
    assert "R1 was rejected and left the consent Read.Write" in consent.what


def test_what_a_completed_request_of_the_app_names_may_be_its_own() -> None:
    done = replace(RECORD, id="b" * 32, request_id="R2", sequence=2, requested=WANTS)
    assert found(refused(records=Seen((REFUSED, done)))) == []
    other = replace(done, credentials=("another",))
    assert "left the live credential key-1" in texts(refused(records=Seen((REFUSED, other))))


def test_a_consent_that_it_did_not_ask_for_is_no_breach() -> None:
    silent = replace(REFUSED, requested=replace(WANTS, admin_consent=None))
    assert "consent" not in texts(refused(records=Seen((silent,))))


def test_it_is_too_early_right_after_the_answer_and_without_a_listing() -> None:
    just_now = replace(REFUSED, answer_time=NOW, answered_at=NOW)
    assert found(refused(records=Seen((just_now,)))) == []
    for listing in ("applications", "records"):
        assert "refused" not in texts(refused(**{listing: Seen(gap="away")}))


def test_a_version_that_was_rolled_back_is_disabled_as_it_should_be() -> None:
    gone = replace(NAMED, versions=(replace(NAMED.versions[0], enabled=False, signs_in=None),))
    assert "is disabled" not in texts(refused(secrets=Seen((gone,))))
    assert "is disabled" in texts(replace(SOUND, secrets=Seen((gone,))))
    assert RECORD.id == OPERATION
