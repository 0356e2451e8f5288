"""Protections of the way in, and of what a ticket's decision is about."""

from tests.chaos.sabotage.replacement import RealSabotage, Replacement, off

_PROVEN = "tests/component/intake/test_proven_source.py"
_DECISIONS = "tests/component/approval/test_ticket_decisions.py"
_REPLACEMENT = "tests/component/operations/test_replacement.py"
_REPLACING = "shared/operations/replace.py"
_SOURCES = "tests/unit/intake/test_deciding_sources.py"
_USED_UP = f"{_DECISIONS}::test_a_decision_that_is_not_about_what_waits_is_used_up"
_CRASHES = f"{_REPLACEMENT}::test_whatever_dies_at_any_call_one_form_stands_and_has_one_answer"

PROVEN_SABOTAGES = (
    off(
        "on the public queue nobody is a source that proves itself",
        f"{_PROVEN}::test_a_message_that_says_it_is_a_ticket_claims_nothing_and_the_ticket_is_served",
        "shared/intake/queue.py",
        "request.source.casefold() in self.webhook_sources:",
        'request.source == "":',
    ),
    off(
        "a source is known in any spelling",
        f"{_PROVEN}::test_a_message_that_names_a_ticket_tells_it_nothing",
        "shared/intake/queue.py",
        "request.source.casefold() in self.webhook_sources:",
        "request.source in self.webhook_sources:",
    ),
    off(
        "a ticket that anybody names is none",
        f"{_PROVEN}::test_a_message_that_names_a_ticket_tells_it_nothing",
        "shared/model/operation.py",
        "return None if self.channel is Channel.QUEUE else self.request.ticket",
        "return self.request.ticket",
    ),
    off(
        "an object id that anybody says is none",
        f"{_PROVEN}::test_an_object_id_that_anybody_says_compares_with_nobody",
        "shared/model/operation.py",
        "vouched = self.request.requested_by_object_id if self.channel is Channel.WEBHOOK else None",
        "vouched = self.request.requested_by_object_id",
    ),
    off(
        "a request is known by its way in, too",
        "tests/contract/adapters/test_storage.py::test_each_channel_has_a_claim_of_its_own_and_version_1_one_without",
        "shared/adapters/storage/claims.py",
        'return CLAIM_ROW if channel is None else f"{CLAIM_ROW}-{channel}"',
        "return CLAIM_ROW",
    ),
    off(
        "what version 1 left unsettled gives way to what is proven",
        f"{_PROVEN}::test_what_version_1_left_unsettled_gives_way_to_the_proven_request_alone",
        "shared/intake/proven.py",
        "is_unproven = stored.value.channel is None and not stored.value.state.settled",
        "is_unproven = stored.value.channel is None and stored.value.state.settled",
    ),
    off(
        "what version 1 claimed and never recorded keeps nobody out",
        f"{_PROVEN}::test_what_version_1_claimed_and_never_recorded_keeps_nobody_out",
        "shared/intake/proven.py",
        "if claim is None or (claim.channel is None and stored is None):",
        "if claim is None:",
    ),
    off(
        "a proven message names the source that was proven",
        f"{_PROVEN}::test_what_is_no_message_of_the_webhook_is_kept_and_nothing_comes_of_it",
        "shared/intake/proven_request.py",
        "if request.source != message.source:",
        'if request.source == "":',
    ),
    off(
        "a ticket decides about a request of its webhook alone",
        f"{_PROVEN}::test_no_ticket_decides_about_what_version_1_took_in_until_its_webhook_proves_it",
        "shared/approval/counting.py",
        "if operation.channel is not Channel.WEBHOOK:",
        "if operation.channel is Channel.QUEUE:",
    ),
    off(
        "a ticket decides about itself alone",
        _USED_UP,
        "shared/approval/counting.py",
        "message.ticket is None or operation.ticket != message.ticket:",
        "operation.ticket is None:",
    ),
    off(
        "a decision is about the content that waits",
        _USED_UP,
        "shared/approval/counting.py",
        "    if not _is_about(operation, approval, message):",
        '    if message.content == "":',
    ),
    off(
        "a decision says when it was made",
        f"{_DECISIONS}::test_a_decision_from_before_the_note_or_from_the_future_counts_for_nothing",
        "shared/approval/counting.py",
        "return None if decided_at > approval.note_seen_at else Void.BEFORE_THE_NOTE",
        "return None",
    ),
    off(
        "nobody decides in the future",
        f"{_DECISIONS}::test_a_decision_from_before_the_note_or_from_the_future_counts_for_nothing",
        "shared/approval/counting.py",
        "if message.decided_at > message.received_at + CLOCKS:",
        "if message.decided_at == message.received_at + CLOCKS:",
    ),
    off(
        "a note has to show before anybody decides in its ticket",
        f"{_DECISIONS}::test_a_note_that_was_taken_and_does_not_show_lets_nobody_decide",
        "shared/tickets/delivery.py",
        "target.shows_notes and not await target.system.has_note(ticket, note):",
        "await target.system.has_note(ticket, note) is None:",
    ),
    off(
        "a note that was seen is about one content",
        f"{_DECISIONS}::test_the_sight_of_an_old_note_opens_nothing_for_what_waits_now",
        "shared/approval/showing.py",
        "and self.requests.event(operation, approval).id == note_id",
        "",
    ),
    off(
        "a decision that does not count is used up",
        _USED_UP,
        "shared/approval/showing.py",
        "spent = (*approval.spent, message.decision_id)[-_MOST_SPENT:]",
        "spent = approval.spent[-_MOST_SPENT:]",
    ),
    RealSabotage(
        "what is decided is not replaced",
        f"{_REPLACEMENT}::test_what_is_decided_is_not_replaced",
        (
            Replacement(
                _REPLACING,
                "if operation.state is not State.AWAITING_APPROVAL or operation.approval is None:",
                "if operation.approval is None:",
            ),
            Replacement(
                _REPLACING,
                "    if operation.approval.decision is not None:\n",
                "    if operation.approval.since is None:\n",
            ),
        ),
    ),
    off(
        "a form that arrived earlier takes nobody's place",
        f"{_REPLACEMENT}::test_what_arrived_earlier_takes_nobodys_place",
        _REPLACING,
        "arrived_at <= operation.arrived_at:",
        "arrived_at == operation.arrived_at:",
    ),
    off(
        "another ticket takes nobody's place",
        f"{_REPLACEMENT}::test_another_ticket_takes_nobodys_place",
        _REPLACING,
        "operation.ticket is None or operation.ticket != request.ticket:",
        "operation.ticket is None:",
    ),
    off(
        "a form is changed ten times at most",
        f"{_REPLACEMENT}::test_ten_changes_are_taken_and_no_more",
        _REPLACING,
        "if len(claim.earlier) >= MOST_REPLACEMENTS",
        "if len(claim.earlier) < 0",
    ),
    off(
        "a form that the ticket had before comes to nothing new",
        f"{_REPLACEMENT}::test_a_form_that_the_ticket_had_before_has_its_recorded_answer",
        "shared/intake/proven.py",
        "if each.body_hash == request.body_hash()), None)",
        'if each.body_hash == ""), None)',
    ),
    off(
        "whoever finds a replaced record carries on from there",
        f"{_REPLACEMENT}::test_a_record_that_was_replaced_is_carried_on_though_its_message_never_comes_again",
        "shared/operations/sending.py",
        "            await self.replacements.carry_on(operation)",
        "            pass",
    ),
    off(
        "a replaced record is listed before it is one",
        f"{_REPLACEMENT}::test_a_record_that_was_replaced_is_carried_on_though_its_message_never_comes_again",
        _REPLACING,
        "        await self.operations.relist(operation.id, operation.generation, now + RESUME_AFTER)\n",
        "",
    ),
    off(
        "a message that comes again carries on what was replaced",
        _CRASHES,
        "shared/intake/proven.py",
        "if stored is not None and stored.value.replaced_by is not None:",
        "if stored is not None and stored.value.replaced_by is stored:",
    ),
    off(
        "who decides by a shared token is a source that says so",
        f"{_SOURCES}::test_what_a_decision_could_not_be_held_to_is_a_fault_at_the_start",
        "shared/intake/sources.py",
        "if isinstance(self.proof, TokenProof) and not self.accept_token_decisions:",
        "if isinstance(self.proof, TokenProof) and self.accept_token_decisions:",
    ),
    off(
        "a source that decides maps its ticket",
        f"{_SOURCES}::test_what_a_decision_could_not_be_held_to_is_a_fault_at_the_start",
        "shared/intake/sources.py",
        'if "ticket" not in self.mapping.fields:',
        'if "ticket" in self.mapping.fields and self.decision is None:',
    ),
    off(
        "a source that decides shows what it decides about",
        f"{_SOURCES}::test_what_a_decision_could_not_be_held_to_is_a_fault_at_the_start",
        "shared/intake/sources.py",
        'if self.updates is None or "awaiting_approval" not in self.updates.events:',
        "if self.decision is None:",
    ),
)
