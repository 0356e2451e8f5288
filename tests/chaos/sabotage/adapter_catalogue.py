"""Protections of adapters and SDK set-up."""

from tests.chaos.sabotage.replacement import off

_ADAPTERS = "tests/contract/adapters"
_TOKENS = "tests/unit/adapters/test_entra_tokens.py"

ADAPTER_SABOTAGES = (
    off(
        "the SDK never repeats addPassword",
        f"{_ADAPTERS}/test_graph_failures.py::test_addpassword_is_called_once_whatever_the_server_error",
        "shared/adapters/graph/client.py",
        "RetryHandlerOption(0, 0, should_retry=False)",
        "RetryHandlerOption(0, 3, should_retry=True)",
    ),
    off(
        "a lookup that failed is not an empty one",
        f"{_ADAPTERS}/test_graph_failures.py::test_a_throttled_call_is_made_once_and_names_the_pause",
        "shared/adapters/graph/client.py",
        "if error.response_status_code == _NOT_FOUND:",
        "if (error.response_status_code or 0) >= 400:",
    ),
    off(
        "an application is upserted by its name",
        f"{_ADAPTERS}/test_applications.py::test_the_first_upsert_answers_the_ids_and_the_next_none",
        "shared/adapters/graph/requests.py",
        'request.headers.add("Prefer", "create-if-missing")',
        'request.headers.add("Prefer", "return=representation")',
    ),
    off(
        "one works on an app at a time (blob lease)",
        f"{_ADAPTERS}/test_storage.py::test_a_lease_is_held_by_one",
        "shared/adapters/storage/leases.py",
        "            if error.status_code == _CONFLICT:\n",
        "            if error.status_code == _CONFLICT:\n                return BlobLeaseClient(blob)\n",
    ),
    off(
        "a lost lease is noticed",
        f"{_ADAPTERS}/test_storage.py::test_a_lease_that_ran_out_and_was_taken_is_lost",
        "shared/adapters/storage/leases.py",
        "if now - self._renewed < _RENEW_AFTER:",
        "if now >= self._renewed:",
    ),
    off(
        "a record is saved over what was read only (ETag)",
        f"{_ADAPTERS}/test_storage.py::test_a_record_is_saved_over_what_was_read_only",
        "shared/adapters/storage/table.py",
        "                    etag=etag,\n                    match_condition=MatchConditions.IfNotModified,\n",
        "",
    ),
    off(
        "a claim is the first one's",
        f"{_ADAPTERS}/test_storage.py::test_a_claim_is_the_first_ones",
        "shared/adapters/storage/tables.py",
        "        return claim_from(found[0])\n",
        "        return claim\n",
    ),
    off(
        "each generation is listed by itself",
        f"{_ADAPTERS}/test_storage.py::test_each_generation_of_an_operation_is_listed_by_itself",
        "shared/core/naming.py",
        'return operation_id if generation == 1 else f"{operation_id}-{generation}"',
        "return operation_id",
    ),
    off(
        "work messages never expire",
        f"{_ADAPTERS}/test_queues.py::test_work_never_expires_and_no_delay_is_longer_than_the_service_takes",
        "shared/adapters/storage/queues.py",
        "_NEVER_EXPIRES = -1",
        "_NEVER_EXPIRES = 7 * 24 * 3600",
    ),
    off(
        "the value itself is written to the vault",
        f"{_ADAPTERS}/test_vault.py::test_a_stored_secret_is_described_and_read",
        "shared/adapters/vault/secrets.py",
        "                value.reveal(),\n                content_type",
        '                "",\n                content_type',
    ),
    off(
        "the vault's client leaves waiting to the operation",
        f"{_ADAPTERS}/test_vault_failures.py::test_a_throttled_call_is_made_once_and_names_the_pause",
        "shared/adapters/vault/options.py",
        "CallOptions(retry_total=1, retry_status=0,",
        "CallOptions(retry_total=3, retry_status=3,",
    ),
    off(
        "a refused secret is no proof",
        f"{_ADAPTERS}/test_passwords.py::test_another_value_is_not_proven",
        "shared/adapters/entra/sign_in_codes.py",
        "if given and given <= NOT_ACCEPTED:",
        "if not given:",
    ),
    off(
        "a list of changes goes on at Graph only",
        f"{_ADAPTERS}/test_changes.py::test_a_link_that_leads_elsewhere_is_not_followed",
        "shared/adapters/graph/changes.py",
        "if not link.startswith(self._root):",
        "if link == self._root:",
    ),
    off(
        "a token for another audience opens nothing",
        f"{_TOKENS}::test_a_token_that_is_wrong_in_one_thing_is_refused",
        "shared/adapters/entra/tokens.py",
        '    "verify_aud": True,\n    "strict_aud": True,\n',
        '    "verify_aud": False,\n',
    ),
    off(
        "a token without the role opens nothing",
        f"{_TOKENS}::test_without_the_role_nobody_is_let_in",
        "shared/adapters/entra/tokens.py",
        "if role not in caller.roles:",
        "if not role:",
    ),
)
