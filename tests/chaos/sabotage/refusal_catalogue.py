"""Protections of a late refusal: nothing that ends `rejected` leaves a right or a live credential behind."""

from tests.chaos.sabotage.replacement import RealSabotage, Replacement

_REFUSALS = "tests/component/test_late_refusals.py"
_REGISTER = "shared/registration/register.py"
_GRANT = """    async with job.step("grantConsent"):
        consented = not spec.admin_consent or await give_consents(job, service_principal_id, consents)
"""
_STORE = """    verified, entries = app.verified, dict[str, VaultEntry]()
"""

REFUSAL_SABOTAGES = (
    RealSabotage(
        "consent is given after the credentials",
        f"{_REFUSALS}::test_a_tenant_that_forbids_secrets_never_sees_a_consent",
        (Replacement(_REGISTER, _GRANT, ""), Replacement(_REGISTER, _STORE, _GRANT + _STORE)),
    ),
)
