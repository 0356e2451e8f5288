"""Protections of the audit record's anchors, of what comes over HTTP, and of what is installed."""

from tests.chaos.sabotage.replacement import off

_ANCHORS = "tests/component/audit/test_anchors.py"
_PLANTED = f"{_ANCHORS}::test_what_somebody_plants_before_the_timer_is_told_of_and_the_day_is_anchored_all_the_same"
_OURS = "shared/model/audit_anchor.py"
_DOCTOR = "doctor/audit/judgement/anchors.py"

AUDIT_SABOTAGES = (
    off(
        "the day's anchor is looked at, and not taken for the registrar's",
        _PLANTED,
        "shared/audit/anchoring.py",
        "    if any(why is None for _, why in doubts):\n",
        "    if doubts:\n",
    ),
    off(
        "what somebody planted is in the record",
        _PLANTED,
        "shared/audit/anchoring.py",
        "        await audit.note(anchor_foreign(kept, why, runtime.now()))\n",
        "",
    ),
    off(
        "an anchor of a day to come is told of at once",
        f"{_ANCHORS}::test_an_anchor_of_a_day_to_come_is_told_of_at_once_and_once",
        "shared/audit/anchoring.py",
        '            strange.append((each, "its day is in the future"))\n',
        "",
    ),
    off(
        "an anchor's head is the chain's",
        _PLANTED,
        _OURS,
        "    if anchor.head.hash != (around.hash_at_count if count else NOTHING):\n",
        "    if count < 0:\n",
    ),
    off(
        "the registrar lets no count fall",
        f"{_ANCHORS}::test_a_count_that_falls_is_told_of_though_somebody_made_the_rows_look_young",
        _OURS,
        "    if previous is not None and count < previous.head.count:\n",
        "    if previous is not None and count < 0:\n",
    ),
    off(
        "an anchor names the one before it",
        _PLANTED,
        _OURS,
        "    if not _names_the_one_before(anchor, previous):\n",
        "    if anchor.day is None:\n",
    ),
    off(
        "an anchor leaves out nothing that was there",
        f"{_PLANTED}[an end of hours ago]",
        _OURS,
        "    if around.next_written is not None and kept.created - around.next_written > _TOLERANCE:\n",
        "    if around.next_written is not None and anchor.day is None:\n",
    ),
    off(
        "an anchor was created when it says",
        f"{_PLANTED}[another time]",
        _OURS,
        "    if not kept.was_created_on_its_day or abs(kept.created - anchor.at) > _TOLERANCE:\n",
        "    if not kept.day:\n",
    ),
    off(
        "verification holds an anchor against its blob's creation",
        "tests/unit/doctor/audit/test_anchors.py::test_an_anchor_came_about_on_its_day",
        _DOCTOR,
        "        elif not _was_created_on_its_day(anchor, moved_at):\n",
        "        elif not anchor.day:\n",
    ),
    off(
        "verification allows no anchor of the future",
        "tests/unit/doctor/audit/test_anchors.py::test_a_day_that_has_not_come_has_no_anchor",
        _DOCTOR,
        "    if _beginning(day) > now + _TOLERANCE:\n",
        "    if not _beginning(day):\n",
    ),
    off(
        "verification lets no count fall",
        "tests/unit/doctor/audit/test_anchors.py::test_a_count_never_falls",
        _DOCTOR,
        "(before := sound[-1].content) is not None and content.head.count < before.head.count:",
        "(before := sound[-1].content) is not None and content.head.count < 0:",
    ),
    off(
        "an anchor that was taken away is missed by the next one",
        f"{_ANCHORS}::test_an_anchor_that_was_taken_away_is_missed_by_name",
        _DOCTOR,
        "        if known is not None and content.previous.digest not in known:\n",
        "        if known is None:\n",
    ),
    off(
        "an anchor that the next one passes over is doubted",
        "tests/unit/doctor/audit/test_anchors.py::test_one_of_two_that_contradict_each_other_is_not_the_registrars",
        _DOCTOR,
        "        for skipped in sound[(_index(sound, content) or 0) + 1 :]:\n",
        "        for skipped in sound[:0]:\n",
    ),
    off(
        "an anchor names one of an earlier day",
        "tests/unit/doctor/audit/test_anchors.py::test_an_anchor_names_one_of_an_earlier_day",
        _DOCTOR,
        "    if content.previous is not None and content.previous.day >= str(day):\n",
        "    if content.previous is not None and not content.previous.day:\n",
    ),
    off(
        "a gap is a warning only if the next anchor bridges it",
        f"{_ANCHORS}::test_an_anchor_that_was_taken_away_is_missed_by_name",
        _DOCTOR,
        "            is_bridged = _is_bridged(judged.sound, missing_since - _DAY, day)\n",
        "            is_bridged = True\n",
    ),
    off(
        "a move is accepted on its day only",
        f"{_ANCHORS}::test_a_move_of_the_account_is_accepted_on_its_day_and_on_no_other",
        _DOCTOR,
        "        return anchor.created.date() == anchor.changed.date() == moved_at\n",
        "        return True\n",
    ),
    off(
        "a body larger than the setting allows is not read",
        "tests/devstack/host/test_http_trigger.py::test_a_body_larger_than_the_setting_allows_is_refused_unread",
        "devstack/host/http_front.py",
        "    if int(announced) > limit:\n",
        "    if int(announced) < 0:\n",
    ),
    off(
        "the deployed host reads no large body",
        "tests/unit/project/test_infra.py::test_the_host_reads_no_larger_body_than_the_largest_that_the_app_takes_allows",
        "infra/modules/app.bicep",
        "    FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '131072'\n",
        "    FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '104857600'\n",
    ),
    off(
        "a malformed secret proves nobody",
        "tests/unit/intake/test_secrets.py::test_a_malformed_secret_is_named_and_used_for_nothing",
        "shared/intake/secrets.py",
        '            usable[name] = ""\n',
        "",
    ),
    off(
        "a short or simple secret is malformed",
        "tests/unit/intake/test_secrets.py::test_a_malformed_secret_is_named_and_used_for_nothing",
        "shared/intake/secrets.py",
        "    if len(value) < _SHORTEST:\n",
        "    if not value:\n",
    ),
    off(
        "the health check names malformed secrets",
        "tests/unit/intake/test_secrets.py::test_a_start_names_what_is_wrong_in_the_log_and_in_the_health_check",
        "functions/health.py",
        "    if secrets.malformed:\n",
        "    if not secrets.usable and secrets.malformed:\n",
    ),
    off(
        "the set-up installs only files whose hashes are known",
        "tests/devstack/test_setup.py::test_only_files_whose_hashes_are_known_are_installed",
        "scripts/setup.sh",
        "--disable-pip-version-check --require-hashes ",
        "--disable-pip-version-check ",
    ),
    off(
        "a requirement without a hash is found",
        "tests/devstack/test_setup.py::test_what_leaves_a_choice_is_not_pinned",
        "scripts/pin.py",
        "and HASH.search(line) and",
        "and",
    ),
)
