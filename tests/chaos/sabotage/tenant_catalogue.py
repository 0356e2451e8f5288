"""Protections of what the tenant's own rules say: read first, judged by what surely holds, and cached for minutes."""

from tests.chaos.sabotage.replacement import off

_RULES = "tests/component/credentials/test_tenant_rules.py"
_UNIT = "tests/unit/policy/test_tenant_rules.py"
_ADAPTER = "tests/unit/adapters/test_graph_policies.py"
_TENANT = "shared/policy/tenant.py"

TENANT_SABOTAGES = (
    off(
        "what the tenant forbids is told before anything is written",
        f"{_RULES}::test_a_tenant_that_forbids_secrets_rejects_and_nothing_stays_behind",
        "shared/registration/register.py",
        "        *forbidden,\n",
        "",
    ),
    off(
        "what is remembered of the tenant's rules refuses nothing",
        f"{_RULES}::test_what_is_remembered_refuses_nothing",
        "shared/credentials/tenant_rules.py",
        "    if not problems or not restrictions.remembered:\n",
        "    if restrictions is not None:\n",
    ),
    off(
        "a restriction that may not hold for the registrar is left to Graph's answer",
        f"{_RULES}::test_a_restriction_with_exemptions_is_tried",
        _TENANT,
        "found.has_exemptions and self.registrar_is_exempt is not False",
        "found.has_exemptions and self.registrar_is_exempt is True",
    ),
    off(
        "a restriction holds from its date on",
        f"{_RULES}::test_an_app_from_before_the_date_of_a_restriction_is_not_restricted",
        _TENANT,
        "        if found.since is not None and (self.created is None or self.created < found.since):\n",
        "        if self.created is None:\n",
    ),
    off(
        "an app's own policy takes the place of the tenant's",
        f"{_RULES}::test_an_apps_own_policy_takes_the_place_of_the_tenants",
        "shared/policy/tenant_reading.py",
        "    if not own:\n",
        "    if tenant is not own:\n",
    ),
    off(
        "only what a request adds is held against the tenant's rules",
        f"{_RULES}::test_an_app_that_exists_keeps_its_secret_and_everything_else_can_change",
        "shared/registration/tenant.py",
        "has_begun or not self._is_to_be_issued(spec.name):",
        "has_begun:",
    ),
    off(
        "a rotation lives no longer than the tenant allows",
        f"{_RULES}::test_a_rotation_lives_as_long_as_the_tenant_allows",
        "shared/rotation/rotate.py",
        ").within(found.longest)",
        ").within(None)",
    ),
    off(
        "a lifetime leaves room for Entra's clock",
        f"{_UNIT}::test_a_lifetime_is_cut_to_the_tenants_with_room_for_its_clock",
        _TENANT,
        "min(lifetime, longest - _MARGIN)",
        "min(lifetime, longest)",
    ),
    off(
        "a credential that leaked goes also where nothing may come in its place",
        f"{_RULES}::test_a_leaked_secret_goes_though_nothing_may_come_in_its_place",
        "shared/rotation/rotate.py",
        "    await revoke(attempt, request, found)\n    gone",
        "    gone",
    ),
    off(
        "Graph's own refusal of a credential names the field that asks for it",
        f"{_RULES}::test_a_late_refusal_names_the_field",
        "shared/credentials/tenant_rules.py",
        "[late_refusal(each, kind, type_field, lifetime_field) for each in rejected.problems]",
        "list(rejected.problems)",
    ),
    off(
        "without Policy.Read.All the registrar works on",
        f"{_ADAPTER}::test_without_the_right_nothing_is_known_and_nobody_asks_for_minutes",
        "shared/adapters/graph/policies.py",
        "except (ForbiddenError, RefusedError, ValueError) as error:",
        "except (RefusedError, ValueError) as error:",
    ),
    off(
        "a policy that could not be read allows nothing",
        f"{_ADAPTER}::test_a_read_that_failed_says_of_nothing_that_it_is_allowed",
        "shared/adapters/graph/policies.py",
        "except (ForbiddenError, RefusedError, ValueError) as error:",
        "except Exception as error:",
    ),
    off(
        "what waits for approval outlives a policy key that says nothing",
        f"{_UNIT}::test_a_policy_that_says_nothing_of_the_tenant_binds_what_it_bound_before",
        "shared/policy/policy_file.py",
        "exclude_if=lambda facts: facts == TenantFacts()",
        "exclude_if=lambda facts: facts is None",
    ),
)
