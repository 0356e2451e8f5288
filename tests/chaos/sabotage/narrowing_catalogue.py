"""Protections of what is taken back: seen gone, before anything comes, and for as long as it takes."""

from tests.chaos.sabotage.replacement import off

_NARROWING = "tests/component/registration/test_narrowing.py"
_TAKING_BACK = "shared/registration/taking_back.py"

NARROWING_SABOTAGES = (
    off(
        "a consent that is taken back is seen gone",
        f"{_NARROWING}::test_nothing_is_answered_completed_before_what_it_drops_is_gone",
        _TAKING_BACK,
        "    if attempt.application.granted - wanted:\n        raise",
        "    if not attempt.application:\n        raise",
    ),
    off(
        "what is taken back of an application is seen gone",
        f"{_NARROWING}::test_nothing_is_answered_completed_before_what_it_drops_is_gone",
        "shared/registration/register.py",
        "async def _verify_application(attempt: Attempt, wanted: ApplicationState) -> None:\n",
        "async def _verify_application(attempt: Attempt, wanted: ApplicationState) -> None:\n    return\n",
    ),
    off(
        "a read that may be older than the grant shows nothing gone",
        f"{_NARROWING}::test_a_read_from_before_the_grant_does_not_show_it_gone",
        "shared/model/holdings.py",
        "Holdings() if is_recent(each.made) else",
        "Holdings() if not part else",
    ),
    off(
        "consents go before redirect URIs come",
        f"{_NARROWING}::test_what_narrows_comes_before_what_widens",
        "shared/registration/register.py",
        "    principal = await _narrow(attempt, observed, wanted, consents)\n"
        '    async with attempt.step("writeApplication"):\n'
        "        app, wanted = await converge_filled_in(attempt, request, resolution.permissions, wanted, "
        "observed.seen)\n",
        '    async with attempt.step("writeApplication"):\n'
        "        app, wanted = await converge_filled_in(attempt, request, resolution.permissions, wanted, "
        "observed.seen)\n"
        "    principal = await _narrow(attempt, observed, wanted, consents)\n",
    ),
    off(
        "redirect URIs are seen gone before credentials and consents come",
        f"{_NARROWING}::test_at_no_moment_has_the_app_both",
        "shared/registration/register.py",
        "        if leaving(attempt, wanted):\n",
        "        if app is None:\n",
    ),
    off(
        "what goes outlives its request",
        f"{_NARROWING}::test_what_a_failed_request_took_back_is_removed_by_the_timer",
        _TAKING_BACK,
        "        await attempt.ports.cleanups.put(Cleanup(record.unique_name, NARROWING, (), attempt.now()))\n",
        "",
    ),
    off(
        "what was seen gone once is never removed again",
        f"{_NARROWING}::test_what_is_there_again_after_it_was_seen_gone_is_somebody_elses",
        "shared/model/holdings.py",
        '{"left": each.left - newly, "gone": each.gone - known}',
        '{"left": (each.left - newly) | (known & seen), "gone": each.gone - known}',
    ),
    off(
        "what others had consented before is theirs",
        f"{_NARROWING}::test_what_others_had_consented_before_stays_and_is_named",
        "shared/registration/consent.py",
        '"granted": record.granted | add,',
        '"granted": record.granted | wanted,',
    ),
    off(
        "what others had added before is theirs",
        f"{_NARROWING}::test_a_redirect_uri_that_others_had_added_before_stays_and_is_named",
        "shared/registration/application.py",
        "(record.ours | added).put_into(wanted)",
        "(record.ours | Holdings.of(wanted)).put_into(wanted)",
    ),
    off(
        "of two changes that take back what the other gives, the older stands back",
        "tests/component/operations/test_contradicting_changes.py::test_the_newest_is_completed_soon_and_the_older_one_is_superseded",
        "shared/registration/giving_way.py",
        "if await is_at_work(attempt.ports.operations, record.begun_by):",
        'if record.begun_by == "":',
    ),
    off(
        "a further certificate of a privileged app waits for approval",
        "tests/component/registration/test_privileged.py::test_a_new_certificate_of_a_privileged_app_waits_for_approval",
        "shared/registration/register.py",
        'if each.type == "certificate" and each.name in new]',
        'if each.type == "certificate" and each.name not in found]',
    ),
    off(
        "the tokens of a privileged app go nowhere new without approval",
        "tests/component/registration/test_privileged.py::test_a_new_way_for_tokens_waits_for_approval",
        "shared/policy/approval.py",
        "    if not places or not held:\n",
        "    if not places or held:\n",
    ),
    off(
        "an approval is for what the app held then",
        "tests/component/registration/test_privileged.py::test_an_approval_is_for_what_the_app_held_then",
        "shared/policy/approval.py",
        "    if held:\n        bound.append(",
        "    if not held:\n        bound.append(",
    ),
)
