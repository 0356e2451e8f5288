"""The request contract: what is a request, what is the same request, and how faults are told."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.contract.request import RotationRequest, nobodys_address, parse_request
from shared.contract.schema import rendered, schemas
from shared.core.errors import RejectedError
from tests.checkout import files

EXAMPLE: dict[str, Any] = json.loads((Path(__file__).parents[3] / "examples" / "azure-digital-twins.json").read_text())


ROTATION: dict[str, Any] = json.loads((Path(__file__).parents[3] / "examples" / "rotate.json").read_text())


def faults(request: dict[str, Any]) -> set[tuple[str, str]]:
    with pytest.raises(RejectedError) as rejected:
        parse_request(request)
    return {(problem.field, problem.code) for problem in rejected.value.problems}


def with_application(**changes: Any) -> dict[str, Any]:
    return EXAMPLE | {"application": EXAMPLE["application"] | changes}


def with_credential(**changes: Any) -> dict[str, Any]:
    return EXAMPLE | {"credentials": [EXAMPLE["credentials"][0] | changes]}


def test_spelled_out_defaults_make_the_same_request() -> None:
    shorter = json.loads(json.dumps(EXAMPLE))
    del shorter["application"]["apiPermissions"][0]["application"]
    del shorter["application"]["publicClient"]["allowPublicClientFlows"]
    assert parse_request(shorter).body_hash() == parse_request(EXAMPLE | {"source": "queue"}).body_hash()


def test_any_change_makes_another_request() -> None:
    assert parse_request(with_application(adminConsent=False)).body_hash() != parse_request(EXAMPLE).body_hash()


def test_absent_consent_and_none_have_one_hash_and_two_contents() -> None:
    """Version 1 took absence for false, and kept the hash of that with the claim."""
    no = parse_request(with_application(adminConsent=False))
    application = {name: value for name, value in EXAMPLE["application"].items() if name != "adminConsent"}
    for nothing in (application, application | {"adminConsent": None}):
        silent = parse_request(EXAMPLE | {"application": nothing})
        assert silent.body_hash() == no.body_hash() == no.content_hash()
        assert silent.content_hash() != no.content_hash()
        assert parse_request(silent.model_dump(mode="json")) == silent != no
    assert no.body_hash() == "c2323371888d9362d14ffcfd429ea6955457f3eecec47a41377db53886edd44f"


def test_all_faults_are_told_at_once() -> None:
    request = with_application(uniqueName="Not Allowed", signInAudience="Everybody") | {"extra": 1, "requestId": "-x"}
    assert faults(request) == {
        ("application.uniqueName", "invalid_format"),
        ("application.signInAudience", "unsupported_value"),
        ("extra", "unknown_field"),
        ("requestId", "invalid_format"),
    }


def test_the_hash_of_a_request_stays_what_it_was_when_fields_are_added() -> None:
    """It is kept with every claim: another one would turn a repeated message into a reused request id."""
    assert parse_request(EXAMPLE).body_hash() == "cd97348c0f78a92b2cbe421124e74d2f62c45356aa0cdba22ac2a4a74a206cea"


def test_a_rotation_names_an_app_a_credential_and_a_reason() -> None:
    request = parse_request(ROTATION | {"revokePrevious": {"within": "PT10M"}})
    assert isinstance(request, RotationRequest)
    assert request.revoke_previous is not None
    assert request.revoke_previous.within == timedelta(minutes=10)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"credential": "pending"}, ("credential", "reserved_name")),
        ({"reason": ""}, ("reason", "invalid_value")),
        ({"source": "registrar"}, ("source", "reserved_name")),
        ({"credentials": []}, ("credentials", "unknown_field")),
        ({"revokePrevious": {"within": 600}}, ("revokePrevious.within", "invalid_duration")),
        ({"revokePrevious": {"within": "600"}}, ("revokePrevious.within", "invalid_duration")),
        ({"revokePrevious": {"within": "P8D"}}, ("revokePrevious.within", "invalid_value")),
        ({"revokePrevious": {}}, ("revokePrevious.within", "missing_field")),
        ({"action": "revoke"}, ("action", "unsupported_value")),
    ],
)
def test_what_is_wrong_with_a_rotation_is_told(changes: dict[str, Any], fault: tuple[str, str]) -> None:
    assert fault in faults(ROTATION | changes)


@pytest.mark.parametrize("request_id", ["", "-a", ".a", "a" * 65, "a b", "a/b", "a\n", "Ａ", 7, None])
def test_request_ids_are_plain(request_id: object) -> None:
    assert {field for field, _ in faults(EXAMPLE | {"requestId": request_id})} == {"requestId"}


@pytest.mark.parametrize("name", ["", "A", "a--b", "-a", "a-", "a_b", "a" * 65, "ä", "аdt", "a\n"])
def test_unique_names_are_lower_case_words_with_single_hyphens(name: str) -> None:
    assert {field for field, _ in faults(with_application(uniqueName=name))} == {"application.uniqueName"}


@pytest.mark.parametrize("name", ["", " a", "a ", "a\x00b", "a\u202eb", "a\nb", "x" * 121])
def test_display_names_are_printable(name: str) -> None:
    assert {field for field, _ in faults(with_application(displayName=name))} == {"application.displayName"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": "pending"}, "reserved_name"),
        ({"name": "a" * 41}, "invalid_value"),
        ({"type": "password"}, "unsupported_value"),
        ({"description": "reg:0123 forged"}, "reserved_prefix"),
        ({"description": "REG:0123 forged"}, "reserved_prefix"),
        ({"lifetimeDays": "180"}, "invalid_value"),
        ({"lifetimeDays": 0}, "invalid_value"),
        ({"lifetimeDays": True}, "invalid_value"),
        ({"lifetimeDays": 1.5}, "invalid_value"),
    ],
)
def test_credentials_are_held_to_the_contract(change: dict[str, Any], code: str) -> None:
    assert {fault_code for _, fault_code in faults(with_credential(**change))} == {code}


def test_credentials_have_different_names() -> None:
    twice = EXAMPLE | {"credentials": EXAMPLE["credentials"] * 2}
    assert faults(twice) == {("credentials", "duplicate_name")}


def test_more_permissions_than_an_answer_can_name_are_refused() -> None:
    apis = [{"api": f"API {n}", "delegated": [f"Scope.{m}" for m in range(40)]} for n in range(3)]
    assert faults(with_application(apiPermissions=apis)) == {("application.apiPermissions", "too_many_permissions")}


def test_values_from_outside_are_cut_and_made_printable() -> None:
    with pytest.raises(RejectedError) as rejected:
        parse_request(EXAMPLE | {"requestId": "x\x1b[31m" + "y" * 500})
    (problem,) = rejected.value.problems
    assert "\x1b" not in problem.message
    assert len(problem.message) < 300


def test_the_published_schemas_are_current() -> None:
    published = {file.name: file.read_text(encoding="utf-8") for file in files("schemas/*.v1.json")}
    assert published == {name: rendered(schema) for name, schema in schemas().items()}, (
        "run: python -m shared.contract.schema"
    )


@pytest.mark.parametrize(
    "address",
    [
        "ada@contoso.com",
        "Ada.O'Brien-Smith_2@contoso.onmicrosoft.com",
        "a!b#c^d~e@contoso.com",
        "ada_fabrikam.com#EXT#@contoso.onmicrosoft.com",
        "ada+tickets@contoso.com",
        "100%ada@mail.contoso.com",
    ],
)
def test_a_person_is_named_by_what_entra_takes_for_a_user_name_or_by_mail(address: str) -> None:
    """Seen: `!`, `^` and `~`, which a userPrincipalName may hold, were refused."""
    request = parse_request(EXAMPLE | {"requestedBy": address, "owner": address})
    assert request.requested_by == address
    assert nobodys_address(request) is None


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("jürgen@contoso.com", "the letter ü"),
        ("ada@contöso.com", "the letter ö"),
        ("ada\u200b@contoso.com", "the letter \\u200b"),
        ("ada(x)@contoso.com", "it has (;"),
        ("ada x@contoso.com", "a space"),
        ("ada", "not an address"),
        ("@contoso.com", "not an address"),
        ("ada@b@contoso.com", "not an address"),
        ("", "not an address"),
        ("ada@", "not a domain"),
        ("ada@contoso.com\n", "not a domain"),
        ("ada@con_toso", "not a domain"),
    ],
)
def test_what_is_no_address_is_refused_with_a_sentence(address: str, why: str) -> None:
    for field in ("requestedBy", "owner"):
        with pytest.raises(RejectedError) as rejected:
            parse_request(EXAMPLE | {field: address})
        (problem,) = rejected.value.problems
        assert (problem.field, problem.code) == (field, "invalid_format")
        assert why in problem.message
        assert problem.message.isprintable()
        assert "pattern" not in problem.message


@pytest.mark.parametrize("address", ["ada.@contoso.com", ".ada@contoso.com", "ada@.contoso.com", "ada@contoso..com"])
def test_an_address_that_is_nobodys_is_read_for_ever_and_no_new_request_names_it(address: str) -> None:
    for field in ("requestedBy", "owner"):
        problem = nobodys_address(parse_request(EXAMPLE | {field: address}))
        assert problem is not None
        assert (problem.field, problem.code) == (field, "invalid_format")
