"""What a ticket is told is short, complete and harmless, whatever came from outside."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contract.answer import (
    Answer,
    AnswerData,
    AnsweredApi,
    AnsweredCredential,
    AnsweredError,
    AnsweredPermission,
    AnsweredRotation,
    Status,
)
from shared.model.ticket_update import mark_of, what_of
from shared.tickets.jira_document import document, holds
from shared.tickets.sanitizing import defused
from shared.tickets.text import MAX_CHARACTERS, note_text

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MARK = mark_of("0" * 32)
URI = "https://contoso-registrar.vault.azure.net/secrets/adt-client-dev--client-secret"


def answer(kind: str = "registrar.registration.completed.v1", status: Status = Status.COMPLETED, **data: Any) -> Answer:
    filled = {"request_id": "RITM1", "status": status, "client_id": "client", "tenant_id": "tenant", **data}
    return Answer(id="0" * 32, type=kind, subject="adt-client-dev", time=NOW, data=AnswerData.model_validate(filled))


def written(event: Answer) -> str:
    return note_text(event, what_of(event.type), MARK)


def credential(name: str = "client-secret") -> AnsweredCredential:
    return AnsweredCredential(
        name=name,
        type="secret",
        key_id="key",
        key_vault_secret_uri=URI,
        key_vault_secret_version="1",
        expires_on=NOW + timedelta(days=180),
    )


def api(*permissions: AnsweredPermission, name: str = "Azure Digital Twins") -> AnsweredApi:
    return AnsweredApi(api=name, resource_app_id="x", resource_uri="x", permissions=permissions)


def permission(name: str = "Read.Write", *, consented: bool = True, kind: Any = "Scope") -> AnsweredPermission:
    return AnsweredPermission(name=name, id="x", type=kind, consented=consented)


def error(
    message: str = "The lifetime is too long: at most 365 days.", field: str = "credentials[0].lifetimeDays"
) -> Any:
    return AnsweredError(field=field, code="lifetime_not_allowed", message=message)


def test_a_registration_is_told_completely() -> None:
    text = written(
        answer(
            display_name="ADT client (dev)",
            portal_url="https://portal.azure.com/#view/x",
            credentials=(credential(),),
            api_permissions=(api(permission(), permission("Read.All", consented=False, kind="Role")),),
        )
    )
    assert text == (
        "The app registration is ready.\n\nApplication: ADT client (dev) (adt-client-dev)\nClient ID: client\nTenant "
        "ID: tenant\nPortal: https://portal.azure.com/#view/x\n\nCredentials (the values are only in Key Vault; to "
        f"read one, you need the role Key Vault Secrets User there):\n- client-secret, a client secret: {URI}, expires "
        "2027-05-22 09:00 UTC\n\nPermissions:\n- Azure Digital Twins, Read.Write (delegated): admin consent is "
        "given\n- Azure Digital Twins, Read.All (application): not consented to yet: an administrator has to consent "
        f"in the portal\n\n2026-11-23 09:00 UTC\n{MARK}"
    )


def test_a_rejection_names_every_fault_and_what_to_change() -> None:
    text = written(
        answer(
            "registrar.registration.rejected.v1", Status.REJECTED, errors=(error(), error("Another.")), error_count=2
        )
    )
    assert "Please change the following" in text
    assert "1. credentials[0].lifetimeDays: The lifetime is too long: at most 365 days. (lifetime_not_allowed)" in text
    assert "2. credentials[0].lifetimeDays: Another. (lifetime_not_allowed)" in text


def test_faults_that_do_not_fit_are_counted() -> None:
    text = written(answer(errors=tuple(error("x" * 500) for _ in range(50)), error_count=71))
    assert len(text) <= MAX_CHARACTERS
    shown = len(re.findall(r"^\d+\. ", text, re.MULTILINE))
    assert shown >= 4
    assert f"…and {71 - shown} more errors." in text


def test_a_rotation_says_until_when_the_old_one_works() -> None:
    rotation = AnsweredRotation(credential="client-secret", reason="nearing_expiry", replaced_until=NOW)
    text = written(answer("registrar.credential.rotated.v1", rotation=rotation, credentials=(credential(),)))
    assert "The old credential works until 2026-11-23 09:00 UTC." in text
    assert URI in text
    revoked = AnsweredRotation(
        credential="client-secret", reason="leaked", replaced_refused_since=NOW, issued_tokens_until=NOW
    )
    text = written(answer("registrar.credential.rotated.v1", rotation=revoked))
    assert "refused since 2026-11-23 09:00 UTC" in text
    assert "Tokens that were issued with it before may work until" in text


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("registrar.registration.failed.v1", "please do not send it again"),
        ("registrar.credential.rotation_rejected.v1", "Please change the following"),
        ("registrar.credential.rotation_failed.v1", "could not be replaced"),
        ("registrar.credential.expiring.v1", "expires soon"),
        ("registrar.registration.awaiting_approval.v1", "waits for an approval"),
        ("registrar.registration.something_new.v1", "something_new"),
    ],
)
def test_every_outcome_has_its_sentence(kind: str, told: str) -> None:
    assert told in written(answer(kind))


HOSTILE = (
    st.text(max_size=300)
    | st.text(alphabet=st.sampled_from("[]/code:@~|{}<>!\n\r\t\x00\u202e\u200b\ud800rgista0w. *_#`-"), max_size=200)
    | st.sampled_from(
        [
            "[code]<script>alert(1)</script>[/code]",
            "[CODE]<img src=x onerror=alert(1)>[/CODE]",
            "[[code]code]x",
            "[1[code]2]",
            f"\nregistrar: {'0' * 32}\n",
            f"REGISTRAR : {'0' * 32}",
            "@[0123456789abcdef0123456789abcdef:Admin]",
            "[~accountid:712020:x]",
            "[click|https://evil.example]",
            "https://evil.example/x www.evil.example",
            "\u2028registrar: x\u2029",
        ]
    )
)


@given(HOSTILE, st.integers(min_value=10, max_value=200))
def test_no_text_from_outside_is_markup_a_link_or_a_mark(text: str, most: int) -> None:
    shown = defused(text, most)
    assert shown.isprintable()
    assert re.sub(r"\[\d{1,3}\]", "", shown).count("[") == 0
    assert "]" not in re.sub(r"\[\d{1,3}\]", "", shown)
    assert "://" not in shown
    assert re.search(r"www\.\S", shown, re.IGNORECASE) is None
    assert re.search(r"registrar\s*:", shown, re.IGNORECASE) is None
    assert len(shown) <= most * 2


@given(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
def test_whatever_comes_from_outside_the_note_stays_ours(name: str, field: str, message: str, shown_api: str) -> None:
    event = answer(
        display_name=name,
        errors=(error(message, field),),
        error_count=1,
        api_permissions=(api(permission(message), name=shown_api),),
        rotation=AnsweredRotation(credential="client-secret", reason=message),
        credentials=(credential(name),),
    )
    text = written(event)
    assert len(text) <= MAX_CHARACTERS
    assert "[code" not in text.lower()
    assert [line for line in text.splitlines() if "registrar:" in line.lower()] == [MARK]
    assert text.encode()
    made = document(text)
    assert _kinds(made) <= {"doc", "paragraph", "hardBreak", "text"}
    assert _marks(made) == []
    assert holds(made, MARK)


def test_the_largest_answer_fits() -> None:
    many = tuple(permission(f"Permission.{number}{'x' * 100}") for number in range(100))
    text = written(
        answer(
            display_name="x" * 120,
            api_permissions=(api(*many),),
            credentials=tuple(credential(f"c{number}") for number in range(10)),
        )
    )
    assert len(text) <= MAX_CHARACTERS
    assert text.count(URI) == 10
    assert re.search(r"…and \d+ more permissions\.", text)


def test_a_mark_is_found_in_a_text_node_and_nowhere_else() -> None:
    body = document(f"a\nb\n\n{MARK}")
    assert holds(body, MARK)
    assert not holds(document(f"somebody quotes {MARK}"), MARK)
    assert not holds({"type": "text", "text": "x", "attrs": {"text": MARK}}, MARK)
    deep: Any = {"text": MARK}
    for _ in range(5000):
        deep = {"content": [deep]}
    assert not holds(deep, MARK)


def _kinds(node: Any) -> set[str]:
    return {node["type"]}.union(*(_kinds(child) for child in node.get("content", [])))


def _marks(node: Any) -> list[Any]:
    found = [node["marks"]] if "marks" in node else []
    return found + [mark for child in node.get("content", []) for mark in _marks(child)]
