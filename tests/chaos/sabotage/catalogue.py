"""Protections of adapters, SDK set-up, policy and records: how each is switched off, and the test that misses it."""

from tests.chaos.sabotage.approver_catalogue import APPROVER_SABOTAGES
from tests.chaos.sabotage.audit_catalogue import AUDIT_SABOTAGES
from tests.chaos.sabotage.checks_catalogue import CHECKS_SABOTAGES
from tests.chaos.sabotage.control_catalogue import CONTROL_SABOTAGES
from tests.chaos.sabotage.fair_catalogue import FAIR_SABOTAGES
from tests.chaos.sabotage.form_catalogue import FORM_SABOTAGES
from tests.chaos.sabotage.graph_refusals_catalogue import GRAPH_REFUSAL_SABOTAGES
from tests.chaos.sabotage.ids_catalogue import IDS_SABOTAGES
from tests.chaos.sabotage.mapping_catalogue import MAPPING_SABOTAGES
from tests.chaos.sabotage.narrowing_catalogue import NARROWING_SABOTAGES
from tests.chaos.sabotage.people_catalogue import PEOPLE_SABOTAGES
from tests.chaos.sabotage.proven_catalogue import PROVEN_SABOTAGES
from tests.chaos.sabotage.refusal_catalogue import REFUSAL_SABOTAGES
from tests.chaos.sabotage.replacement import off
from tests.chaos.sabotage.shipped_catalogue import SHIPPED_SABOTAGES
from tests.chaos.sabotage.tenant_catalogue import TENANT_SABOTAGES
from tests.chaos.sabotage.ticket_catalogue import TICKET_SABOTAGES
from tests.chaos.sabotage.vault_catalogue import VAULT_SABOTAGES

_ADAPTERS = "tests/contract/adapters"
_ROTATION = "tests/component/test_rotation.py"
_DUE = "tests/component/test_due_rotation.py"
_CERTIFICATES = "tests/component/test_certificates.py"
_TOKENS = "tests/unit/adapters/test_entra_tokens.py"
_CHECK = "tests/component/test_due_index.py"

