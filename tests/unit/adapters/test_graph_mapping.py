"""What is sent to Graph, and what is left unsaid there."""

import pytest

from shared.adapters.graph.mapping import application_body, is_enabled
from shared.adapters.graph.models import ServicePrincipalAnswer
from shared.model.directory import ApplicationState


@pytest.mark.parametrize(
    ("audience", "version", "sent"),
    [
        ("AzureADandPersonalMicrosoftAccount", 2, {"requestedAccessTokenVersion": 2}),
        ("PersonalMicrosoftAccount", 2, {"requestedAccessTokenVersion": 2}),
        # Others set these: what is not sent stays as it is, whatever it is by then.
        ("AzureADMyOrg", 2, None),
        ("AzureADMultipleOrgs", 1, None),
        ("AzureADMyOrg", None, None),
    ],
)
def test_the_version_of_tokens_is_sent_only_where_the_audience_needs_one(
    audience: str, version: int | None, sent: dict[str, int] | None
) -> None:
    state = ApplicationState(display_name="Exam", sign_in_audience=audience, requested_access_token_version=version)
    assert application_body(state).get("api") == sent


@pytest.mark.parametrize(
    ("shown", "enabled"),
    [
        ({}, True),
        ({"accountEnabled": None}, True),
        ({"accountEnabled": True}, True),
        ({"accountEnabled": False}, False),
    ],
)
def test_only_an_explicit_false_disables_a_principal(shown: dict[str, bool | None], *, enabled: bool) -> None:
    answer = ServicePrincipalAnswer()
    answer.values = {**shown}
    assert is_enabled(answer) is enabled
