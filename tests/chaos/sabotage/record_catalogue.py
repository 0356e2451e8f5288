"""Protections of requests, of what is recorded of them and when, and of secrets."""

from tests.chaos.sabotage.replacement import off

RECORD_SABOTAGES = (
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
        "tests/component/registration/test_registration.py::test_an_api_of_somebody_else_is_unknown_by_its_name",
        "shared/registration/permissions.py",
        "return api.owner_organization_id == MICROSOFT_TENANT or policy.api(api.app_id) is not None",
        "return bool(api.app_id or policy)",
    ),
    off(
        "answers have ids that follow from what they answer",
        "tests/unit/contract/test_answer.py::test_ids_depend_on_every_part_and_their_borders",
        "shared/contract/answer.py",
        "return sha256(json.dumps(parts).encode()).hexdigest()[:32]",
        "return sha256(json.dumps((*parts, id(object()), datetime.now().isoformat())).encode()).hexdigest()[:32]",
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
        "tests/component/operations/test_crashes.py::test_a_worker_that_dies_at_any_call_leaves_one_app_and_one_live_secret",
        "shared/credentials/issuing.py",
        "operation.with_credential(wanted.credential, intended_at=now, pending_at=pending_at)",
        "operation.with_credential(wanted.credential, pending_at=pending_at)",
    ),
    off(
        "who has lost the lease stores no secret",
        "tests/component/operations/test_crashes.py::test_who_has_lost_the_lease_neither_issues_nor_stores_another_secret",
        "shared/credentials/issuing.py",
        "        await attempt.lease.keep()\n        entry = await",
        "        entry = await",
    ),
    off(
        "a read inside the lag window is not believed",
        "tests/component/operations/test_late_effects.py",
        "shared/core/runtime.py",
        "return at is not None and now - at < window",
        "return at is not None and now - at < window * 0",
    ),
    off(
        "a change waits for a write that had to be repeated",
        "tests/component/operations/test_late_effects.py::test_a_change_waits_for_a_write_that_had_to_be_repeated",
        "shared/registration/application.py",
        "in_doubt = attempt.is_recent(write.repeats) or attempt.is_recent(write.over)",
        "in_doubt = attempt.is_recent(write.over)",
    ),
    off(
        "the answer comes after the proof",
        "tests/component/registration/test_registration.py::test_what_cannot_be_done_in_a_day_fails_and_is_kept_with_its_reason",
        "shared/credentials/sign_in.py",
        "await attempt.ports.sign_in.verify(holder.client_id, value, audience, entry.type)",
        "assert value is not None and audience and holder",
    ),
    off(
        "a failed request is kept",
        "tests/component/registration/test_registration.py::test_what_cannot_be_done_in_a_day_fails_and_is_kept_with_its_reason",
        "shared/operations/sending.py",
        "await self.queues.send_poison(kept_failure(operation))",
        "assert kept_failure(operation)",
    ),
    off(
        "progress is recorded before the next write, not after the work",
        "tests/component/operations/test_crashes.py::test_a_worker_that_dies_at_any_call_leaves_one_app_and_one_live_secret",
        "shared/operations/attempt.py",
        "        etag = await self.ports.operations.save(operation, self.stored_operation.etag)\n",
        "        etag = self.stored_operation.etag\n"
        "        if operation.state.settled:\n"
        "            etag = await self.ports.operations.save(operation, etag)\n",
    ),
    off(
        "an entry is noted before its record is written",
        "tests/component/audit/test_audit.py::test_a_crash_at_any_call_leaves_each_event_in_the_chain_once",
        "shared/operations/accept.py",
        "        await self.audit.note(accepted(operation, now))\n"
        "        etag = await self.operations.create(operation, due=now + RESUME_AFTER)\n",
        "        etag = await self.operations.create(operation, due=now + RESUME_AFTER)\n"
        "        await self.audit.note(accepted(operation, now))\n",
    ),
    off(
        "throttling pauses everybody",
        "tests/component/operations/test_throttling.py",
        "shared/operations/execution.py",
        "if pause is not None and now < pause and",
        "if pause is not None and now < now and",
    ),
)