REAL_SABOTAGES = (
    off(
        "a field that stands twice is refused",
        "tests/unit/contract/test_strict_json.py::test_duplicate_keys_are_named_at_every_depth",
        "shared/contract/strict_json.py",
        "if key in collected:",
        "if key == 0:",
    ),
    off(
        "the never-list stands above policy",
        "tests/unit/policy/test_permissions.py::test_what_controls_the_tenant_is_refused_even_when_policy_lists_it",
        "shared/policy/check.py",
        "why = why_never(api.app_id, permission.id, permission.name)",
        'why = why_never("", "", "")',
    ),
    off(
        "an API is meant only if it is Microsoft's or in policy, not by its name",
        "tests/component/test_registration.py::test_an_api_of_somebody_else_is_unknown_by_its_name",
        "shared/registration/permissions.py",
        "return api.owner_organization_id == MICROSOFT_TENANT or policy.api(api.app_id) is not None",
        "return bool(api.app_id or policy)",
    ),
    off(
        "the SDK never repeats addPassword",
        f"{_ADAPTERS}/test_graph_failures.py::test_addpassword_is_called_once_whatever_the_server_error",
        "shared/adapters/graph/client.py",
        "RetryHandlerOption(0, 0, should_retry=False)",
        "RetryHandlerOption(0, 3, should_retry=True)",
    ),
    off(
        "a lookup that failed is not an empty one",
        f"{_ADAPTERS}/test_graph_failures.py::test_a_throttled_call_is_made_once_and_names_the_pause",
        "shared/adapters/graph/client.py",
        "if error.response_status_code == _NOT_FOUND:",
        "if (error.response_status_code or 0) >= 400:",
    ),
    off(
        "an application is upserted by its name",
        f"{_ADAPTERS}/test_applications.py::test_the_first_upsert_answers_the_ids_and_the_next_none",
        "shared/adapters/graph/requests.py",
        'request.headers.add("Prefer", "create-if-missing")',
        'request.headers.add("Prefer", "return=representation")',
    ),
    off(
        "one works on an app at a time (blob lease)",
        f"{_ADAPTERS}/test_storage.py::test_a_lease_is_held_by_one",
        "shared/adapters/storage/leases.py",
        "            if error.status_code == _CONFLICT:\n",
        "            if error.status_code == _CONFLICT:\n                return BlobLeaseClient(blob)\n",
    ),
    off(
        "a lost lease is noticed",
        f"{_ADAPTERS}/test_storage.py::test_a_lease_that_ran_out_and_was_taken_is_lost",
        "shared/adapters/storage/leases.py",
        "if now - self._renewed < _RENEW_AFTER:",
        "if now >= self._renewed:",
    ),
    off(
        "a record is saved over what was read only (ETag)",
        f"{_ADAPTERS}/test_storage.py::test_a_record_is_saved_over_what_was_read_only",
        "shared/adapters/storage/table.py",
        "                    etag=etag,\n                    match_condition=MatchConditions.IfNotModified,\n",
        "",
    ),
    off(
        "a claim is the first one's",
        f"{_ADAPTERS}/test_storage.py::test_a_claim_is_the_first_ones",
        "shared/adapters/storage/tables.py",
        "        return claim_from(found[0])\n",
        "        return claim\n",
    ),
    off(
        "each generation is listed by itself",
        f"{_ADAPTERS}/test_storage.py::test_each_generation_of_an_operation_is_listed_by_itself",
        "shared/core/naming.py",
        'return operation_id if generation == 1 else f"{operation_id}-{generation}"',
        "return operation_id",
    ),
    off(
        "work messages never expire",
        f"{_ADAPTERS}/test_queues.py::test_work_never_expires_and_no_delay_is_longer_than_the_service_takes",
        "shared/adapters/storage/queues.py",
        "_NEVER_EXPIRES = -1",
        "_NEVER_EXPIRES = 7 * 24 * 3600",
    ),
    off(
        "answers have ids that follow from what they answer",
        "tests/unit/contract/test_answer.py::test_ids_depend_on_every_part_and_their_borders",
        "shared/contract/answer.py",
        "return sha256(json.dumps(parts).encode()).hexdigest()[:32]",
        "return sha256(json.dumps((*parts, id(object()), datetime.now().isoformat())).encode()).hexdigest()[:32]",
    ),
    off(
        "the value itself is written to the vault",
        f"{_ADAPTERS}/test_vault.py::test_a_stored_secret_is_described_and_read",
        "shared/adapters/vault/secrets.py",
        "                value.reveal(),\n                content_type",
        '                "",\n                content_type',
    ),
    off(
        "the vault's client leaves waiting to the operation",
        f"{_ADAPTERS}/test_vault_failures.py::test_a_throttled_call_is_made_once_and_names_the_pause",
        "shared/adapters/vault/options.py",
        "CallOptions(retry_total=1, retry_status=0,",
        "CallOptions(retry_total=3, retry_status=3,",
    ),
    off(
        "a refused secret is no proof",
        f"{_ADAPTERS}/test_passwords.py::test_another_value_is_not_proven",
        "shared/adapters/entra/sign_in_codes.py",
        "if given and given <= NOT_ACCEPTED:",
        "if not given:",
    ),
    off(
        "a secret prints as three asterisks",
        "tests/unit/core/test_secret.py",
        "shared/core/secret.py",
        'return "Secret(***)"',
        'return f"Secret({self._value})"',
    ),
    off(
        "no value is logged",
        "tests/e2e/test_leaks.py::test_no_file_and_no_answer_holds_a_secret_but_the_vaults_own",
        "shared/adapters/vault/secrets.py",
        "        return _entry(stored.properties)\n",
        '        __import__("shared.core.log").core.log.warning("secret.stored", value=value.reveal())\n'
        "        return _entry(stored.properties)\n",
    ),
    off(
        "no value is answered",
        "tests/e2e/test_leaks.py::test_no_file_and_no_answer_holds_a_secret_but_the_vaults_own",
        "shared/adapters/vault/secrets.py",
        "        return _entry(stored.properties)\n",
        "        from dataclasses import replace\n\n"
        "        return replace(_entry(stored.properties), uri=value.reveal())\n",
    ),
    off(
        "an intent is recorded before addPassword",
        "tests/component/test_crashes.py::test_a_worker_that_dies_at_any_call_leaves_one_app_and_one_live_secret",
        "shared/credentials/issuing.py",
        "operation.with_credential(wanted.credential, intended_at=now, pending_at=pending_at)",
        "operation.with_credential(wanted.credential, pending_at=pending_at)",
    ),
    off(
        "who has lost the lease stores no secret",
        "tests/component/test_crashes.py::test_who_has_lost_the_lease_neither_issues_nor_stores_another_secret",
        "shared/credentials/issuing.py",
        "        await attempt.lease.keep()\n        entry = await",
        "        entry = await",
    ),
    off(
        "a read inside the lag window is not believed",
        "tests/component/test_late_effects.py",
        "shared/core/runtime.py",
        "return at is not None and now - at < window",
        "return at is not None and now - at < window * 0",
    ),
    off(
        "a change waits for a write that had to be repeated",
        "tests/component/test_late_effects.py::test_a_change_waits_for_a_write_that_had_to_be_repeated",
        "shared/registration/application.py",
        "in_doubt = attempt.is_recent(write.repeats) or attempt.is_recent(write.over)",
        "in_doubt = attempt.is_recent(write.over)",
    ),
    off(
        "the answer comes after the proof",
        "tests/component/test_registration.py::test_what_cannot_be_done_in_a_day_fails_and_is_kept_with_its_reason",
        "shared/credentials/sign_in.py",
        "await attempt.ports.sign_in.verify(holder.client_id, value, audience, entry.type)",
        "assert value is not None and audience and holder",
    ),
    off(
        "a failed request is kept",
        "tests/component/test_registration.py::test_what_cannot_be_done_in_a_day_fails_and_is_kept_with_its_reason",
        "shared/operations/sending.py",
        "await self.queues.send_poison(kept_failure(operation))",
        "assert kept_failure(operation)",
    ),
    off(
        "progress is recorded before the next write, not after the work",
        "tests/component/test_crashes.py::test_a_worker_that_dies_at_any_call_leaves_one_app_and_one_live_secret",
        "shared/operations/attempt.py",
        "        etag = await self.ports.operations.save(operation, self.stored_operation.etag)\n",
        "        etag = self.stored_operation.etag\n"
        "        if operation.state.settled:\n"
        "            etag = await self.ports.operations.save(operation, etag)\n",
    ),
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
        "tests/component/test_catch_up.py::test_what_is_overdue_is_caught_up_in_order_of_expiry_within_the_quotas",
        "shared/rotation/sweep.py",
        "waiting.sort(key=lambda entry: (entry.expires or entry.at, entry.unique_name))",
        "waiting.sort(key=lambda entry: (entry.at, entry.unique_name))",
    ),
    off(
        "no sweep sends more than is seen to",
        "tests/component/test_catch_up.py::test_it_is_caught_up_once_in_bad_weather_and_while_the_timer_fires_again",
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
        "a list of changes goes on at Graph only",
        f"{_ADAPTERS}/test_changes.py::test_a_link_that_leads_elsewhere_is_not_followed",
        "shared/adapters/graph/changes.py",
        "if not link.startswith(self._root):",
        "if link == self._root:",
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
    off(
        "a token for another audience opens nothing",
        f"{_TOKENS}::test_a_token_that_is_wrong_in_one_thing_is_refused",
        "shared/adapters/entra/tokens.py",
        '    "verify_aud": True,\n    "strict_aud": True,\n',
        '    "verify_aud": False,\n',
    ),
    off(
        "a token without the role opens nothing",
        f"{_TOKENS}::test_without_the_role_nobody_is_let_in",
        "shared/adapters/entra/tokens.py",
        "if role not in caller.roles:",
        "if not role:",
    ),
    off(
        "an entry is noted before its record is written",
        "tests/component/test_audit.py::test_a_crash_at_any_call_leaves_each_event_in_the_chain_once",
        "shared/operations/accept.py",
        "        await self.audit.note(accepted(operation, now))\n"
        "        etag = await self.operations.create(operation, due=now + RESUME_AFTER)\n",
        "        etag = await self.operations.create(operation, due=now + RESUME_AFTER)\n"
        "        await self.audit.note(accepted(operation, now))\n",
    ),
    off(
        "throttling pauses everybody",
        "tests/component/test_throttling.py",
        "shared/operations/execution.py",
        "if pause is not None and now < pause and",
        "if pause is not None and now < now and",
    ),
    *FAIR_SABOTAGES,
    *FORM_SABOTAGES,
    *APPROVER_SABOTAGES,
    *PEOPLE_SABOTAGES,
    *AUDIT_SABOTAGES,
    *MAPPING_SABOTAGES,
    *NARROWING_SABOTAGES,
    *REFUSAL_SABOTAGES,
    *TICKET_SABOTAGES,
    *PROVEN_SABOTAGES,
    *CONTROL_SABOTAGES,
    *CHECKS_SABOTAGES,
    *GRAPH_REFUSAL_SABOTAGES,
    *SHIPPED_SABOTAGES,
    *TENANT_SABOTAGES,
    *VAULT_SABOTAGES,
    *IDS_SABOTAGES,
)
