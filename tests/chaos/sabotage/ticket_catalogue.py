"""Protections of what comes from tickets and goes to them, of approval and of the audit record."""

from tests.chaos.sabotage.replacement import off

_ADAPTERS = "tests/contract/adapters"
_APPROVAL = "tests/component/approval/test_approval.py"
_DECISIONS = "tests/component/approval/test_decisions.py"

TICKET_SABOTAGES = (
    off(
        "a note that is there already stays",
        f"{_ADAPTERS}/test_audit.py::test_the_first_note_of_an_entry_stays",
        "shared/adapters/storage/audit.py",
        "await self._outbox.create(_OUTBOX,",
        "await self._outbox.upsert(_OUTBOX,",
    ),
    off(
        "an entry is in the audit chain once",
        f"{_ADAPTERS}/test_audit.py::test_an_entry_is_in_the_chain_once",
        "shared/adapters/storage/audit.py",
        '("create", entity(_CHAIN, _index_row(link.entry_id)',
        '("upsert", entity(_CHAIN, _index_row(link.entry_id)',
    ),
    off(
        "an anchor is never overwritten",
        f"{_ADAPTERS}/test_audit.py::test_a_day_is_anchored_once",
        "shared/adapters/storage/anchors.py",
        "overwrite=False,",
        "overwrite=True,",
    ),
    off(
        "a note is deleted only once it is in the chain",
        "tests/component/audit/test_audit.py::test_a_crash_at_any_call_leaves_each_event_in_the_chain_once",
        "shared/audit/writing.py",
        "        await _append(audit, entries)\n",
        "        for each in entries:\n"
        "            await audit.forget(each.id)\n"
        "        await _append(audit, entries)\n",
    ),
    off(
        "a webhook's signature is checked",
        "tests/unit/intake/test_signature.py::test_a_forgery_is_refused",
        "shared/intake/signature.py",
        "            return\n    raise NotProvenError(why)",
        "            return\n    assert why",
    ),
    off(
        "a webhook's HMAC is compared",
        "tests/unit/intake/test_signature.py::test_a_forgery_is_refused",
        "shared/intake/signature.py",
        '    if not any(fits):\n        raise NotProvenError("no signature matches")',
        "    assert fits",
    ),
    off(
        "whose message it is comes before what it says",
        "tests/component/intake/test_webhooks.py",
        "shared/intake/webhook.py",
        "        await self._prove(source, headers, body)\n",
        "",
    ),
    off(
        "a request's source is its sender's, whatever its payload says",
        "tests/unit/intake/test_mapping.py",
        "shared/intake/mapping.py",
        'made["source"] = source.name',
        'made.setdefault("source", source.name)',
    ),
    off(
        "an approval is for what was seen",
        f"{_APPROVAL}::test_an_approval_is_for_the_ids_that_were_resolved",
        "shared/approval/checking.py",
        "if approval is not None and approval.binding == bound_to else None",
        "if approval is not None else None",
    ),
    off(
        "a decision that was used up decides nothing",
        f"{_APPROVAL}::test_what_was_approved_under_another_policy_waits_again_and_an_old_decision_does_not_count",
        "shared/approval/decide.py",
        "decision.id in operation.approval.spent:",
        'decision.id == "":',
    ),
    off(
        "only a source that may decide has tickets that decide",
        f"{_DECISIONS}::test_a_ticket_of_a_source_that_does_not_decide_decides_nothing",
        "shared/approval/decide.py",
        'if decision.way == "ticket" and operation.request.source not in self.deciding_sources:',
        'if decision.way == "ticket" and operation.request.source == "":',
    ),
    off(
        "what needs approval waits for it",
        f"{_APPROVAL}::test_what_policy_wants_approved_waits_and_is_given_once_it_is",
        "shared/approval/checking.py",
        "    if not reasons:\n        return\n",
        "    if operation:\n        return\n",
    ),
    off(
        "a note is looked for before it is written",
        "tests/component/tickets/test_ticket_delivery.py::test_a_worker_that_dies_at_any_call_leaves_one_note",
        "shared/tickets/delivery.py",
        "if not await target.system.has_note(ticket, note):",
        "if await target.system.has_note(ticket, note) is not None:",
    ),
    off(
        "tickets are told at public addresses only",
        "tests/unit/tickets/test_addresses.py::test_nothing_is_connected_to_when_one_address_is_refused",
        "shared/tickets/addresses.py",
        "if not found.is_global or found.is_reserved or",
        "if found.is_reserved or",
    ),
)
