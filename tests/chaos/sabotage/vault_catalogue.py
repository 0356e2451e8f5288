"""Protections of what people do by hand: versions set above ours, versions disabled, and what others made in an app."""

from tests.chaos.sabotage.replacement import off

_BY_HAND = "tests/component/credentials/test_vault_by_hand.py"
_OTHERS = "tests/component/registration/test_others.py"
_KEPT = "shared/credentials/versions.py"

VAULT_SABOTAGES = (
    off(
        "a change goes on from our version, whatever stands above it",
        f"{_BY_HAND}::test_a_change_goes_on_from_our_version_and_says_what_stands_above_it",
        "shared/credentials/tags.py",
        "tuple(entry for entry in versions if _is_ours(entry))",
        "tuple(versions[-1:] if versions and not _is_ours(versions[-1]) else versions)",
    ),
    off(
        "what stands above ours is named in the answer",
        f"{_BY_HAND}::test_a_change_goes_on_from_our_version_and_says_what_stands_above_it",
        _KEPT,
        "return [*notes, *_newest(field, kept.above)]",
        "return notes",
    ),
    off(
        "what stood above ours is named after a crash, too",
        f"{_BY_HAND}::test_a_rotation_that_died_after_it_promoted_still_says_what_stood_above",
        _KEPT,
        "notes += _replaced(field, kept.below)",
        "notes += []",
    ),
    off(
        "what stands above ours does not hide it from the nightly check",
        f"{_BY_HAND}::test_it_stays_in_the_index_and_comes_back_to_one_that_was_lost",
        "shared/rotation/check.py",
        "ours((entry,)) or ours(await self.vault.versions(names[0], entry.name))",
        "ours((entry,))",
    ),
    off(
        "what stands above ours does not hide it from the report",
        f"{_BY_HAND}::test_it_stays_in_the_report_with_what_to_do",
        "shared/report/managed.py",
        "                if (names := secret_of(entry.name)) is not None:",
        "                if (names := secret_of(entry.name)) is None:",
    ),
    off(
        "what somebody set under the pending name is not disabled",
        f"{_BY_HAND}::test_what_somebody_set_under_the_pending_name_above_ours_is_not_disabled",
        "shared/credentials/pending.py",
        "    for entry in ours(await",
        "    for entry in tuple(await",
    ),
    off(
        "what somebody disabled gets no successor before somebody asks for one",
        f"{_BY_HAND}::test_a_change_leaves_a_disabled_one_disabled_and_says_so",
        "shared/registration/credentials.py",
        "if entry is not None and (is_off or is_live(attempt, entry, holder)):",
        "if entry is not None and is_live(attempt, entry, holder):",
    ),
    off(
        "a disabled value of an application that is gone keeps nobody from a new one",
        f"{_BY_HAND}::test_a_disabled_one_of_an_application_that_is_gone_says_nothing_about_the_new_one",
        "shared/credentials/issuing.py",
        'return not entry.enabled and entry.tags.get("clientId") == holder.client_id',
        "return not entry.enabled and bool(holder.client_id)",
    ),
    off(
        "a replaced credential goes though somebody disabled its value before",
        f"{_BY_HAND}::test_a_replaced_one_that_somebody_disables_early_goes_after_its_overlap_all_the_same",
        "shared/credentials/life.py",
        "if entry.enabled or _was_disabled_before(entry, successor.retire_after):",
        "if entry.enabled:",
    ),
    off(
        "what others made is named though the worker died before it answered",
        f"{_OTHERS}::test_a_fault_at_any_write_of_the_request_that_drops_it_loses_neither_it_nor_the_word",
        "shared/registration/others.py",
        "(attempt.application.found | attempt.operation.left_to_others) - wanted",
        "attempt.application.found - wanted",
    ),
    off(
        "what others made is known by a later read of the same attempt, too",
        f"{_OTHERS}::test_it_is_known_for_theirs_when_the_request_that_names_it_writes_nothing",
        "shared/registration/register.py",
        "    await remember_found(attempt, wanted, seen.state)\n",
        "",
    ),
)
