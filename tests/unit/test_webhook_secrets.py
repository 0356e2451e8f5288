"""The secrets of webhooks, as the platform hands them to the app."""

from shared.bootstrap import webhook_secrets


def test_a_reference_that_was_not_resolved_is_no_secret() -> None:
    environment = {
        "A": "s3cret",
        "B": "@Microsoft.KeyVault(SecretUri=https://x.vault.azure.net/secrets/b)",
        "D": "other",
    }
    assert webhook_secrets(environment, ["A", "B", "C"]) == {"A": "s3cret", "B": "", "C": ""}
