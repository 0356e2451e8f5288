"""Protections of what forms say: how each is switched off, and the test that misses it."""

from tests.chaos.sabotage.replacement import off

_ABSENT = "tests/component/registration/test_absent_consent.py"
_CONSENT = "shared/registration/consent.py"
_MAPPING = "tests/unit/intake/test_mapping.py"
_VALUES = "tests/unit/intake/test_form_values.py"

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
        "tests/unit/contract/test_request.py::test_absent_consent_and_none_have_one_hash_and_two_contents",
        "shared/contract/request.py",
        '        fields["application"].setdefault("adminConsent", False)\n',
        "",
    ),
    off(
        "a text that is neither yes nor no is refused",
        f"{_MAPPING}::test_what_is_neither_yes_nor_no_is_refused",
        "shared/intake/form_values.py",
        '    raise NotUnderstoodError(f"{_shown(found)} is neither yes nor no. Choose Yes or No.")\n',
        "    return False\n",
    ),
    off(
        "a number that cannot be read is refused and not left out",
        f"{_MAPPING}::test_what_is_no_number_of_days_is_refused_by_name_and_not_left_out",
        "shared/intake/form_values.py",
        '    raise NotUnderstoodError(f"{_shown(found)} {kind}. Write digits only, such as 180.")\n',
        "    return None\n",
    ),
    off(
        "a link that shows one address and leads to another is refused",
        f"{_VALUES}::test_a_link_that_shows_another_address_is_refused",
        "shared/intake/form_uris.py",
        "if _URI.match(shown) and shown.rstrip",
        "if not shown and shown.rstrip",
    ),
    off(
        "a fault of the contract is told in words",
        "tests/unit/contract/test_contract_sentences.py::test_whatever_is_wrong_is_told_in_words",
        "shared/contract/faults.py",
        "    said = _SENTENCES.get(kind)\n",
        '    said = lambda _, __: str(fault["msg"])\n',
    ),
    off(
        "no naming rule is told as a regular expression",
        "tests/unit/policy/test_policy.py::test_a_naming_rule_is_told_in_words",
        "shared/policy/check.py",
        "            rule = hint or",
        "            rule = pattern or hint or",
    ),
    off(
        "a text of policy voids no approval",
        "tests/unit/policy/test_policy.py::test_a_naming_rule_is_told_in_words",
        "shared/policy/policy_file.py",
        "    unique_name_hint: Hint | None = Field(default=None, exclude=True)\n",
        "    unique_name_hint: Hint | None = None\n",
    ),
)
