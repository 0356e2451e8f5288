"""A payload becomes a request, or every fault is named; whatever it says, it is its sender's."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contract.request import RegistrationRequest, Request
from shared.contract.strict_json import parse_object
from shared.core.errors import RejectedError
from shared.intake.mapping import request_from
from shared.intake.sources import Mapping, Source, TicketingError, TokenProof, load_ticketing

TICKETING = load_ticketing(Path(__file__).parents[3] / "ticketing.toml")
ALAN = "aaaaaaaa-0000-4000-8000-000000000006"
PROOF = TokenProof(method="token", secrets=("S",), header="X-Token")


def source(name: str) -> Source:
    found = TICKETING.source(name)
    assert found is not None
    return found


def read(source: Source, body: bytes) -> Request:
    payload, problems = parse_object(body)
    assert problems == []
    return request_from(source, payload)


def servicenow(**variables: Any) -> bytes:
    filled = {
        "unique_name": "ADT-client-dev",
        "display_name": "ADT client (dev)",
        "owner_email": "",
        "public_redirect_uris": "http://localhost\r\n\r\n http://localhost:8400 ",
        "web_redirect_uris": "",
        "spa_redirect_uris": None,
        "api": "Azure Digital Twins",
        "delegated_permissions": "Read.Write, Read.All",
        "application_permissions": "",
        "admin_consent": "true",
        "lifetime_days": "180",
    }
    body = {
        "number": "RITM0010042",
        "sys_id": "9f1c7e2b1b2a4410a1b2c3d4e5f60718",
        "opened_by": {"email": "ada@contoso.example", "object_id": ""},
        "requested_for": {"email": "alan@contoso.example", "object_id": ALAN},
        "variables": filled | variables,
    }
    return json.dumps(body).encode()


def test_a_catalog_item_of_servicenow_becomes_a_request() -> None:
    request = read(source("servicenow"), servicenow())
    assert isinstance(request, RegistrationRequest)
    assert (request.source, request.request_id, request.ticket) == (
        "servicenow",
        "RITM0010042",
        "9f1c7e2b1b2a4410a1b2c3d4e5f60718",
    )
    assert (request.requested_by, request.owner) == ("ada@contoso.example", "alan@contoso.example")
    assert request.requested_by_object_id is None
    named = read(source("servicenow"), servicenow(owner_email="grace@contoso.example"))
    assert isinstance(named, RegistrationRequest)
    assert (named.requested_by, named.owner) == ("ada@contoso.example", "grace@contoso.example")
    application = request.application
    assert application.unique_name == "adt-client-dev"
    assert application.public_client.redirect_uris == ("http://localhost", "http://localhost:8400")
    assert application.api_permissions[0].delegated == ("Read.Write", "Read.All")
    assert application.admin_consent is True
    assert request.credentials[0].lifetime_days == 180


def test_an_issue_of_jira_becomes_a_request() -> None:
    issue = {
        "key": "ITHELP-12",
        "creator": "ada@contoso.example",
        "reporter": "alan@contoso.example",
        "reporterObjectId": ALAN,
        "uniqueName": "adt-client-dev",
        "displayName": "ADT client (dev)",
        "redirectUris": "http://localhost",
        "api": "Azure Digital Twins",
        "delegatedPermissions": "Read.Write",
        "adminConsent": "Yes",
        "lifetimeDays": "180",
    }
    request = read(source("jira"), json.dumps({"issue": issue}).encode())
    assert isinstance(request, RegistrationRequest)
    assert (request.source, request.request_id, request.ticket) == ("jira", "ITHELP-12", "ITHELP-12")
    assert (request.requested_by, request.owner) == ("ada@contoso.example", "alan@contoso.example")
    assert request.requested_by_object_id is None
    assert request.application.admin_consent is True


def test_what_nobody_filled_in_is_left_out() -> None:
    empty = dict.fromkeys(("api", "delegated_permissions", "public_redirect_uris", "admin_consent"), "")
    request = read(source("servicenow"), servicenow(**empty))
    assert isinstance(request, RegistrationRequest)
    assert (request.application.api_permissions, request.application.public_client.redirect_uris) == ((), ())
    assert request.application.admin_consent is None


def test_every_fault_of_a_form_is_named_at_once() -> None:
    with pytest.raises(RejectedError) as rejected:
        read(source("servicenow"), servicenow(unique_name="No Spaces", display_name="", lifetime_days="soon"))
    fields = {problem.field for problem in rejected.value.problems}
    assert fields == {"application.uniqueName", "application.displayName", "credentials[0].lifetimeDays"}


def jira(**fields: Any) -> bytes:
    issue = {
        "key": "ITHELP-12",
        "creator": "ada@contoso.example",
        "reporter": "alan@contoso.example",
        "uniqueName": "adt-client-dev",
        "displayName": "ADT client (dev)",
        "redirectUris": "http://localhost",
        "api": "Azure Digital Twins",
        "delegatedPermissions": "Read.Write",
        "adminConsent": "Yes",
        "lifetimeDays": "180",
    }
    return json.dumps({"issue": issue | fields}).encode()


def registration(name: str, body: bytes) -> RegistrationRequest:
    request = read(source(name), body)
    assert isinstance(request, RegistrationRequest)
    return request


def told(name: str, body: bytes) -> dict[str, str]:
    """What is said of each field."""
    with pytest.raises(RejectedError) as rejected:
        read(source(name), body)
    return {problem.field: problem.message for problem in rejected.value.problems}


CONSENT, DAYS = "application.adminConsent", "credentials[0].lifetimeDays"
OPTION = {"self": "https://contoso.atlassian.example/rest/api/3/customFieldOption/10021", "id": "10021"}


@pytest.mark.parametrize("value", [True, "True", "1", "Yes", ["Yes"], OPTION | {"value": "Yes"}])
def test_a_yes_is_a_yes(value: Any) -> None:
    assert registration("servicenow", servicenow(admin_consent=value)).application.admin_consent is True
    assert registration("jira", jira(adminConsent=value)).application.admin_consent is True


@pytest.mark.parametrize("value", [False, "False", "0", "No", ["No"], OPTION | {"value": "No"}])
def test_a_no_is_a_no(value: Any) -> None:
    assert registration("servicenow", servicenow(admin_consent=value)).application.admin_consent is False
    assert registration("jira", jira(adminConsent=value)).application.admin_consent is False


@pytest.mark.parametrize("value", [None, "", []])
def test_nothing_is_neither(value: Any) -> None:
    assert registration("servicenow", servicenow(admin_consent=value)).application.admin_consent is None
    assert registration("jira", jira(adminConsent=value)).application.admin_consent is None


def test_what_is_neither_yes_nor_no_is_refused() -> None:
    """Anything but one text had been a no, silently, and a no revokes."""
    assert told("servicenow", servicenow(admin_consent="Ja")) == {
        CONSENT: "The field 'Admin consent' could not be read. 'Ja' is neither yes nor no. Choose Yes or No."
    }


def test_what_is_no_number_of_days_is_refused_by_name_and_not_left_out() -> None:
    named, why = "Lifetime of the secret (days)", "'1 year' is not a number of days. Write digits only, such as 180."
    assert told("servicenow", servicenow(lifetime_days="1 year")) == {
        DAYS: f"The field '{named}' could not be read. {why}"
    }
    assert "is a date" in told("jira", jira(lifetimeDays="2027-05-26T09:30:00.000+0200"))[DAYS]
    assert told("jira", jira(lifetimeDays="")) == {DAYS: f"The field '{named}' is missing."}
    assert registration("jira", jira(lifetimeDays="180 days")).credentials[0].lifetime_days == 180


def test_rich_text_of_jira_becomes_uris() -> None:
    uri = "https://app.contoso.example/auth_cb"
    link = {"type": "text", "text": uri, "marks": [{"type": "link", "attrs": {"href": uri}}]}
    document = {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": [link]}]}
    for written in (document, f"[{uri}|{uri}|smart-link]", uri.replace("_", "\\_"), uri.replace("/", "&#x2F;"), [uri]):
        application = registration("jira", jira(redirectUris=written)).application
        assert application.public_client.redirect_uris == (uri,)


def test_escaped_text_is_read_once() -> None:
    assert registration("servicenow", servicenow(display_name="R&amp;D")).application.display_name == "R&D"


@pytest.mark.parametrize("value", [None, [], "x", 7, {}])
def test_an_object_that_was_cleared_is_named(value: Any) -> None:
    """A field that Jira cleared is null where an object was."""
    assert "requestId" in told("jira", json.dumps({"issue": value}).encode())
    body = json.loads(servicenow()) | {"opened_by": value}
    assert "requestedBy" in told("servicenow", json.dumps(body).encode())
    whole = Source(
        name="shop", proof=PROOF, mapping=Mapping(whole="request", fields={"application.displayName": "name"})
    )
    example = json.loads((Path(__file__).parents[3] / "examples/azure-digital-twins.json").read_text())
    with pytest.raises(RejectedError) as rejected:
        read(whole, json.dumps({"request": example | {"application": value}, "name": "x"}).encode())
    assert all(problem.field.startswith("application") for problem in rejected.value.problems)


def test_one_fault_is_told_once_at_its_field() -> None:
    refused = told("servicenow", servicenow(api={"name": "Graph"}, lifetime_days="soon", display_name=["a", "b"]))
    assert set(refused) == {"application.apiPermissions[0].api", DAYS, "application.displayName"}
    assert all("missing" not in message for message in refused.values())


def test_a_field_goes_by_the_name_that_its_form_shows() -> None:
    with pytest.raises(RejectedError) as rejected:
        read(source("servicenow"), servicenow(unique_name="No Spaces", web_redirect_uris="x" * 300))
    name, uri = rejected.value.problems
    assert (name.field, name.label) == ("application.uniqueName", "Name in the directory")
    assert name.message.startswith("The field 'Name in the directory' must be lower-case letters")
    assert (uri.field, uri.label) == ("application.web.redirectUris[0]", "Redirect URIs (web), entry 1")


def test_a_payload_names_no_other_source() -> None:
    whole = Source(name="shop", proof=PROOF, mapping=Mapping(whole="request"))
    example = json.loads((Path(__file__).parents[3] / "examples/azure-digital-twins.json").read_text())
    for claimed in ("registrar", "queue", "jira"):
        body = json.dumps({"request": example | {"source": claimed}}).encode()
        assert read(whole, body).source == "shop"
    text = json.dumps({"request": json.dumps(example)}).encode()
    assert read(whole, text).request_id == example["requestId"]


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_whatever_a_payload_holds_is_a_request_or_rejected(value: Any) -> None:
    for each in TICKETING.sources:
        for body in ({"variables": value}, {"issue": value}, {"number": value, "opened_by": value}):
            with pytest.raises(RejectedError):
                read(each, json.dumps(body).encode())


LABELS = (
    'version = "1"\n[[sources]]\nname = "a"\n[sources.proof]\nmethod = "entra"\nrole = "R"\n'
    '[sources.mapping]\nwhole = "request"\n[sources.mapping.labels]\n'
)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('version = "2"', "version"),
        ('version = "1"\nmore = 1', "more"),
        ('version = "1"\n[[sources]]\nname = "registrar"', "sources.0"),
        ('version = "1"\n[[sources]]\nname = "a"\n[sources.proof]\nmethod = "none"', "sources.0.proof"),
        ("version = ", "ticketing.toml"),
        (LABELS + 'nothing-like-it = "x"', "not a path"),
        (LABELS + """owner = "People's choice\"""", "quotation marks"),
    ],
)
def test_a_wrong_configuration_is_named(tmp_path: Path, text: str, fault: str) -> None:
    file = tmp_path / "ticketing.toml"
    file.write_text(text)
    with pytest.raises(TicketingError, match=fault):
        load_ticketing(file)


def test_an_expression_that_is_none_is_found_at_the_start(tmp_path: Path) -> None:
    file = tmp_path / "ticketing.toml"
    good = (Path(__file__).parents[3] / "ticketing.toml").read_text()
    file.write_text(good.replace('"uris(variables.web_redirect_uris)"', '"uris("'))
    with pytest.raises(TicketingError, match="JMESPath"):
        load_ticketing(file)


def test_without_a_file_there_are_no_sources(tmp_path: Path) -> None:
    assert load_ticketing(tmp_path / "none.toml").sources == ()
