"""Protections before the first write: what Entra would refuse, and what somebody has disabled."""

from tests.chaos.sabotage.replacement import off

_BEFOREHAND = "tests/component/registration/test_beforehand.py"
_URIS = "tests/component/registration/test_redirect_uris.py"
_PERSONAL = "tests/component/registration/test_personal_accounts.py"
_DISABLED = "tests/component/registration/test_disabled_principals.py"
_LIMITS = "shared/policy/entra_limits.py"
_REFUSED = f"{_BEFOREHAND}::test_what_entra_refuses_is_refused_at_its_field_and_nothing_exists"

CHECKS_SABOTAGES = (
    off(
        "one redirect URI stands on one platform",
        f"{_REFUSED}[one URI under web and spa]",
        _LIMITS,
        "    yield from _uris_on_two_platforms(request, change)\n",
        "",
    ),
    off(
        "a URN is refused where Entra refuses it",
        f"{_REFUSED}[a URN under publicClient]",
        _LIMITS,
        'if uri.casefold().startswith("urn:") and platform != "web":',
        'if uri.casefold().startswith("urn:") and not platform:',
    ),
    off(
        "redirect URIs of others are counted",
        f"{_URIS}::test_more_than_256_uris_with_those_of_others_are_refused",
        "shared/registration/beforehand.py",
        "after=merge(before, wanted, attempt.application.applied),",
        "after=wanted,",
    ),
    off(
        "Entra's limits judge what a request changes",
        f"{_URIS}::test_what_an_app_has_is_no_problem_of_a_request_that_leaves_it",
        _LIMITS,
        "        if set(places) <= before:\n            continue\n",
        "",
    ),
    off(
        "what others added is told to the app's own people alone",
        f"{_URIS}::test_only_the_apps_own_people_hear_what_others_added",
        "shared/registration/register.py",
        "    if is_theirs and is_managed:\n",
        "    if problems is not None:\n",
    ),
    off(
        "an audience with personal accounts gets the version of tokens that it needs",
        f"{_PERSONAL}::test_an_app_for_personal_accounts_works_end_to_end",
        "shared/registration/application.py",
        "PERSONAL_TOKEN_VERSION if spec.sign_in_audience in PERSONAL_AUDIENCES else None",
        "None",
    ),
    off(
        "the version of tokens that others set stays theirs",
        f"{_PERSONAL}::test_the_version_of_tokens_that_others_set_stays_theirs",
        "shared/model/convergence.py",
        '        merged["requested_access_token_version"] = seen.requested_access_token_version\n',
        '        merged["requested_access_token_version"] = None\n',
    ),
    off(
        "a disabled API is refused before anything is written",
        f"{_DISABLED}::test_an_api_that_is_disabled_is_refused_at_once",
        "shared/registration/permissions.py",
        "            if not api.enabled:\n",
        "            if not api.app_id:\n",
    ),
    off(
        "a disabled app is never completed",
        f"{_DISABLED}::test_an_app_without_credentials_that_is_disabled_is_not_completed_either",
        "shared/registration/application.py",
        "    if not found.enabled:\n",
        "    if not found.object_id:\n",
    ),
    off(
        "a rotation that has no room for a secret says so before it makes anything",
        f"{_PERSONAL}::test_a_rotation_that_has_no_room_says_so_before_it_makes_anything",
        "shared/rotation/observe.py",
        "    if has_room_for_a_secret(seen.state, len(there)):\n",
        "    if has_room_for_a_secret(seen.state, 0):\n",
    ),
    off(
        "an app that is disabled is told from a secret that is not known yet",
        "tests/unit/adapters/test_sign_in_codes.py::test_an_app_that_is_disabled_waits_with_that_reason",
        "shared/adapters/entra/sign_in_codes.py",
        "    if given and given <= DISABLED:\n        return Meaning.DISABLED\n",
        "    if given and given <= DISABLED:\n        return Meaning.NOT_ACCEPTED\n",
    ),
    off(
        "the doctor warns before the quota of created objects is used up",
        "tests/unit/doctor/test_quota.py",
        "doctor/invariants/quota.py",
        "used = creator.created + creator.deleted",
        "used = creator.created",
    ),
)
