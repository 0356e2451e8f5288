"""Protections of what forms say: how each is switched off, and the test that misses it."""

from tests.chaos.sabotage.replacement import off

_ABSENT = "tests/component/test_absent_consent.py"
_CONSENT = "shared/registration/consent.py"

MAPPING_SABOTAGES = (
    off(
        "a request that says nothing of consent takes back none of what it lists",
        f"{_ABSENT}::test_an_app_keeps_the_consents_of_what_is_still_listed",
        _CONSENT,
        "        return listed & held\n",
        "        return listed & held & frozenset()\n",
    ),
    off(
        "a request that says nothing of consent gives none",
        f"{_ABSENT}::test_what_somebody_revoked_in_the_portal_is_not_given_again",
        "shared/registration/register.py",
        "consented = not spec.admin_consent or await",
        "consented = spec.admin_consent is False or await",
    ),
    off(
        "what is being taken back is not kept by a request that says nothing",
        f"{_ABSENT}::test_what_is_being_taken_back_is_not_kept_by_a_request_that_says_nothing",
        _CONSENT,
        "return record.granted - all_going(record.going).consents",
        "return record.granted",
    ),
    off(
        "an approval is bound to whether the request says no or nothing",
        f"{_ABSENT}::test_an_approval_of_a_form_that_says_no_is_none_of_one_that_says_nothing",
        "shared/policy/approval.py",
        "[request.content_hash(),",
        "[request.body_hash(),",
    ),
    off(
        "a ticket's decision is about whether its form says no or nothing",
        f"{_ABSENT}::test_an_approval_of_a_form_that_says_no_is_none_of_one_that_says_nothing",
        "shared/approval/counting.py",
        "operation.request.content_hash())",
        "operation.body_hash if message.content else None)",
    ),
    off(
        "absent consent has the hash that version 1 gave it",
        "tests/unit/test_request.py::test_absent_consent_and_none_have_one_hash_and_two_contents",
        "shared/contract/request.py",
        '        fields["application"].setdefault("adminConsent", False)\n',
        "",
    ),
)
