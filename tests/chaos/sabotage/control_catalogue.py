"""Protections against what leads to control of the tenant."""

from tests.chaos.sabotage.replacement import off

_GROUPS = "tests/unit/policy/test_permission_groups.py"
_PERMISSIONS = "tests/unit/policy/test_permissions.py"
_CONTROL = "tests/component/policy/test_control.py"

CONTROL_SABOTAGES = (
    off(
        "the never-list decides on ids, whatever a directory calls them",
        f"{_GROUPS}::test_what_grants_roles_credentials_consents_or_policy_is_never_given",
        "shared/policy/never.py",
        "_NEVER_IDS.get(permission_id.casefold())",
        "_NEVER_IDS.get(name)",
    ),
    off(
        "what is given by name only is known by its id, whatever a directory calls it",
        f"{_PERMISSIONS}::test_an_id_that_leads_to_control_needs_approval_under_any_name",
        "shared/policy/never.py",
        "_BY_NAME_IDS.get(permission_id.casefold())",
        "_BY_NAME_IDS.get(name)",
    ),
    off(
        "a new member of a family is covered on its first day",
        f"{_GROUPS}::test_a_new_member_of_a_family_is_covered_on_its_first_day",
        "shared/policy/control/family.py",
        "return self.api == api.casefold() and self.names.fullmatch(name) is not None",
        "return self.api == api.casefold() and name in {each.name for each in self.known}",
    ),
    off(
        "a family takes in every verb that is not known to read",
        f"{_GROUPS}::test_a_new_member_of_a_family_is_covered_on_its_first_day",
        "shared/policy/control/family.py",
        r"\.(?!{READS}(?:\.|$)).+",
        r"\.ReadWrite\..+",
    ),
    off(
        "a wildcard never means a permission that writes",
        f"{_PERMISSIONS}::test_a_wildcard_means_what_only_reads",
        "shared/policy/approval.py",
        "not (reads_only(name) and _why(resolved) is None)",
        "reads_only(pattern)",
    ),
    off(
        "a wildcard for every API is a wildcard",
        f"{_PERMISSIONS}::test_every_api_is_a_wildcard_too",
        "shared/policy/policy_file.py",
        'if (rule.api == "*" or "*" in pattern) and matches_nothing(pattern):',
        'if "*" in pattern and matches_nothing(pattern):',
    ),
    off(
        "what leads to control is never automatic",
        f"{_PERMISSIONS}::test_what_leads_to_control_and_what_is_not_named_is_never_automatic",
        "shared/policy/policy_file.py",
        'if (why := leads_to(api.app_id, "", name)) is not None:',
        'if (why := leads_to("", "", name)) is not None:',
    ),
    off(
        "an approver is told what a permission leads to",
        f"{_CONTROL}::test_no_approval_buys_tier_0_unseen",
        "shared/policy/approval.py",
        "(*_leading_to_control(permissions), *_of_the_request(request, policy),",
        "(*_of_the_request(request, policy),",
    ),
    off(
        "who approved before it was told what it leads to has not approved that",
        f"{_CONTROL}::test_an_approval_given_before_it_was_told_what_it_leads_to_is_not_for_that",
        "shared/policy/approval.py",
        "*([told] if told else [])",
        "*([told] if not permissions else [])",
    ),
    off(
        "the doctor names apps that hold what is never given, whoever gave it",
        "tests/unit/doctor/test_control.py::test_an_app_that_asks_for_or_holds_what_is_never_given_is_named",
        "doctor/invariants/control.py",
        "if names := names | held.get(app.client_id, set()):",
        "if names:",
    ),
)
