"""The table of Graph's refusals, line by line: who can mend it, what they are told, and what only age can tell."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.adapters.graph.refusals.judging import judge
from shared.adapters.graph.refusals.refusal import Detail, Doing, Refusal
from shared.adapters.graph.refusals.table import TABLE, Meaning, meaning_of
from shared.core.errors import (
    ContendedError,
    DeniedError,
    ForbiddenError,
    NotReplicatedError,
    NotYetVisibleError,
    ObjectGoneError,
    QuotaExceededError,
    RefusedError,
    RegistrarError,
    RejectedError,
    ThrottledError,
    UnavailableError,
)
from shared.model.directory import ApplicationState
from shared.operations.retry import Fail, Later, Reject, next_step, reason_of
from shared.policy.tenant import TENANT_RULES

BAD = "Request_BadRequest"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
YOUNG, OLD = True, False
APPLICATION, PRINCIPAL, GIVE, TAKE = (
    Doing.WRITE_APPLICATION,
    Doing.CREATE_PRINCIPAL,
    Doing.GIVE_CONSENT,
    Doing.TAKE_BACK_CONSENT,
)
ISSUE, REMOVE, KEYS, READ = (
    Doing.ISSUE_CREDENTIAL,
    Doing.REMOVE_CREDENTIAL,
    Doing.WRITE_CERTIFICATES,
    Doing.READ,
)
type Case = tuple[Doing, bool, int, str, tuple[Detail, ...], Meaning]


def detail(code: str, target: str = "") -> tuple[Detail, ...]:
    return (Detail(code, target),)


CASES: tuple[Case, ...] = (
    # The service is slow, or busy, whatever it is asked for.
    (APPLICATION, OLD, 409, "Directory_ConcurrencyViolation", (), Meaning.CONTENDED),
    (GIVE, YOUNG, 503, "Directory_ConcurrencyViolation", (), Meaning.CONTENDED),
    (APPLICATION, OLD, 400, "Directory_ConcurrencyViolation", (), Meaning.CONTENDED),
    (ISSUE, OLD, 429, "TooManyRequests", (), Meaning.THROTTLED),
    (READ, OLD, 500, "Service_InternalServerError", (), Meaning.AWAY),
    (APPLICATION, YOUNG, 504, "", (), Meaning.AWAY),
    (APPLICATION, OLD, 408, "", (), Meaning.AWAY),
    (APPLICATION, OLD, 401, "InvalidAuthenticationToken", (), Meaning.NOT_SENT),
    # Quotas and sizes are no missing right.
    (APPLICATION, OLD, 403, "Directory_QuotaExceeded", (), Meaning.QUOTA),
    (PRINCIPAL, YOUNG, 403, "Directory_QuotaExceeded", (), Meaning.QUOTA),
    (PRINCIPAL, OLD, 400, "Directory_QuotaExceeded", (), Meaning.QUOTA),
    (GIVE, OLD, 403, "Directory_QuotaExceeded", (), Meaning.TOO_LARGE),
    (APPLICATION, OLD, 403, "Directory_ResourceSizeExceeded", (), Meaning.TOO_LARGE),
    (APPLICATION, YOUNG, 400, "Directory_ResourceSizeExceeded", (), Meaning.TOO_LARGE),
    (ISSUE, YOUNG, 403, "Directory_ResourceSizeExceeded", (), Meaning.TOO_LARGE),
    (KEYS, OLD, 403, "Directory_ResourceSizeExceeded", (), Meaning.TOO_LARGE),
    # The tenant's rules.
    *((ISSUE, YOUNG, 400, code, (), Meaning.TENANT_RULE) for code in sorted(TENANT_RULES)),
    (
        ISSUE,
        OLD,
        400,
        "CredentialInvalidLifetimeAsPerAppPolicy",
        detail("InvalidKeyEndDate", "EndDate"),
        Meaning.TENANT_RULE,
    ),
    # Names and keys that are taken.
    (APPLICATION, YOUNG, 400, BAD, detail("ObjectConflict", "uniqueName"), Meaning.LAG),
    (APPLICATION, OLD, 400, BAD, detail("ObjectConflict", "uniqueName"), Meaning.NAME_TAKEN),
    (PRINCIPAL, OLD, 409, "Request_MultipleObjectsWithSameKeyValue", detail("ObjectConflict"), Meaning.CHANGED),
    (GIVE, OLD, 409, "Request_MultipleObjectsWithSameKeyValue", (), Meaning.CHANGED),
    (GIVE, OLD, 400, BAD, detail("InvalidUpdate"), Meaning.CHANGED),
    (GIVE, YOUNG, 400, BAD, detail("InvalidUpdate"), Meaning.CHANGED),
    # References to what is not there.
    (PRINCIPAL, YOUNG, 400, BAD, detail("NoBackingApplicationObject", "appId"), Meaning.LAG),
    (PRINCIPAL, OLD, 400, BAD, detail("NoBackingApplicationObject", "appId"), Meaning.GONE),
    (APPLICATION, YOUNG, 409, "Error_MsaAppDoesNotExist", (), Meaning.LAG),
    (APPLICATION, OLD, 409, "Error_MsaAppDoesNotExist", (), Meaning.GONE),
    (ISSUE, YOUNG, 404, "Request_ResourceNotFound", (), Meaning.LAG),
    (ISSUE, OLD, 404, "Request_ResourceNotFound", (), Meaning.GONE),
    (TAKE, OLD, 404, "Request_ResourceNotFound", (), Meaning.GONE),
    (PRINCIPAL, OLD, 404, "Request_ResourceNotFound", (), Meaning.GONE),
    # Values that Entra does not take: however young the app is.
    (APPLICATION, OLD, 400, BAD, detail("InvalidValue", "redirectUris"), Meaning.VALUE),
    (APPLICATION, YOUNG, 400, BAD, detail("InvalidValue", "redirectUris"), Meaning.VALUE),
    (APPLICATION, YOUNG, 400, BAD, detail("DuplicateValue"), Meaning.VALUE),
    (APPLICATION, OLD, 400, BAD, detail("InvalidLength", "displayName"), Meaning.VALUE),
    (APPLICATION, OLD, 400, BAD, detail("ReservedName", "displayName"), Meaning.VALUE),
    (APPLICATION, OLD, 400, "HostNameNotOnVerifiedDomain", (), Meaning.VALUE),
    (GIVE, OLD, 400, BAD, detail("InvalidValue", "scope"), Meaning.VALUE),
    (ISSUE, OLD, 400, BAD, detail("InvalidValue", "passwordCredentials"), Meaning.VALUE),
    # 400 that says nothing more.
    (APPLICATION, YOUNG, 400, BAD, (), Meaning.LAG),
    (PRINCIPAL, YOUNG, 400, BAD, (), Meaning.LAG),
    (GIVE, YOUNG, 400, BAD, (), Meaning.LAG),
    (APPLICATION, OLD, 400, BAD, (), Meaning.UNKNOWN),
    (GIVE, OLD, 400, BAD, (), Meaning.UNKNOWN),
    (TAKE, YOUNG, 400, BAD, (), Meaning.UNKNOWN),
    (REMOVE, YOUNG, 400, BAD, (), Meaning.UNKNOWN),
    (APPLICATION, YOUNG, 400, BAD, detail("SomethingNew", "somewhere"), Meaning.UNKNOWN),
    # Rights: who owns a new object is replicated, too; who may consent is not.
    (APPLICATION, YOUNG, 403, "Authorization_RequestDenied", (), Meaning.LAG),
    (PRINCIPAL, YOUNG, 403, "Authorization_RequestDenied", (), Meaning.LAG),
    (ISSUE, YOUNG, 403, "Authorization_RequestDenied", (), Meaning.LAG),
    (APPLICATION, OLD, 403, "Authorization_RequestDenied", (), Meaning.NO_RIGHT),
    (PRINCIPAL, OLD, 403, "Authorization_RequestDenied", (), Meaning.NO_RIGHT),
    (GIVE, YOUNG, 403, "Authorization_RequestDenied", (), Meaning.NO_RIGHT),
    (READ, YOUNG, 403, "Authorization_RequestDenied", (), Meaning.NO_RIGHT),
    (READ, OLD, 403, "", (), Meaning.NO_RIGHT),
    (APPLICATION, YOUNG, 403, "AccessDenied", (), Meaning.DENIED),
    (READ, OLD, 403, "Authentication_Unauthorized", (), Meaning.DENIED),
    # The rest.
    (READ, OLD, 410, "syncStateNotFound", (), Meaning.UNKNOWN),
    (APPLICATION, OLD, 400, "CannotDeleteOrUpdateEnabledEntitlement", (), Meaning.UNKNOWN),
)
ids = [f"{c[0].name}-{'young' if c[1] else 'old'}-{c[2]}-{c[3]}-{'+'.join(d.code for d in c[4])}" for c in CASES]


@pytest.mark.parametrize(("doing", "recent", "status", "code", "details", "meaning"), CASES, ids=ids)
def test_each_refusal_means_what_the_table_says(
    doing: Doing, recent: bool, status: int, code: str, details: tuple[Detail, ...], meaning: Meaning
) -> None:
    assert meaning_of(Refusal(status, code, "", details), doing, recent=recent) is meaning


def test_every_line_of_the_table_is_tried() -> None:
    def line_of(case: Case) -> int:
        doing, recent, status, code, details, _ = case
        refusal = Refusal(status, code, "", details)
        return next(n for n, line in enumerate(TABLE) if line.fits(refusal, doing, recent=recent))

    assert {line_of(case) for case in CASES} == set(range(len(TABLE)))


def test_whatever_graph_answers_there_is_an_error_for_it() -> None:
    """No doing, status, code and details leave the table, and only lag depends on age."""
    codes = {case[3] for case in CASES} | {"Something_New"}
    every = {case[4] for case in CASES}
    statuses = {case[2] for case in CASES} | {402, 405, 412, 422, 423}
    for doing in Doing:
        for status in statuses:
            for code in codes:
                for details in every:
                    assert isinstance(judge(Refusal(status, code, "no", details), doing), RegistrarError)


def error(status: int, code: str, doing: Doing, *details: Detail, text: str = "It says so.") -> RegistrarError:
    return judge(Refusal(status, code, text, details, timedelta(seconds=7)), doing)


@pytest.mark.parametrize(
    ("found", "kind", "took_effect"),
    [
        (error(409, "Directory_ConcurrencyViolation", APPLICATION), ContendedError, False),
        (error(429, "TooManyRequests", APPLICATION), ThrottledError, False),
        (error(503, "ServiceUnavailable", ISSUE), UnavailableError, None),
        (error(401, "InvalidAuthenticationToken", ISSUE), UnavailableError, False),
        (error(403, "Directory_QuotaExceeded", PRINCIPAL), QuotaExceededError, False),
        (error(403, "AccessDenied", READ), DeniedError, False),
        (error(409, "Request_MultipleObjectsWithSameKeyValue", GIVE), NotYetVisibleError, False),
        (error(404, "Request_ResourceNotFound", ISSUE), NotReplicatedError, False),
    ],
)
def test_what_comes_later_says_whether_it_took_effect(
    found: RegistrarError, kind: type[RegistrarError], took_effect: bool | None
) -> None:
    assert type(found) is kind
    assert getattr(found, "took_effect", "final") is took_effect


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        (error(404, "Request_ResourceNotFound", ISSUE), ObjectGoneError),
        (error(400, BAD, PRINCIPAL, Detail("NoBackingApplicationObject", "appId")), ObjectGoneError),
        (error(403, "Authorization_RequestDenied", PRINCIPAL), ForbiddenError),
        (error(400, BAD, APPLICATION), RefusedError),
        (error(400, BAD, GIVE), RefusedError),
        (error(400, BAD, APPLICATION, Detail("ObjectConflict", "uniqueName")), RejectedError),
    ],
)
def test_what_lag_may_explain_says_what_it_is_otherwise(found: RegistrarError, kind: type[RegistrarError]) -> None:
    assert isinstance(found, NotReplicatedError)
    assert type(found.otherwise) is kind


def fields(found: RegistrarError) -> list[tuple[str, str]]:
    assert isinstance(found, RejectedError)
    return [(problem.field, problem.code) for problem in found.problems]


STATE = ApplicationState(display_name="Exam", sign_in_audience="AzureADMyOrg")
URI = "https://app.example/cb"


@pytest.mark.parametrize(
    ("target", "field"),
    [
        ("displayName", "application.displayName"),
        ("signInAudience", "application.signInAudience"),
        ("requestedAccessTokenVersion", "application.signInAudience"),
        ("api.requestedAccessTokenVersion", "application.signInAudience"),
        ("requiredResourceAccess", "application.apiPermissions"),
        ("requiredResourceAccess[0].resourceAccess", "application.apiPermissions"),
        ("spa/redirectUris", "application.spa.redirectUris"),
        ("publicClient.redirectUris", "application.publicClient.redirectUris"),
        ("redirectUris", "application"),
        ("somewhere", "application"),
    ],
)
def test_the_field_is_the_one_that_graph_names(target: str, field: str) -> None:
    refusal = Refusal(400, BAD, "Invalid value.", (Detail("InvalidValue", target),))
    assert fields(judge(refusal, APPLICATION, STATE)) == [(field, "refused_by_entra")]


def test_a_platform_that_graph_does_not_name_is_the_only_one_with_uris() -> None:
    refusal = Refusal(400, BAD, "Invalid value.", (Detail("InvalidValue", "redirectUris"),))
    wrote = STATE.model_copy(update={"public_client_redirect_uris": frozenset({"urn:a:b"})})
    assert fields(judge(refusal, APPLICATION, wrote)) == [("application.publicClient.redirectUris", "refused_by_entra")]


@pytest.mark.parametrize("target", ["redirectUris", ""])
def test_a_uri_on_two_platforms_is_named_with_both(target: str) -> None:
    refusal = Refusal(400, BAD, "duplicate values", (Detail("DuplicateValue", target),))
    wrote = STATE.model_copy(
        update={"web_redirect_uris": frozenset({URI, "https://b.example/"}), "spa_redirect_uris": frozenset({URI})}
    )
    found = judge(refusal, APPLICATION, wrote)
    assert fields(found) == [("application.spa.redirectUris", "refused_by_entra")]
    assert isinstance(found, RejectedError)
    assert f"'{URI}'" in found.problems[0].message
    assert "web, spa" in found.problems[0].message


def test_several_details_are_several_problems() -> None:
    details = (Detail("InvalidValue", "displayName"), Detail("InvalidValue", "scope"), Detail("InvalidValue", "scope"))
    found = judge(Refusal(400, BAD, "no", details), APPLICATION, STATE)
    assert [field for field, _ in fields(found)] == ["application.displayName", "application.apiPermissions"]


@pytest.mark.parametrize(
    ("doing", "field"),
    [(APPLICATION, "application"), (GIVE, "application.apiPermissions"), (ISSUE, "credentials"), (KEYS, "credentials")],
)
def test_what_is_too_large_names_the_part_of_the_request(doing: Doing, field: str) -> None:
    found = judge(Refusal(403, "Directory_ResourceSizeExceeded", "too large"), doing)
    assert fields(found) == [(field, "application_too_large")]


def test_texts_of_graph_are_cut_and_nothing_in_them_hides() -> None:
    found = judge(Refusal(400, BAD, "a\u202eb" + "x" * 5_000, (Detail("InvalidValue", "displayName"),)), APPLICATION)
    assert isinstance(found, RejectedError)
    assert r"a\u202eb" in found.problems[0].message
    assert len(found.problems[0].message) < 700


@pytest.mark.parametrize("doing", list(Doing))
def test_an_unknown_refusal_says_what_graph_said_and_who_looks(doing: Doing) -> None:
    found = judge(Refusal(418, "Teapot", "Short and stout."), doing)
    assert isinstance(found, RefusedError)
    assert (found.code, "418 Teapot: Short and stout. " in str(found)) == ("Teapot", True)
    assert "Operators look into it" in str(found)


def test_a_denial_has_its_code_in_the_reason_and_nothing_else_of_it() -> None:
    assert reason_of(DeniedError("no", "AccessDenied")) == "denied_AccessDenied"
    assert reason_of(DeniedError("no", "A b\n'<c>")) == "denied_Abc"
    assert len(reason_of(DeniedError("no", "x" * 500))) < 80
    assert reason_of(ForbiddenError("no")) == "registrar_lacks_permission"


def test_what_the_operation_does_next() -> None:
    def step(found: Exception) -> type[object]:
        return type(next_step(found, now=NOW, deadline=NOW + timedelta(hours=1), pauses=0, draw=0.5))

    rejected = judge(Refusal(400, BAD, "", (Detail("InvalidValue", "displayName"),)), APPLICATION)
    assert step(rejected) is Reject
    assert step(judge(Refusal(403, "Directory_ResourceSizeExceeded"), APPLICATION)) is Reject
    assert step(judge(Refusal(403, "Directory_QuotaExceeded"), APPLICATION)) is Later
    assert step(judge(Refusal(403, "AccessDenied"), APPLICATION)) is Later
    assert step(judge(Refusal(405, "BadRequest"), APPLICATION)) is Fail


def test_no_line_reads_a_text() -> None:
    for doing, recent, status, code, details, meaning in CASES:
        refusal = Refusal(status, code, "does not exist or one of its queried", details)
        assert meaning_of(replace(refusal, text="already exists"), doing, recent=recent) is meaning
