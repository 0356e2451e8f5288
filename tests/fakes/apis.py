"""APIs whose permissions the in-memory tenant offers, and what the token endpoint calls them."""

from dataclasses import replace

from shared.model.directory import Api, ApiPermission
from shared.registration.permissions import MICROSOFT_TENANT

DIGITAL_TWINS = Api(
    service_principal_id="5b000000-0000-4000-8000-000000000001",
    app_id="0b07f429-9f4b-4714-9392-cc5e8e80c8b0",
    display_name="Azure Digital Twins",
    owner_organization_id=MICROSOFT_TENANT,
    permissions=(ApiPermission("4589bd03-58cb-4e6c-b17f-b580e39652f8", "Read.Write", "Scope", enabled=True),),
)
MICROSOFT_GRAPH = Api(
    service_principal_id="5b000000-0000-4000-8000-000000000002",
    app_id="00000003-0000-0000-c000-000000000000",
    display_name="Microsoft Graph",
    owner_organization_id=MICROSOFT_TENANT,
    permissions=(
        ApiPermission("e1fe6dd8-ba31-4d61-89e7-88639da4683d", "User.Read", "Scope", enabled=True),
        ApiPermission("df021288-bdef-4463-88db-98f22de89214", "User.Read.All", "Role", enabled=True),
        ApiPermission("1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9", "Application.ReadWrite.All", "Role", enabled=True),
        ApiPermission(
            "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8", "RoleManagement.ReadWrite.Directory", "Role", enabled=True
        ),
        ApiPermission("e383f46e-2787-4529-855e-0e479a3ffac0", "Mail.Send", "Scope", enabled=True),
        ApiPermission("b633e1c5-b582-4048-a93e-9f11b44c7e96", "Mail.Send", "Role", enabled=True),
        ApiPermission("00000000-0000-4000-8000-00000000abcd", "Policy.ReadWrite.BrandNew", "Scope", enabled=True),
    ),
)
AUDIENCES = {
    "https://digitaltwins.azure.net": DIGITAL_TWINS.app_id,
    "https://graph.microsoft.com": MICROSOFT_GRAPH.app_id,
}
"""Names of APIs that the token endpoint knows; it knows every appId besides."""


def with_owner(api: Api, organization: str, service_principal_id: str) -> Api:
    """Another party's API with the same name."""
    return replace(
        api, owner_organization_id=organization, service_principal_id=service_principal_id, app_id=service_principal_id
    )
