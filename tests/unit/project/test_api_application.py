"""The registrar's own API in Entra, as infra makes it: the roles that the code asks for, and tokens that it accepts."""

import json
from pathlib import Path
from typing import Any

from shared.core.callers import APPROVER, READER

INFRA = Path(__file__).parents[3] / "infra"
APPLICATION: dict[str, Any] = json.loads((INFRA / "api-application.json").read_text())


def test_the_api_has_the_roles_that_the_code_asks_for_and_no_others() -> None:
    roles = {role["value"]: role for role in APPLICATION["appRoles"]}
    assert set(roles) == {READER, APPROVER}
    assert len({role["id"] for role in roles.values()}) == 2
    assert all(role["isEnabled"] and role["allowedMemberTypes"] == ["User", "Application"] for role in roles.values())


def test_tokens_for_it_are_of_version_2_and_people_get_them_with_the_azure_cli() -> None:
    api = APPLICATION["api"]
    assert api["requestedAccessTokenVersion"] == 2
    assert APPLICATION["signInAudience"] == "AzureADMyOrg"
    (client,) = api["preAuthorizedApplications"]
    assert client["delegatedPermissionIds"] == [scope["id"] for scope in api["oauth2PermissionScopes"]]


def test_its_tokens_say_whether_a_person_or_an_app_holds_them() -> None:
    (claim,) = APPLICATION["optionalClaims"]["accessToken"]
    # Without the additional property Entra says idtyp in tokens of apps only (Microsoft Learn, optional claims).
    assert (claim["name"], claim["additionalProperties"]) == ("idtyp", ["include_user_token"])
