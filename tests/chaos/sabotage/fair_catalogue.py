"""Protections of what many requests share: approval of every request for a name, turns, bounds, look-ups."""

from tests.chaos.sabotage.replacement import RealSabotage, Replacement, off

_APIS = "tests/component/registration/test_apis.py"
_LIMITS = "tests/component/operations/test_limits.py"
_TURNS = "tests/component/operations/test_turns.py"
_ROTATION_APPROVAL = "tests/component/approval/test_rotation_approval.py"

FAIR_SABOTAGES = (
    off(
        "a rotation of an app whose every request is approved waits",
        f"{_ROTATION_APPROVAL}::test_a_rotation_of_an_app_whose_every_request_is_approved_waits_and_is_done_then",
        "shared/rotation/observe.py",
        "    _check_approval(attempt, request)\n    if not",
        "    if not",
    ),
    off(
        "the time to revoke does not run while somebody has to decide",
        f"{_ROTATION_APPROVAL}::test_the_time_to_revoke_counts_from_the_decision_and_nothing_goes_before_it",
        "shared/model/operation.py",
        "is not None or (approval and approval.decision is None):",
        "is not None:",
    ),
    off(
        "what is approved is the end of the credential that was asked about",
        f"{_ROTATION_APPROVAL}::test_what_is_approved_is_the_end_of_the_credential_that_was_asked_about",
        "shared/rotation/observe.py",
        "        await attempt.save_operation(attempt.operation",
        "        _check_approval(attempt, request)\n        await attempt.save_operation(attempt.operation",
    ),
    off(
        "a rotation that has begun to write is ended",
        f"{_ROTATION_APPROVAL}::test_a_rotation_that_has_begun_is_ended_whatever_policy_says_by_then",
        "shared/rotation/observe.py",
        "attempt.operation.is_our_own or attempt.operation.credential(request.credential).has_begun:",
        "attempt.operation.is_our_own:",
    ),
    off(
        "the registrar's own rotations wait for nobody",
        f"{_ROTATION_APPROVAL}::test_what_is_approved_is_the_end_of_the_credential_that_was_asked_about",
        "shared/rotation/observe.py",
        "if attempt.operation.is_our_own or attempt.operation.credential",
        "if attempt.operation.credential",
    ),
    off(
        "entries for one API are merged before anything is asked",
        f"{_APIS}::test_entries_for_an_api_that_is_not_there_are_one_look",
        "shared/registration/permissions.py",
        "merged.setdefault(key, []).append(",
        "merged.setdefault(f'{key} {index}', []).append(",
    ),
    off(
        "an API is remembered for minutes",
        f"{_APIS}::test_within_minutes_nothing_is_asked_and_then_it_is",
        "shared/registration/known_apis.py",
        "and not ask and now - known.at < KEPT_FOR:",
        "and not ask and now < now:",
    ),
    off(
        "an API is not remembered for ever",
        f"{_APIS}::test_within_minutes_nothing_is_asked_and_then_it_is",
        "shared/registration/known_apis.py",
        "and not ask and now - known.at < KEPT_FOR:",
        "and not ask:",
    ),
    off(
        "a permission is unknown only once the directory says so",
        f"{_APIS}::test_what_is_not_among_what_is_remembered_is_asked_for",
        "shared/registration/permissions.py",
        "if seen.remembered and any(",
        "if not seen and any(",
    ),
    off(
        "what was not found is not remembered",
        f"{_APIS}::test_an_api_that_was_not_there_is_found_as_soon_as_it_is",
        "shared/registration/known_apis.py",
        "        if apis:\n",
        "        if key:\n",
    ),
    off(
        "what was approved is held against the ids of today",
        "tests/component/approval/test_approval.py::test_an_approval_is_for_the_ids_that_were_resolved",
        "shared/registration/register.py",
        "is_approved = attempt.operation.approval is not None",
        "is_approved = False",
    ),
    off(
        "the next request of whoever has one under way lines up",
        f"{_TURNS}::test_the_next_of_a_requester_lines_up_and_anothers_begins",
        "shared/operations/execution.py",
        "if self._is_others_turn(operation, is_new=is_new) and now < latest:",
        "if self._is_others_turn(operation, is_new=is_new) and latest < now:",
    ),
    off(
        "one hand is always free for others",
        f"{_TURNS}::test_no_more_of_a_requester_are_under_way_than_leave_a_hand_free",
        "shared/operations/turns.py",
        "(max(1, self._at_once - 1) if alone else self._at_once)",
        "(max(1, self._at_once - 1) if alone else 9)",
    ),
    off(
        "an attempt that ends in an error gives its turn back",
        f"{_TURNS}::test_whose_attempt_ends_otherwise_has_their_turn_back",
        "shared/operations/turns.py",
        "        try:\n            yield\n        finally:\n",
        "        yield\n        if self._under_way:\n",
    ),
    off(
        "what lines up is listed for the end of its wait, and comes back by a message",
        f"{_TURNS}::test_the_next_of_a_requester_lines_up_and_anothers_begins",
        "shared/operations/schedule.py",
        "await self.queues.send_work(waiting.id, waiting.generation, max(at - now, timedelta(0)))",
        "await self.operations.unlist(waiting.id, waiting.generation)",
    ),
    off(
        "a leaked credential goes before its owner's other requests",
        f"{_TURNS}::test_a_leaked_credential_does_not_wait_behind_its_owners_other_requests",
        "shared/operations/turns.py",
        "        if first:\n            return now + apart\n",
        "",
    ),
    off(
        "a requester's requests of a day are bounded",
        f"{_LIMITS}::test_a_requesters_day_is_over_and_the_next_begins",
        "shared/operations/limits.py",
        "lambda marks: len(marks) < most,",
        "lambda marks: len(marks) >= 0,",
    ),
    off(
        "tickets are counted, too",
        f"{_LIMITS}::test_tickets_are_counted_and_told",
        "shared/intake/proven.py",
        "            if problem is not None:\n                raise RejectedError([problem])\n",
        "",
    ),
    off(
        "a request is counted once, however often it is delivered",
        f"{_LIMITS}::test_a_worker_that_dies_counts_a_request_once",
        "shared/operations/counts.py",
        "        if mark in marks:\n",
        "        if mark in ():\n",
    ),
    RealSabotage(
        "what was recorded is answered though its requester's day is over",
        f"{_LIMITS}::test_what_was_recorded_is_answered_though_the_day_is_over",
        (
            Replacement(
                "shared/intake/queue.py",
                "if not await is_repeated(self.operations, claim, request):",
                "if new_id:",
            ),
            Replacement(
                "shared/intake/queue.py",
                "daily_limit.count(Channel.QUEUE, request)",
                "daily_limit.count(Channel.QUEUE, request.model_copy(update={'request_id': self.runtime.new_id()}))",
            ),
        ),
    ),
    off(
        "an owner's apps are bounded",
        f"{_LIMITS}::test_an_owner_gets_no_more_new_apps_and_changes_those_they_have",
        "shared/operations/limits.py",
        "len(others) >= limits.apps_per_owner:",
        "len(others) < 0:",
    ),
    off(
        "an owner's credentials are bounded",
        f"{_LIMITS}::test_an_owner_gets_no_more_new_credentials_in_all_of_their_apps",
        "shared/operations/limits.py",
        "kept > limits.credentials_per_owner:",
        "kept < 0:",
    ),
)
