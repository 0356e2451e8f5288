"""Due or not, and why: pure, from what the vault and the directory show."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.credentials.life import (
    Reason,
    Retirement,
    lead,
    next_due,
    overlap,
    retirements,
    rotate_at,
    warning_due,
    why_by_age,
    why_by_directory,
)
from shared.credentials.tags import TAG_NAMES, SecretTags, read_tags
from shared.model.directory import PasswordCredential, SeenCredentials
from shared.model.vault import VaultEntry
from shared.policy.policy_file import CredentialRules

ISSUED = datetime(2026, 1, 1, tzinfo=UTC)
EXPIRES = ISSUED + timedelta(days=180)
RULES = CredentialRules()
LAG = timedelta(minutes=5)
TAGS = SecretTags(
    unique_name="app",
    client_id="client",
    credential="client-secret",
    type="secret",
    key_id="key-1",
    operation_id="a" * 32,
    request_id="R1",
    owner="ada@contoso.example",
    lifetime_days=180,
    rotate_before_days=30,
    overlap_days=7,
)


def entry(tags: SecretTags = TAGS, version: str = "v1", *, enabled: bool = True) -> VaultEntry:
    uri = "https://contoso.vault.azure.net/secrets/app--client-secret"
    return VaultEntry(uri, version, enabled, ISSUED, EXPIRES, None, tags.to_tags())


def seen(*passwords: PasswordCredential, client_id: str = "client") -> SeenCredentials:
    return SeenCredentials(client_id, passwords)


PASSWORD = PasswordCredential("key-1", None, EXPIRES)
SUCCESSOR = replace(TAGS, key_id="key-2", previous_key_id="key-1", retire_after=ISSUED + timedelta(days=157))


def test_the_tags_are_read_as_they_were_written() -> None:
    assert tuple(TAGS.to_tags()) == TAG_NAMES
    for tags in (TAGS, SUCCESSOR):
        assert read_tags(entry(tags)) == tags


@pytest.mark.parametrize(
    "spoilt",
    [
        {"managedBy": "somebody"},
        {"schema": "2"},
        {"lifetimeDays": "many"},
        {"rotateBeforeDays": "0"},
        {"retireAfter": "soon"},
        {"retireAfter": "2026-01-01T00:00:00"},
        {"keyId": ""},
    ],
)
def test_tags_that_somebody_spoilt_are_not_ours(spoilt: dict[str, str]) -> None:
    broken = replace(entry(), tags=entry().tags | spoilt)
    assert read_tags(broken) is None
    assert why_by_age(broken, EXPIRES + timedelta(days=1), RULES) is None
    assert next_due([broken]) is None


def test_it_is_due_a_month_before_its_end_or_a_little_earlier() -> None:
    due = rotate_at(entry(), TAGS)
    assert due is not None
    assert timedelta(days=30) <= EXPIRES - due <= timedelta(days=33)
    assert why_by_age(entry(), due - timedelta(seconds=1), RULES) is None
    assert why_by_age(entry(), due, RULES) is Reason.NEARING_EXPIRY
    assert why_by_age(entry(), EXPIRES, RULES) is Reason.EXPIRED


def test_what_was_issued_together_is_not_due_together() -> None:
    moments = {rotate_at(entry(each), each) for each in (replace(TAGS, key_id=f"key-{n}") for n in range(50))}
    assert len(moments) == 50


def test_policy_that_was_narrowed_makes_old_ones_due() -> None:
    narrow = CredentialRules(max_lifetime_days=60)
    assert why_by_age(entry(), ISSUED + timedelta(days=59), narrow) is None
    assert why_by_age(entry(), ISSUED + timedelta(days=60), narrow) is Reason.PAST_MAXIMUM_AGE


def test_what_somebody_disabled_is_never_due() -> None:
    disabled = entry(enabled=False)
    assert why_by_age(disabled, EXPIRES, RULES) is None
    assert why_by_directory(disabled, seen(), EXPIRES, LAG) is None


def test_the_directory_is_believed_only_when_its_read_is_young_enough() -> None:
    later = ISSUED + LAG
    assert why_by_directory(entry(), seen(), later - timedelta(seconds=1), LAG) is None
    assert why_by_directory(entry(), seen(), later, LAG) is Reason.UNKNOWN_TO_DIRECTORY
    assert why_by_directory(entry(), seen(PASSWORD), later, LAG) is None
    other_end = replace(PASSWORD, end=EXPIRES - timedelta(days=1))
    assert why_by_directory(entry(), seen(other_end), later, LAG) is Reason.VAULT_AND_DIRECTORY_DISAGREE
    assert why_by_directory(entry(), seen(PASSWORD, client_id="x"), later, LAG) is Reason.VAULT_AND_DIRECTORY_DISAGREE


@pytest.mark.parametrize(
    ("left", "last", "due"),
    [(22, None, None), (21, None, 21), (20, 21, None), (14, 21, 14), (2, 21, 3), (0, 1, 0), (-5, 1, 0), (-9, 0, None)],
)
def test_people_are_warned_ever_more_often(left: int, last: int | None, due: int | None) -> None:
    assert warning_due(EXPIRES, EXPIRES - timedelta(days=left), last) == due


def test_a_replaced_version_goes_when_its_successor_says_so() -> None:
    old, new = entry(), entry(SUCCESSOR, "v2")
    assert SUCCESSOR.retire_after is not None
    assert retirements([old, new]) == (Retirement("key-1", "v1", SUCCESSOR.retire_after, "secret"),)
    assert retirements([replace(old, enabled=False), new]) == ()
    assert next_due([old, new]) == min(SUCCESSOR.retire_after, rotate_at(new, SUCCESSOR) or EXPIRES)


def test_two_overlaps_at_once_end_each_in_its_time() -> None:
    third = replace(TAGS, key_id="key-3", previous_key_id="key-2", retire_after=ISSUED + timedelta(days=160))
    found = retirements([entry(), entry(SUCCESSOR, "v2"), entry(third, "v3")])
    assert [(each.key_id, each.version) for each in found] == [("key-1", "v1"), ("key-2", "v2")]


def test_the_newest_version_never_goes_and_neither_does_what_nobody_replaced() -> None:
    unrelated = replace(TAGS, key_id="key-9")
    assert retirements([entry(unrelated), entry(SUCCESSOR, "v2")]) == ()
    assert retirements([entry(SUCCESSOR, "v2")]) == ()


@given(days=st.integers(1, 3650), before=st.integers(1, 3650), overlapping=st.integers(1, 3650))
def test_whatever_the_days_a_new_one_is_not_due_and_an_old_one_outlives_its_overlap(
    days: int, before: int, overlapping: int
) -> None:
    tags = replace(TAGS, lifetime_days=days, rotate_before_days=before, overlap_days=overlapping)
    made = replace(entry(tags), expires=ISSUED + timedelta(days=days))
    due = rotate_at(made, tags)
    assert due is not None
    assert made.expires is not None
    assert due - ISSUED >= timedelta(days=days) * 0.4
    assert due + overlap(tags) <= made.expires
    assert timedelta(0) < overlap(tags) <= lead(tags)
