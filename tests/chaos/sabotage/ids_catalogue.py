"""Protections of ids and audiences, and of what a refused sign-in proves."""

from tests.chaos.sabotage.replacement import off

_CODES = "tests/unit/adapters/test_sign_in_codes.py"
_UNCLEAR = "tests/component/credentials/test_unclear_sign_ins.py"
_SHARED = "tests/component/registration/test_shared_ids.py"
_JUDGED = "shared/adapters/entra/sign_in_codes.py"

IDS_SABOTAGES = (
    off(
        "an API's audience is policy's word or its appId",
        f"{_SHARED}::test_both_are_requested_consented_and_answered",
        "shared/policy/policy_file.py",
        "rules.resource_uri is not None else app_id",
        'rules.resource_uri is not None else "https://canary.graph.microsoft.com"',
    ),
    off(
        "policy's word for an audience is heard",
        "tests/component/registration/test_registration.py::test_a_request_makes_an_app_whose_stored_secret_signs_in",
        "shared/policy/policy_file.py",
        "return rules.resource_uri if rules is not None and",
        "return rules.resource_uri if rules is None and",
    ),
    off(
        "an unknown code is no proof",
        f"{_CODES}::test_every_other_code_is_unclear_and_told",
        _JUDGED,
        "return Meaning.UNCLEAR",
        "return Meaning.ACCEPTED",
    ),
    off(
        "of several codes each has to prove",
        f"{_CODES}::test_several_codes_prove_something_only_if_each_does",
        _JUDGED,
        "if given and given <= ACCEPTED:",
        "if given & ACCEPTED:",
    ),
    off(
        "half a refusal refutes no credential",
        f"{_CODES}::test_several_codes_prove_something_only_if_each_does",
        _JUDGED,
        "if given and given <= NOT_ACCEPTED:",
        "if given & NOT_ACCEPTED:",
    ),
    off(
        "nothing is converted into a code that proves",
        f"{_CODES}::test_what_are_no_codes_of_entras_prove_nothing",
        "shared/adapters/entra/sign_in.py",
        "type(code) is int and 0 < code < _LARGEST_CODE",
        "int(code) in range(1, _LARGEST_CODE)",
    ),
    off(
        "an unclear sign-in is not the end of a leaked credential",
        f"{_UNCLEAR}::test_an_unclear_sign_in_is_not_the_end_of_a_leaked_credential",
        "shared/rotation/revoke.py",
        "    except NotYetVisibleError:\n        await attempt.save_operation(",
        "    except Exception:\n        await attempt.save_operation(",
    ),
    off(
        "the reason that an operation waits for has Entra's number",
        f"{_UNCLEAR}::test_a_registration_waits_under_the_number_and_goes_on_by_itself",
        "shared/operations/retry.py",
        "return error.numbered",
        "return error.reason",
    ),
    off(
        "the doctor holds a permission to be its id and its type",
        f"{_SHARED}::test_the_doctor_does_not_take_the_role_for_the_scope_that_policy_gives",
        "doctor/invariants/permissions.py",
        "found.add((api.client_id, permission.id, permission.type))",
        'found |= {(api.client_id, permission.id, "Role"), (api.client_id, permission.id, "Scope")}',
    ),
    off(
        "a scope and a role of one id are two permissions of a request",
        f"{_SHARED}::test_both_are_requested_consented_and_answered",
        "shared/registration/permissions.py",
        "permissions |= {(p.api.app_id, p.permission.id, p.permission.type): p",
        'permissions |= {(p.api.app_id, p.permission.id, ""): p',
    ),
    off(
        "what others had is named by id and type",
        f"{_SHARED}::test_the_one_that_others_had_listed_is_told_from_the_other",
        "shared/registration/others.py",
        "called, each.type)",
        "called)",
    ),
    off(
        "the doctor takes no unknown code for a proof",
        "tests/unit/doctor/test_sign_ins.py",
        "doctor/collect/vault.py",
        "if given <= _ACCEPTED:",
        "if not given <= _NOT_ACCEPTED:",
    ),
)
