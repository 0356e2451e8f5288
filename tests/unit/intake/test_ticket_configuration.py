"""`[sources.updates]` is read by the source's kind, and leads nowhere it must not."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from shared.adapters.tickets.http import connections
from shared.adapters.tickets.targets import build_targets
from shared.intake.sources import Ticketing, TicketingError, load_ticketing
from shared.settings import Settings, SettingsError
from shared.tickets.configuration import GenericUpdates, JiraUpdates, ServiceNowUpdates
from tests.unit.project.test_settings import GOOD

TICKETING = load_ticketing(Path(__file__).parents[3] / "ticketing.toml")
EMPTY = dict.fromkeys(TICKETING.settings() | TICKETING.plain_settings(), "")
SERVICENOW = {"url": "U", "user": "N", "password": "P"}
JIRA = {"url": "U", "user": "N", "token": "T"}
HOOK = {"url": "U", "secrets": ["S"]}


def ticketing(kind: str, updates: Any) -> Ticketing:
    proof = {"method": "token", "header": "X-Token", "secrets": ["S"]}
    source = {"name": "portal", "kind": kind, "proof": proof, "mapping": {"whole": "@"}, "updates": updates}
    return Ticketing.model_validate({"version": "1", "sources": [source]})


def now() -> datetime:
    return datetime.now(UTC)


@pytest.mark.parametrize(
    ("kind", "updates", "model"),
    [
        ("servicenow", SERVICENOW, ServiceNowUpdates),
        ("jira", JIRA, JiraUpdates),
        ("generic", HOOK, GenericUpdates),
    ],
)
def test_the_kind_of_the_source_says_how_its_updates_are_read(kind: str, updates: Any, model: type) -> None:
    found = ticketing(kind, updates).sources[0].updates
    assert found is not None
    assert isinstance(found, model)
    assert found.events == ("awaiting_approval",)


@pytest.mark.parametrize(
    ("kind", "updates"),
    [
        ("servicenow", HOOK),
        ("jira", SERVICENOW),
        ("generic", JIRA),
        ("generic", {"url": "U", "secrets": []}),
        ("generic", {"url": "U", "secrets": ["A", "B", "C"]}),
        ("generic", HOOK | {"url": "https://contoso.example"}),
        ("generic", HOOK | {"events": ["everything"]}),
        ("servicenow", SERVICENOW | {"states": {"done": "3"}}),
        ("servicenow", SERVICENOW | {"states": {"completed": "Closed^active=true"}}),
        ("servicenow", SERVICENOW | {"table": "../sys_user"}),
        ("jira", JIRA | {"transitions": {"completed": ""}}),
        ("jira", JIRA | {"password": "P"}),
    ],
)
def test_what_does_not_fit_the_kind_is_refused(kind: str, updates: Any) -> None:
    with pytest.raises(ValidationError):
        ticketing(kind, updates)


def test_the_repositorys_sources_are_told_nothing_until_their_urls_are_set() -> None:
    assert build_targets(TICKETING, EMPTY, lambda: connections(()), now) == {}
    only = EMPTY | {"JIRA_URL": "https://contoso.atlassian.net"}
    assert set(build_targets(TICKETING, only, lambda: connections(()), now)) == {"jira"}
    both = only | {"SERVICENOW_URL": "https://contoso.service-now.com"}
    found = build_targets(TICKETING, both, lambda: connections(()), now)
    assert found["servicenow"].statuses == {"completed", "rejected"}
    assert found["jira"].events == {"awaiting_approval"}


def test_every_url_that_nothing_may_be_sent_to_is_named() -> None:
    wrong = EMPTY | {"JIRA_URL": "http://contoso.atlassian.net", "SERVICENOW_URL": "https://169.254.169.254"}
    with pytest.raises(TicketingError) as error:
        build_targets(TICKETING, wrong, lambda: connections(()), now)
    assert "JIRA_URL" in str(error.value)
    assert "SERVICENOW_URL" in str(error.value)


def test_hosts_on_premises_are_exact_names() -> None:
    settings = Settings.load(GOOD | {"ON_PREMISES_HOSTS": "tickets.contoso.example , jira.contoso.example"})
    assert settings.on_premises_hosts == {"tickets.contoso.example", "jira.contoso.example"}
    assert Settings.load(GOOD).on_premises_hosts == frozenset()
    for wrong in ("*.contoso.example", "https://contoso.example", "a b", "Contoso.example"):
        with pytest.raises(SettingsError, match="ON_PREMISES_HOSTS"):
            Settings.load(GOOD | {"ON_PREMISES_HOSTS": wrong})
