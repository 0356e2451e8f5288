"""Protections of a late refusal: nothing that ends `rejected` leaves a right or a live credential behind."""

from tests.chaos.sabotage.replacement import RealSabotage, Replacement, off

_REFUSALS = "tests/component/registration/test_late_refusals.py"
_AFTER = "tests/component/registration/test_after_late_refusals.py"
_CRASHES = "tests/component/registration/test_late_refusal_crashes.py"
_REGISTER = "shared/registration/register.py"
_ROLLING_BACK = "shared/registration/rolling_back.py"
_WITHDRAWING = "shared/credentials/withdrawing.py"
_GRANT = """    async with attempt.step("grantConsent"):
        consented = not spec.admin_consent or await give_consents(attempt, service_principal_id, consents)
"""
_STORE = """    verified, entries = app.verified, dict[str, VaultEntry]()
"""

REFUSAL_SABOTAGES = (
    RealSabotage(
        "consent is given after the credentials",
        f"{_REFUSALS}::test_a_tenant_that_forbids_secrets_never_sees_a_consent",
        (Replacement(_REGISTER, _GRANT, ""), Replacement(_REGISTER, _STORE, _GRANT + _STORE)),
    ),
    off(
        "what was given before a refusal is taken back",
        f"{_REFUSALS}::test_of_two_secrets_the_first_goes_when_the_second_is_refused",
        _ROLLING_BACK,
        "        await _roll_back(attempt)\n",
        "        pass\n",
    ),
    off(
        "consents that were given before a refusal are taken back",
        f"{_REFUSALS}::test_a_consent_that_was_given_before_the_refusal_goes",
        _ROLLING_BACK,
        "    if not given:\n        return\n",
        "    if given or not given:\n        return\n",
    ),
    off(
        "what a refused request issued is seen gone before it is told",
        f"{_REFUSALS}::test_nothing_is_answered_before_it_is_seen_gone",
        _WITHDRAWING,
        "if is_there or (refusal is not None and attempt.is_recent(refusal.at)):",
        "if is_there and refusal is None:",
    ),
    off(
        "consents of a refused request are seen gone before it is told",
        f"{_REFUSALS}::test_a_consent_is_seen_gone_before_its_request_is_told",
        _ROLLING_BACK,
        "        if waiting is not None:",
        "        if waiting is not None and attempt.operation.credentials:",
    ),
    off(
        "the value of what a refused request issued is out of reach",
        f"{_REFUSALS}::test_of_two_secrets_the_first_goes_when_the_second_is_refused",
        _WITHDRAWING,
        "        await disable(attempt, each)",
        "        assert each",
    ),
    off(
        "a refusal of the taking back is none of the request",
        f"{_REFUSALS}::test_a_refusal_of_the_taking_back_ends_nothing",
        _ROLLING_BACK,
        "    except RejectedError as error:",
        "    except KeyError as error:",
    ),
    off(
        "nobody replaces what a request that is at work may have to take back",
        f"{_AFTER}::test_a_rotation_waits_until_it_is_sure_that_its_credential_stays",
        "shared/rotation/observe.py",
        "if tags.operation_id != attempt.operation.id and await is_at_work(",
        'if tags.operation_id == "" and await is_at_work(',
    ),
    off(
        "a rotation does not end with what may be taken back",
        f"{_AFTER}::test_a_rotation_does_not_end_with_what_a_request_issued_that_may_take_it_back",
        "shared/rotation/observe.py",
        "    is_overtaken = progress.replaces not in (None, tags.key_id)",
        "    is_overtaken = progress.replaces == tags.key_id and not progress.has_begun",
    ),
    off(
        "a rotation of a leaked value is not answered with what may be taken back",
        f"{_AFTER}::test_a_rotation_does_not_end_with_what_a_request_issued_that_may_take_it_back",
        "shared/rotation/rotate.py",
        "            await let_issuer_end(attempt, request, found.tags)",
        "            assert found.tags",
    ),
    off(
        "a version that was taken back is none that clients read",
        f"{_AFTER}::test_a_rotation_does_not_end_with_what_a_request_issued_that_may_take_it_back",
        "shared/rotation/observe.py",
        " and not self.is_taken_back",
        "",
    ),
    off(
        "what only a request itself has answered does not stay when it is overtaken",
        f"{_CRASHES}::test_a_request_overtaken_after_it_was_noted_as_applied_keeps_only_what_the_newer_one_answered",
        "shared/model/application.py",
        "for name, key_id in self.answered.items() if self.answered_by.get(name) != operation_id",
        "for name, key_id in self.answered.items() if name",
    ),
    off(
        "a credential that another had taken up is out of reach once it goes",
        f"{_REFUSALS}::test_a_certificate_that_a_failed_request_had_taken_up_goes_with_the_request_that_issued_it",
        _WITHDRAWING,
        "    await _put_out_of_reach(attempt, taken_up)",
        "    assert taken_up is not None",
    ),
    off(
        "what another had taken up leaves the index of what is due",
        f"{_REFUSALS}::test_a_certificate_that_a_failed_request_had_taken_up_goes_with_the_request_that_issued_it",
        _WITHDRAWING,
        "    return Withdrawn(versions, (*made, *earlier))",
        "    return Withdrawn(versions, (*made, *earlier[:0]))",
    ),
    off(
        "what was taken back is not replaced",
        f"{_AFTER}::test_what_was_taken_back_is_not_replaced",
        "shared/rotation/observe.py",
        "        problems.append(_withdrawn_credential(request))",
        "        _withdrawn_credential(request)",
    ),
    off(
        "what an overtaken request gave is not kept",
        "tests/component/registration/test_absent_consent.py::test_what_an_overtaken_request_gave_is_not_kept",
        "shared/registration/consent.py",
        " - frozenset[Consent]().union(*overtaken)",
        "",
    ),
    off(
        "a certificate whose keyId nobody was told goes, too",
        f"{_REFUSALS}::test_a_certificate_goes_whose_removal_got_no_answer",
        _WITHDRAWING,
        "    if attempt.application.key_write is not None and any(",
        "    if not of_it and any(",
    ),
    off(
        "a refusal is kept: nothing is tried again",
        f"{_REFUSALS}::test_what_was_refused_is_not_tried_again",
        "shared/operations/action.py",
        "    if refusal is not None:",
        "    if refusal is not None and not attempt:",
    ),
    off(
        "what another request has answered stays",
        f"{_CRASHES}::test_what_a_newer_request_has_made_its_own_stays",
        _ROLLING_BACK,
        "if is_applied else record.answered_to_others(operation.id)",
        "if is_applied else frozenset(list(record.answered)[:0])",
    ),
    off(
        "of several consents, those before the one that failed are ours",
        f"{_REFUSALS}::test_a_consent_that_was_given_before_the_refusal_goes",
        "shared/registration/consent.py",
        "                otherwise.clear()\n",
        "                continue\n",
    ),
    off(
        "a rejected request names what stays of it",
        f"{_AFTER}::test_the_answer_names_what_stays_and_the_next_request_goes_on_with_it",
        "shared/operations/answers.py",
        "is_named = stays or status is Status.FAILED",
        "is_named = status is Status.FAILED",
    ),
    off(
        "the founder of an app that was rejected founds it anew",
        f"{_AFTER}::test_the_answer_names_what_stays_and_the_next_request_goes_on_with_it",
        "shared/operations/parties.py",
        "founds=await _is_founded_in_vain(attempt))",
        "founds=False)",
    ),
    off(
        "what a roll-back disabled gets a successor",
        f"{_REFUSALS}::test_what_the_app_had_before_stays",
        "shared/registration/credentials.py",
        "is_switched_off(entry, holder) and not is_withdrawn(attempt, spec.name, entry)",
        "is_switched_off(entry, holder)",
    ),
    off(
        "the doctor finds what a rejected request left",
        "tests/unit/doctor/test_refused.py",
        "doctor/invariants/refused.py",
        'return record.state == "rejected" and case.is_judged(record.id)',
        "return False",
    ),
)
