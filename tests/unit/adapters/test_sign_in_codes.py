"""What a refused sign-in says about its credential, code by code; and that nothing else counts as proof."""

import json
from itertools import product
from types import SimpleNamespace
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError

from shared.adapters.entra.sign_in import judge
from shared.adapters.entra.sign_in_codes import (
    ACCEPTED,
    DISABLED,
    NOT_ACCEPTED,
    PASSING,
    THROTTLED,
    Meaning,
    meaning_of,
)
from shared.core.errors import (
    DeferredError,
    DisabledError,
    NotYetVisibleError,
    SignInUnclearError,
    ThrottledError,
    UnavailableError,
)

ASKED_ABOUT = (50196, 50013, 50027, 700030, 1002012, 50059, 500014, 90033)
"""Codes of reports that were taken for a proof once."""
SAY_NOTHING = (50013, 50027, 700030, 1002012, 50059, 500014, 500011, 530036, 7000216, 700024, 90002, 900144, 1)


def answer(status: int, text: str) -> Any:
    """An answer of the token endpoint, as azure-core hands it on."""
    return SimpleNamespace(status_code=status, reason="", headers={"Retry-After": "7"}, text=lambda: text)


def refusal(codes: Any, status: int = 400) -> ClientAuthenticationError:
    body = json.dumps({"error": "invalid_grant", "error_codes": codes})
    return ClientAuthenticationError("refused", response=answer(status, body))


def judged(codes: Any, status: int = 400) -> type[DeferredError] | None:
    """What the adapter makes of a refusal; None is a proof."""
    try:
        judge("client", "secret", refusal(codes, status))
    except DeferredError as error:
        return type(error)
    return None


@pytest.mark.parametrize("code", sorted(ACCEPTED))
def test_a_refusal_that_follows_an_accepted_credential_is_a_proof(code: int) -> None:
    assert judged([code]) is None


@pytest.mark.parametrize("code", sorted(NOT_ACCEPTED))
def test_a_credential_that_is_not_known_may_be_known_later(code: int) -> None:
    assert judged([code], 401) is NotYetVisibleError


@pytest.mark.parametrize("code", sorted(DISABLED))
def test_an_app_that_is_disabled_waits_with_that_reason(code: int) -> None:
    """It was taken for a secret that is not known yet, and signed in with for a day."""
    assert judged([code]) is DisabledError
    assert judged([code, 53003]) is SignInUnclearError


@pytest.mark.parametrize("code", ASKED_ABOUT)
def test_what_reports_took_for_a_proof_is_none(code: int) -> None:
    assert judged([code]) in (SignInUnclearError, ThrottledError, UnavailableError)


@pytest.mark.parametrize("code", SAY_NOTHING)
def test_every_other_code_is_unclear_and_told(code: int) -> None:
    with pytest.raises(SignInUnclearError, match=f"AADSTS{code}$") as unclear:
        judge("client", "secret", refusal([code]))
    assert unclear.value.numbered == f"sign_in_unclear_AADSTS{code}"


@pytest.mark.parametrize("code", sorted(PASSING))
def test_a_service_that_cannot_say_now_is_asked_later_and_only_by_this_client(code: int) -> None:
    with pytest.raises(UnavailableError, match=f"AADSTS{code}$") as away:
        judge("client", "secret", refusal([code]))
    assert away.value.after is None


@pytest.mark.parametrize("code", sorted(THROTTLED))
def test_a_throttled_tenant_is_left_alone(code: int) -> None:
    assert judged([code]) is ThrottledError


def test_several_codes_prove_something_only_if_each_does() -> None:
    """Neither the first nor any of them decides."""
    assert judged([53003, 501051]) is None
    for proof, other in product(ACCEPTED, (*NOT_ACCEPTED, *SAY_NOTHING)):
        assert judged([proof, other]) is SignInUnclearError
        assert judged([other, proof]) is SignInUnclearError
    assert judged([53003, 90033]) is UnavailableError
    assert judged([7000215, 90055]) is ThrottledError
    assert judged([7000215, 50027]) is SignInUnclearError  # nor is a credential refuted by half an answer
    assert judged([70002, 50012], 401) is NotYetVisibleError


@pytest.mark.parametrize(
    "codes", [[], None, "53003", ["53003"], [53003.0], [True], [53003, None], {"53003": 1}, [-1], [10**4000]]
)
def test_what_are_no_codes_of_entras_prove_nothing(codes: Any) -> None:
    assert judged(codes) is UnavailableError


@pytest.mark.parametrize("text", ["", "<html>53003</html>", "[53003]", "null", '{"error_codes": 53003}'])
def test_an_answer_that_is_not_entras_proves_nothing(text: str) -> None:
    with pytest.raises(UnavailableError):
        judge("client", "secret", ClientAuthenticationError("x", response=answer(403, text)))
    with pytest.raises(UnavailableError):
        judge("client", "secret", ClientAuthenticationError("x"))


@pytest.mark.parametrize(("status", "error"), [(429, ThrottledError), (500, UnavailableError), (503, UnavailableError)])
def test_the_status_of_a_service_in_trouble_comes_first(status: int, error: type[DeferredError]) -> None:
    assert judged([53003], status) is error


def test_a_reason_names_a_few_codes_of_many() -> None:
    with pytest.raises(SignInUnclearError) as unclear:
        judge("client", "secret", refusal(list(range(1, 500))))
    assert unclear.value.numbered == "sign_in_unclear_AADSTS1_AADSTS2_AADSTS3"


def test_no_code_means_two_things() -> None:
    lists = (ACCEPTED, NOT_ACCEPTED, DISABLED, THROTTLED, PASSING)
    assert sum(map(len, lists)) == len(frozenset[int]().union(*lists))
    assert meaning_of([]) is Meaning.UNCLEAR
