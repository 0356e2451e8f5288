"""Protections of rotations and certificates: when a credential is replaced, promoted and retired."""

from tests.chaos.sabotage.replacement import off

_ROTATION = "tests/component/rotation/test_rotation.py"
_DUE = "tests/component/rotation/test_due_rotation.py"
_CERTIFICATES = "tests/component/credentials/test_certificates.py"
_CHECK = "tests/component/rotation/test_due_index.py"

ROTATION_SABOTAGES = (
    off(
        "an unproven value is not promoted",
        f"{_ROTATION}::test_no_client_ever_reads_a_value_that_does_not_sign_in_yet",
        "shared/rotation/rotate.py",
        "await verify_sign_in(attempt, found.holder, pending, credential=request.credential)",
        "assert pending",
    ),
    off(
        "a rotation is its owner's to ask for",
        f"{_ROTATION}::test_who_may_not_or_asks_for_what_is_not_there_is_told_and_nothing_happens",
        "shared/rotation/observe.py",
        "    if not attempt.operation.is_our_own and not problems:",
        "    if attempt.operation.is_our_own and not problems:",
    ),
    off(
        "another's secret under the pending name is not written",
        f"{_ROTATION}::test_a_pending_name_that_is_somebody_elses_is_not_written",
        "shared/rotation/observe.py",
        "problems.append(_pending_taken(unique_name, request))",
        "assert _pending_taken(unique_name, request)",
    ),
    off(
        "what was replaced lives on for the overlap",
        f"{_DUE}::test_a_hint_ends_no_overlap_before_its_time",
        "shared/credentials/life.py",
        "for retirement in retirements(versions) if retirement.at <= now)",
        "for retirement in retirements(versions) if now)",
    ),
    off(
        "what was replaced goes when the overlap is over",
        f"{_DUE}::test_what_is_about_to_expire_is_replaced_and_the_old_one_goes_after_the_overlap",
        "shared/rotation/retire.py",
        "await remove_credential(work, object_id, retirement.kind, retirement.key_id)",
        "assert object_id and work",
    ),
    off(
        "what leaked goes at its deadline",
        f"{_ROTATION}::test_at_the_deadline_a_leaked_secret_goes_though_the_new_one_is_not_proven",
        "shared/rotation/rotate.py",
        "if deadline is not None and attempt.now() >= deadline:",
        "if deadline is not None and attempt.now() < attempt.operation.accepted_at:",
    ),
    off(
        "what leaked goes though everybody pauses",
        f"{_ROTATION}::test_a_pause_for_everybody_does_not_keep_a_leaked_secret_alive",
        "shared/operations/execution.py",
        "latest = min(latest, operation.revoke_by)",
        "latest = max(latest, operation.revoke_by)",
    ),
    off(
        "a hint makes nothing due",
        f"{_DUE}::test_a_hint_makes_nothing_due",
        "shared/credentials/life.py",
        "if due is not None and due <= now:",
        "if due is not None and now:",
    ),
    off(
        "what expires first is replaced first",
        "tests/component/rotation/test_catch_up.py::test_what_is_overdue_is_caught_up_in_order_of_expiry_within_the_quotas",
        "shared/rotation/sweep.py",
        "waiting.sort(key=lambda entry: (entry.expires or entry.at, entry.unique_name))",
        "waiting.sort(key=lambda entry: (entry.at, entry.unique_name))",
    ),
    off(
        "no sweep sends more than is seen to",
        "tests/component/rotation/test_catch_up.py::test_it_is_caught_up_once_in_bad_weather_and_while_the_timer_fires_again",
        "shared/rotation/sweep.py",
        "waiting[: max(MOST - on_their_way, 0)]",
        "waiting[:MOST]",
    ),
    off(
        "changes of the directory count as seen to when they are",
        f"{_CHECK}::test_a_worker_that_dies_at_any_call_of_a_check_leaves_nothing_unseen",
        "shared/rotation/check.py",
        "        check = replace(check, link=check.link or changes.link)\n",
        "        check = replace(check, link=changes.link)\n        await self.due.keep_directory_link(changes.link)\n",
    ),
    off(
        "what lag may explain is looked at once more",
        f"{_CHECK}::test_what_is_taken_away_right_after_it_was_stored_is_found_once_lag_cannot_explain_it",
        "shared/rotation/check.py",
        "certain = max(now, (entry.created or now) + self.lag_window)",
        "certain = now",
    ),
    off(
        "no rotation rests on a read inside the lag window",
        "tests/unit/credentials/test_life.py::test_the_directory_is_believed_only_when_its_read_is_young_enough",
        "shared/credentials/life.py",
        "now - entry.created < lag_window:",
        "now - entry.created < lag_window * 0:",
    ),
    off(
        "a first certificate is not promoted before it is proven",
        f"{_CERTIFICATES}::test_no_client_reads_the_first_certificate_before_it_signs_in",
        "shared/registration/credentials.py",
        "await verify_sign_in(attempt, holder, issued, credential=wanted.credential)",
        "assert issued and verify_sign_in",
    ),
    off(
        "no list of certificates is written on a read that is older than our last write of it",
        f"{_CERTIFICATES}::test_two_certificates_of_one_app_do_not_undo_each_other_under_lag",
        "shared/credentials/keys.py",
        "if write is not None and work.is_recent(write.at) and not write.is_reflected_in(keys):",
        "if write is not None and work.is_recent(write.at) and write.added is None:",
    ),
    off(
        "certificates that others added stay on the list",
        f"{_CERTIFICATES}::test_the_old_certificate_goes_after_the_overlap_and_no_other",
        "shared/credentials/keys.py",
        "await directory.write_keys(holder.object_id, keys, (certificate, display_name))",
        "await directory.write_keys(holder.object_id, keys[:1], (certificate, display_name))",
    ),
    off(
        "people are warned of what expires and cannot be replaced",
        f"{_DUE}::test_people_are_warned_of_a_secret_that_expires_and_cannot_be_replaced",
        "shared/rotation/own.py",
        "await self.queues.send_event(event.to_json())",
        "assert event",
    ),
)
