"""Protections around what forms and queues really send, and what their senders are told of it."""

from tests.chaos.sabotage.replacement import off

_FORM = "tests/component/intake/test_faults_of_form.py"

FORM_SABOTAGES = (
    off(
        "a fault of form reaches the ticket",
        f"{_FORM}::test_a_fault_of_form_is_told_in_the_ticket_and_to_the_flow",
        "shared/intake/webhook.py",
        "            await self._faults.notify(Fault(source, payload, body, rejected.problems))\n",
        "",
    ),
    off(
        "the same bytes are one note",
        f"{_FORM}::test_the_same_bytes_are_one_note_and_others_are_another",
        "shared/intake/faults.py",
        'id=answer_id(self.source.name, self.ticket or "", sha256(self.body).hexdigest(), kind),',
        'id=answer_id(self.source.name, self.ticket or "", sha256(self.body).hexdigest(), kind, str(now)),',
    ),
    off(
        "a malformed form does not close the ticket of a request that is on its way",
        f"{_FORM}::test_a_later_form_that_is_malformed_does_not_close_the_ticket_of_a_request",
        "shared/intake/webhook.py",
        "        await self._asking.note_request(source.name, request.ticket)\n",
        "",
    ),
    off(
        "a malformed form does not close the ticket of a request from before tickets were kept",
        f"{_FORM}::test_a_request_from_before_tickets_were_kept_is_found_by_its_id",
        "shared/intake/faulty.py",
        "        return bool(await bound_to(self.operations, update.source, request_id))",
        "        return False",
    ),
    off(
        "a malformed decision never sets a state",
        f"{_FORM}::test_a_malformed_decision_is_told_and_never_sets_a_state",
        "shared/intake/faults.py",
        "kind = DECISION_MALFORMED_TYPE if self.is_of_decision else MALFORMED_TYPE",
        "kind = MALFORMED_TYPE",
    ),
    off(
        "a ticket that is named twice is no ticket",
        f"{_FORM}::test_a_payload_that_names_no_ticket_without_doubt_writes_into_none",
        "shared/intake/faults.py",
        "        return not doubled.isdisjoint(_WORD.findall(expression))",
        "        return doubled == set(expression)",
    ),
    off(
        "a byte order mark is passed over, in base64 too",
        "tests/component/intake/test_queue_messages.py::test_a_request_is_served_whatever_its_sender_put_around_it",
        "shared/contract/recognising.py",
        "    return body.removeprefix(_BOM)",
        "    return body",
    ),
    off(
        "base64 may have line breaks",
        "tests/component/intake/test_queue_messages.py::test_a_request_is_served_whatever_its_sender_put_around_it",
        "shared/contract/recognising.py",
        '    joined = b"".join(body.split())\n',
        "    joined = body.strip()\n",
    ),
    off(
        "an answer to what cannot be read names the request in it",
        "tests/component/intake/test_queue_messages.py::"
        "test_what_is_no_request_is_refused_by_its_name_and_answered_under_the_id_it_holds",
        "shared/intake/queue.py",
        "await reject(self.queues, self.answers, legible(arrival.body, fields), rejected.problems, arrival)",
        "await reject(self.queues, self.answers, fields if legible else {}, rejected.problems, arrival)",
    ),
    off(
        "what is compressed is unpacked to a bound",
        "tests/unit/contract/test_strict_json.py::test_a_bomb_and_a_wall_of_text_are_looked_through_quickly",
        "shared/contract/recognising.py",
        "decompress(body, _READ_AT_MOST)",
        "decompress(body)",
    ),
    off(
        "what is no address is refused with a sentence",
        "tests/unit/contract/test_request.py::test_what_is_no_address_is_refused_with_a_sentence",
        "shared/contract/request.py",
        "    why = why_no_address(text)\n",
        "    why = None\n",
    ),
    off(
        "a rule about addresses that came later is for new requests",
        "tests/component/intake/test_queue_messages.py::"
        "test_a_recorded_request_of_an_address_that_is_nobodys_is_answered_again_and_a_new_one_is_refused",
        "shared/intake/queue.py",
        "return nobodys_address(request) or await self.daily_limit.count(",
        "return await self.daily_limit.count(",
    ),
    off(
        "a redirect URI that waits for the client id is filled in",
        "tests/component/registration/test_placeholders.py::test_a_new_application_gets_the_uri_with_its_id",
        "shared/registration/placeholders.py",
        "    if filled != wanted:\n",
        "    if filled is wanted:\n",
    ),
    off(
        "no placeholder reaches the directory",
        "tests/component/registration/test_placeholders.py::test_a_new_application_gets_the_uri_with_its_id",
        "shared/registration/application.py",
        "return frozenset(uri for uri in uris if CLIENT_ID_PLACEHOLDER not in uri)",
        "return frozenset(uri for uri in uris if CLIENT_ID_PLACEHOLDER)",
    ),
    off(
        "a scheme with the client id is the app's own",
        "tests/unit/policy/test_redirect_uris.py::test_schemes_of_brokers_and_placeholders",
        "shared/policy/redirect_uris.py",
        "return client_id is not None and scheme == rule.replace(placeholder, client_id.casefold())",
        'return scheme.startswith(rule.replace(placeholder, ""))',
    ),
    off(
        "a broker's domain is one of policy's hosts",
        "tests/unit/policy/test_redirect_uris.py::test_schemes_of_brokers_and_placeholders",
        "shared/policy/redirect_uris.py",
        "    return _https_refusal(parts.netloc, host_of(parts.netloc), rules)\n",
        "    return None\n",
    ),
    off(
        "a privileged app gets no filled-in redirect URI without approval",
        "tests/component/registration/test_placeholders.py::test_a_privileged_application_gets_it_with_approval_only",
        "shared/registration/register.py",
        "wanted_state(asked.application, permissions), certificates)",
        "wanted_state(request.application, permissions), certificates)",
    ),
    off(
        "the doctor knows what a placeholder became",
        "tests/unit/doctor/test_narrowing.py::test_a_redirect_uri_that_was_asked_for_with_a_placeholder",
        "doctor/invariants/narrowing.py",
        "    return {with_client_id(uri, app.client_id) for uri in asked}\n",
        "    return set(asked)\n",
    ),
    off(
        "a broken flow fills neither a ticket nor the table",
        f"{_FORM}::test_a_ticket_and_a_source_have_so_many_notes_a_day",
        "shared/intake/faulty.py",
        "return of_ticket < MOST_OF_A_TICKET and len(marks) < MOST_OF_A_SOURCE",
        "return of_ticket >= 0",
    ),
)
