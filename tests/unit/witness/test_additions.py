"""What others added to an app of ours is not the registrar's, where a witness knows of it."""

from doctor.evidence import Seen
from tests.unit.doctor.scene import APP, CONSENT, SOUND
from tests.unit.doctor.test_narrowing import URI, narrowed
from tests.unit.doctor.test_refused import refused
from tests.unit.witness.scene import texts, witnessed
from tests.witness.judgement import without_additions
from tests.witness.knowledge import Foreign, ForeignUri

BY_HAND = Foreign(consents=frozenset({CONSENT}), redirect_uris=frozenset({ForeignUri(APP.object_id, URI)}))


def test_what_others_gave_again_was_taken_back() -> None:
    assert "redirect URIs" in texts(witnessed(), narrowed())
    assert "gone: app: it has consents" in texts(witnessed(), narrowed())
    assert "gone" not in texts(witnessed(foreign=BY_HAND), narrowed()).replace("is gone", "")


def test_a_consent_that_others_gave_was_not_left_by_a_rejected_request() -> None:
    assert "left the consent" in texts(witnessed(), refused())
    assert "left the consent" not in texts(witnessed(foreign=BY_HAND), refused())


def test_only_what_others_added_is_left_out() -> None:
    evidence = without_additions(narrowed(), BY_HAND)
    assert (evidence.consents, evidence.records) == (Seen(), narrowed().records)
    assert [app.redirect_uris for app in evidence.applications] == [frozenset()]
    assert without_additions(SOUND, Foreign()) == SOUND
