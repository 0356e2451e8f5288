"""What a rotation leaves behind: the old credential goes in its time, and no unproven value is forgotten."""

from dataclasses import replace
from datetime import timedelta

from doctor.evidence import Evidence, SecretVersion, Seen, VaultSecret
from tests.unit.doctor.scene import APP, AT_REST, NOW, PASSWORD, RECORD, SECRET, SOUND, TAGS, VERSION, found, texts

DAY = timedelta(days=1)
ROTATION = "b" * 32
NEW = replace(PASSWORD, key_id="key-2", display_name=f"reg:{ROTATION} for the client")
ROTATED = replace(RECORD, id=ROTATION, request_id="ROT1", display_name=None, sequence=0)


def promoted(retire_after: str) -> SecretVersion:
    """The version that replaced the scene's, whose end is then."""
    tags = TAGS | {"keyId": "key-2", "operationId": ROTATION, "previousKeyId": "key-1", "retireAfter": retire_after}
    return replace(VERSION, version="v2", tags=tags)


def rotated(retire_after: str, *passwords: str) -> Evidence:
    """The scene after a rotation, with these credentials left in the directory."""
    both = {"key-1": PASSWORD, "key-2": NEW}
    return replace(
        SOUND,
        applications=Seen((replace(APP, passwords=tuple(both[key] for key in passwords)),)),
        secrets=Seen((replace(SECRET, versions=(VERSION, promoted(retire_after))),)),
        records=Seen((RECORD, ROTATED)),
    )


def ago(time: timedelta) -> str:
    return (NOW - time).isoformat()


def test_both_live_on_in_the_overlap_and_a_day_beyond_it() -> None:
    for end in (ago(-DAY), ago(timedelta(0)), ago(DAY - timedelta(minutes=1))):
        assert found(rotated(end, "key-1", "key-2")) == []


def test_a_replaced_credential_that_outlives_its_overlap_is_found() -> None:
    late = rotated(ago(DAY), "key-1", "key-2")
    assert "retired: app--client-secret: the replaced credential key-1 is still there" in texts(late)
    assert found(rotated(ago(DAY), "key-2")) == []


def test_an_end_that_nobody_can_read_is_no_end() -> None:
    for text in ("", "soon", "2026-01-01T00:00:00"):
        assert found(rotated(text, "key-1", "key-2")) == []


def pending(*versions: SecretVersion) -> VaultSecret:
    return VaultSecret(SECRET.vault, "app--client-secret--pending", versions)


def with_pending(version: SecretVersion) -> Evidence:
    tags = {**version.tags, "credential": "client-secret"}
    return replace(SOUND, secrets=Seen((SECRET, pending(replace(version, tags=tags)))))


def test_an_unproven_value_that_nobody_carries_on_is_found() -> None:
    waiting = replace(VERSION, signs_in=False)
    assert "its value is not proven by a sign-in" in texts(with_pending(waiting))
    assert "its value is not proven by a sign-in" in texts(with_pending(waiting), AT_REST)
    assert found(with_pending(replace(waiting, created=NOW - timedelta(minutes=2)))) == []


def test_what_lies_disabled_under_the_pending_name_is_as_it_should_be() -> None:
    assert found(with_pending(replace(VERSION, enabled=False, expires=NOW - DAY))) == []


def test_a_rotation_is_no_change_that_could_be_overtaken() -> None:
    newer = replace(SOUND, records=Seen((RECORD, replace(ROTATED, sequence=9))))
    assert found(newer) == []
