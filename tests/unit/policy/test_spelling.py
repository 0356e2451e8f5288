"""A display name is read as what it is: of one script, and like no protected name."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contract.request import RegistrationRequest, parse_request
from shared.model.directory import ApplicationState
from shared.policy.check import Had, breaches
from shared.policy.policy_file import PROTECTED_WORDS, Names, Policy, load_policy
from shared.policy.spelling import imitated, is_highly_restrictive
from tests.fakes.world import example
from tests.policies import SHIPPED

# Escaped where an editor shows something else: that is the point of them.
MIXED = [
    "Mi\u0441rosoft",
    "\u0430pp",
    "pa\u0443roll",
    "P\u03b1yroll",
    "\u0417\u0430\u0440\u043f\u043b\u0430\u0442\u0430 app",
    "\u30a2\u30d7\u30ea \u0430",
    "\ua4df\ua4f2\ua4da\ua4e3\ua4f3\ua4e2\ua4f3\ua4dd\ua4d4",
    "\u13b7\u13c6",
]
READABLE = [
    "ADT client (dev)",
    "Payroll 2026 / v1.2",
    "Cr\u00e8me br\u00fbl\u00e9e \u2013 Z\u00fcrich",
    "\u0417\u0430\u0440\u043f\u043b\u0430\u0442\u0430",
    "\u039b\u03bf\u03b3\u03b1\u03c1\u03b9\u03b1\u03c3\u03bc\u03cc\u03c2",
    "\u7d66\u4e0e\u30b7\u30b9\u30c6\u30e0 App",
    "\uae09\uc5ec App",
    "\u0627\u0644\u0631\u0648\u0627\u062a\u0628 2026",
    "\u05e9\u05db\u05e8",
    "\u0935\u0947\u0924\u0928",
]
ORDINARY = ["Azure cost report", "Central IT tool", "Entrance hall", "Modern workplace", "Cool outlooks", "Office 3651"]
LIKE = [
    ("Microsoft", "Microsoft Teams"),
    ("Microsoft", "MICROSOFT LOGIN"),
    ("Microsoft", "Micr0s0ft"),
    ("Microsoft", "Rnicrosoft"),
    ("Microsoft", "Mlcrosoft"),
    ("Microsoft", "M1CROSOFT"),
    ("Microsoft", "M\u00edcr\u00f6soft"),
    ("Microsoft", "\uff2d\uff49\uff43\uff52\uff4f\uff53\uff4f\uff46\uff54"),
    ("Microsoft", "\U0001d40cicrosoft"),
    ("Microsoft", "M i c r o s o f t"),
    ("Microsoft", "Micro-soft"),
    ("Microsoft", "MyMicrosoftLogin"),
    ("Outlook", "OutIook"),
    ("Outlook", "Out|ook"),
    ("Office 365", "0ffice365"),
    ("Entra", "EntraSync"),
    ("Entra", "my_entra_app"),
]


@pytest.mark.parametrize("name", MIXED)
def test_scripts_are_not_mixed(name: str) -> None:
    assert not is_highly_restrictive(name)
    assert _codes(name) >= {"name_misleading"}


@pytest.mark.parametrize("name", READABLE)
def test_what_people_write_together_is_one_name(name: str) -> None:
    assert is_highly_restrictive(name)
    assert _codes(name) == set()


@pytest.mark.parametrize(("word", "name"), LIKE)
def test_what_looks_like_a_protected_name_is_found(word: str, name: str) -> None:
    assert imitated(name, PROTECTED_WORDS) == word
    assert _codes(name) == {"name_misleading"}
    assert imitated(name, ()) is None


@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_name_is_no_imitation(name: str) -> None:
    assert imitated(name, PROTECTED_WORDS) is None


def test_a_name_is_judged_when_it_changes() -> None:
    request = _named("Microsoft Teams")
    seen = Had(_state("Microsoft Teams"))
    assert not any(each.code == "name_misleading" for each in breaches(request, Policy(version="1"), seen))
    seen = Had(_state("Something else"))
    assert any(each.code == "name_misleading" for each in breaches(request, Policy(version="1"), seen))


def test_policy_protects_other_names_and_none() -> None:
    policy = Policy(version="1", names=Names(protected_words=("Contoso Bank",)))
    assert {each.code for each in breaches(_named("C0ntoso-Bank"), policy)} == {"name_misleading"}
    assert list(breaches(_named("Microsoft"), policy)) == []


def test_what_is_shipped_is_the_default() -> None:
    assert load_policy(SHIPPED).names.protected_words == PROTECTED_WORDS


_LOOKS = {
    "o": "o0\u00f6",
    "i": "i1l\u00ed",
    "m": ["m", "rn", "M"],
    "s": "sS",
    "c": "cC\u00e7",
    "r": "rR",
    "f": "fF",
    "t": "tT",
}


@given(st.tuples(*(st.sampled_from(list(_LOOKS[each])) for each in "microsoft")), st.text("abc -", max_size=4))
def test_no_spelling_of_look_alikes_hides_a_name(letters: tuple[str, ...], before: str) -> None:
    assert imitated(f"{before} {''.join(letters)}", ("Microsoft",)) == "Microsoft"


@given(st.text(max_size=20))
def test_any_text_is_judged_alike_however_it_is_composed(text: str) -> None:
    decomposed = unicodedata.normalize("NFD", unicodedata.normalize("NFC", text))
    composed = unicodedata.normalize("NFC", text)
    assert imitated(composed, PROTECTED_WORDS) == imitated(decomposed, PROTECTED_WORDS)


def _named(name: str) -> RegistrationRequest:
    made = example()
    made["application"]["displayName"] = name
    parsed = parse_request(made)
    assert isinstance(parsed, RegistrationRequest)
    return parsed


def _codes(name: str) -> set[str]:
    return {each.code for each in breaches(_named(name), Policy(version="1"))}


def _state(name: str) -> ApplicationState:
    return ApplicationState(display_name=name, sign_in_audience="AzureADMyOrg")
