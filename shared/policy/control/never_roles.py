"""Never granted: permissions that grant roles, consents and access, or already include everything."""

from shared.policy.control.family import EXCHANGE, SHAREPOINT, Family, either, known, named, writes

NEVER_ROLES = (
    Family(
        "assigns roles, Global Administrator among them, makes somebody eligible for them, or loosens what guards that",
        writes(r"Role(?:Management|Assignment|Eligibility)\w*(?:-\w+)?|Privileged\w+(?:-\w+)?"),
        known("""
            Role  124325f3-0c46-4c57-a050-d6d1a82510f6 PrivilegedAccess-CustomExt.ReadWrite.All
            Role  854d9ab1-6657-4ec8-be45-823027bcd009 PrivilegedAccess.ReadWrite.AzureAD
            Scope 3c3c74f5-cdaa-4a97-b7e0-4e788bfcfb37 PrivilegedAccess.ReadWrite.AzureAD
            Role  2f6817f8-7b12-4f0f-bc18-eeaf60705a9e PrivilegedAccess.ReadWrite.AzureADGroup
            Scope 32531c59-1f32-461f-b8df-6f8a3b89f73b PrivilegedAccess.ReadWrite.AzureADGroup
            Role  6f9d5abc-2db6-400b-a267-7de22a40fb87 PrivilegedAccess.ReadWrite.AzureResources
            Scope a84a9652-ffd3-496e-a991-22ba5529156a PrivilegedAccess.ReadWrite.AzureResources
            Role  41202f2c-f7ab-45be-b001-85c9728b9d69 PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup
            Scope 06dbc45d-6708-4ef0-a797-f797ee68bf4b PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup
            Role  81adad77-a25a-489d-ac43-321115620139 PrivilegedAssignmentSchedule.ReadWrite.EntraAppRole
            Role  55d1104b-3821-413d-b3ca-e2393d333cd3 PrivilegedAssignmentSchedule.Remove.AzureADGroup
            Scope ca5fe595-68ff-4dfd-907d-4509501a0e49 PrivilegedAssignmentSchedule.Remove.AzureADGroup
            Role  618b6020-bca8-4de6-99f6-ef445fa4d857 PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup
            Scope ba974594-d163-484e-ba39-c330d5897667 PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup
            Role  7f4c39f1-1aa7-44b7-ab05-38df2609c37a PrivilegedEligibilitySchedule.ReadWrite.EntraAppRole
            Role  55745561-7572-4314-a737-a2c2a1b0dd2e PrivilegedEligibilitySchedule.Remove.AzureADGroup
            Scope c5ea9ab4-9b41-4c09-a400-53e652fb5096 PrivilegedEligibilitySchedule.Remove.AzureADGroup
            Role  dd199f4a-f148-40a4-a2ec-f0069cc799ec RoleAssignmentSchedule.ReadWrite.Directory
            Scope 8c026be3-8e26-4774-9372-8d5d6f21daff RoleAssignmentSchedule.ReadWrite.Directory
            Role  d3495511-98b7-4df3-b317-4e35c19f6129 RoleAssignmentSchedule.Remove.Directory
            Scope f71cd05c-3fdb-4568-aef2-e1cf62ee20d4 RoleAssignmentSchedule.Remove.Directory
            Role  fee28b28-e1f3-4841-818e-2704dc62245f RoleEligibilitySchedule.ReadWrite.Directory
            Scope 62ade113-f8e0-4bf9-a6ba-5acb31db32fd RoleEligibilitySchedule.ReadWrite.Directory
            Role  79c7e69c-0d9f-4eff-97a8-49170a5a08ba RoleEligibilitySchedule.Remove.Directory
            Scope 58ac4fa2-b484-4d6e-ba97-beee2a574220 RoleEligibilitySchedule.Remove.Directory
            Role  274d0592-d1b6-44bd-af1d-26d259bcb43a RoleManagement.ReadWrite.CloudPC
            Scope 501d06f8-07b8-4f18-b5c6-c191a4af7a82 RoleManagement.ReadWrite.CloudPC
            Role  8b7e8c0a-7e9d-4049-97ec-04b5e1bcaf05 RoleManagement.ReadWrite.Defender
            Scope d8914f8f-9f64-4bd1-b4d3-f5a701ed8457 RoleManagement.ReadWrite.Defender
            Role  9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8 RoleManagement.ReadWrite.Directory
            Scope d01b97e9-cbc0-49fe-810a-750afd5527a3 RoleManagement.ReadWrite.Directory
            Role  025d3225-3f02-4882-b4c0-cd5b541a4e80 RoleManagement.ReadWrite.Exchange
            Scope c1499fe0-52b1-4b22-bed2-7a244e0e879f RoleManagement.ReadWrite.Exchange
            Role  11059518-d6a6-4851-98ed-509268489c4a RoleManagementAlert.ReadWrite.Directory
            Scope 435644c6-a5b1-40bf-8f52-fe8e5b53e19c RoleManagementAlert.ReadWrite.Directory
            Role  b38dcc4d-a239-4ed6-aa84-6c65b284f97c RoleManagementPolicy.ReadWrite.AzureADGroup
            Scope 0da165c7-3f15-4236-b733-c0b0f6abe41d RoleManagementPolicy.ReadWrite.AzureADGroup
            Role  31e08e0a-d3f7-4ca2-ac39-7343fb83e8ad RoleManagementPolicy.ReadWrite.Directory
            Scope 1ff1be21-34eb-448c-9ac9-ce1f506b2a68 RoleManagementPolicy.ReadWrite.Directory
            Role  ec563bdb-80dc-47c0-81d3-bff47cc6ac06 RoleManagementPolicy.ReadWrite.EntraAppRole
        """),
    ),
    Family(
        "grants consents and permissions of applications, and so gives itself every other permission",
        either(
            writes("AppRoleAssignment|DelegatedPermissionGrant"),
            named(r"ConsentRequest\.(?!Read$|Read\.|Create$).+"),
            named(r"[^.]+\.[^.]*Consent[^.]*(?:\.\w+)?"),
            named(r"TeamsAppInstallation\.ManageSelected\w+(?:\.\w+)?"),
        ),
        known("""
            Role  06b708a9-e830-4db3-a914-8e69da51d44f AppRoleAssignment.ReadWrite.All
            Scope 84bccea3-f856-4a8a-967b-dbe0a3d53a64 AppRoleAssignment.ReadWrite.All
            Scope e694a3a1-7878-46d8-8c29-3d195f6589f4 ConsentRequest.ReadApprove.All
            Role  9f1b81a7-0223-4428-bfa4-0bcb5535f27d ConsentRequest.ReadWrite.All
            Scope 497d9dfa-3bd1-481a-baab-90895e54568c ConsentRequest.ReadWrite.All
            Role  8e8e4742-1d95-4f68-9d56-6ee75648c72a DelegatedPermissionGrant.ReadWrite.All
            Scope 41ce6ca6-6826-4807-84f1-1c82854f7ee5 DelegatedPermissionGrant.ReadWrite.All
            Scope d1ba22c6-3f02-4c91-addb-bc3399bcca88 TeamsAppInstallation.ManageSelectedForChat
            Role  22b74aab-d9e4-46f7-9424-f24b42307227 TeamsAppInstallation.ManageSelectedForChat.All
            Scope c67b2d7e-6b80-4218-938a-05e73058e42d TeamsAppInstallation.ManageSelectedForTeam
            Role  b448d252-1f26-4227-b6ff-21ab510975a2 TeamsAppInstallation.ManageSelectedForTeam.All
            Scope 830c2bd9-c335-4caf-bf83-c07fa8a23ef1 TeamsAppInstallation.ManageSelectedForUser
            Role  e97a9235-5b3c-43c4-b37d-6786a173fae4 TeamsAppInstallation.ManageSelectedForUser.All
            Scope e1408a66-8f82-451b-a2f3-3c3e38f7413f TeamsAppInstallation.ReadWriteAndConsentForChat
            Role  6e74eff9-4a21-45d6-bc03-3a20f61f8281 TeamsAppInstallation.ReadWriteAndConsentForChat.All
            Scope 946349d5-2a9d-4535-abc0-7beeacaedd1d TeamsAppInstallation.ReadWriteAndConsentForTeam
            Role  b0c13be0-8e20-4bc5-8c55-963c23a39ce9 TeamsAppInstallation.ReadWriteAndConsentForTeam.All
            Scope 2da62c49-dfbd-40df-ba16-fef3529d391c TeamsAppInstallation.ReadWriteAndConsentForUser
            Role  32ca478f-f89e-41d0-aaf8-101deb7da510 TeamsAppInstallation.ReadWriteAndConsentForUser.All
            Scope a0e0e18b-8fb2-458f-8130-da2d7cab9c75 TeamsAppInstallation.ReadWriteAndConsentSelfForChat
            Role  ba1ba90b-2d8f-487e-9f16-80728d85bb5c TeamsAppInstallation.ReadWriteAndConsentSelfForChat.All
            Scope 4a6bbf29-a0e1-4a4d-a7d1-cef17f772975 TeamsAppInstallation.ReadWriteAndConsentSelfForTeam
            Role  1e4be56c-312e-42b8-a2c9-009600d732c0 TeamsAppInstallation.ReadWriteAndConsentSelfForTeam.All
            Scope 7a349935-c54d-44ab-ab66-1b460d315be7 TeamsAppInstallation.ReadWriteAndConsentSelfForUser
            Role  a87076cf-6abd-4e56-8559-4dbdf41bef96 TeamsAppInstallation.ReadWriteAndConsentSelfForUser.All
        """),
    ),
    Family(
        "gives access packages, and with them groups and roles, to whom it likes",
        writes("EntitlementManagement"),
        known("""
            Role  9acd699f-1e81-4958-b001-93b1d2506e19 EntitlementManagement.ReadWrite.All
            Scope ae7a573d-81d7-432b-ad44-4ed5c9d89038 EntitlementManagement.ReadWrite.All
        """),
    ),
    Family(
        "gives groups of a partner, or of a governing tenant, administrative roles in a tenant",
        writes(r"DelegatedAdminRelationship|TenantGovernance(?:-\w+)?"),
        known("""
            Role  cc13eba4-8cd8-44c6-b4d4-f93237adce58 DelegatedAdminRelationship.ReadWrite.All
            Scope 885f682f-a990-4bad-a642-36736a74b0c7 DelegatedAdminRelationship.ReadWrite.All
            Scope 42b91635-3803-4af2-a2d5-e91127f9c488 TenantGovernance-Invitation.ReadWrite.All
            Scope 7cd0bd21-45fe-4c8e-a549-3c95bd27d185 TenantGovernance-PolicyTemplate.ReadWrite.All
            Scope e61db2de-de55-461e-942d-52a028ed1076 TenantGovernance-RelatedTenant.ReadWrite.All
            Scope 3fbcd6a3-a9a5-4d69-8a78-acc7d7195180 TenantGovernance-Relationship.ReadWrite.All
            Scope 3c7a434e-4e5d-413f-be82-b77ea4ba5a4d TenantGovernance-Request.ReadWrite.All
            Scope 135f3533-12fc-4608-97ac-5c5cea64baf0 TenantGovernance-Setting.ReadWrite.All
        """),
    ),
    Family(
        "writes the directory as a whole, or acts in it as whoever is signed in, roles and groups included",
        writes("Directory"),
        known("""
            Scope 0e263e50-5827-48a4-b97c-d940288653c7 Directory.AccessAsUser.All
            Role  19dbc75e-c2e2-444c-a770-ec69d8559fc7 Directory.ReadWrite.All
            Scope c5366453-9fb0-48a5-a156-24f0c49a4b84 Directory.ReadWrite.All
        """),
    ),
    Family(
        "has every site of SharePoint in its hand, and may give that to other applications",
        named(r"Sites\.FullControl\.All"),
        known("""
            Role  a82116e5-55eb-4c41-a434-62fe8a61c773 Sites.FullControl.All
            Scope 5a54b8b3-347c-476d-8f8e-42d5c7424d29 Sites.FullControl.All
        """),
    ),
    Family(
        "opens every mailbox of the organisation, administrators' among them",
        named("full_access_as_(?:app|user)"),
        known("""
            Role  dc890d15-9560-4a4c-9b7f-a736ec74ec40 full_access_as_app
        """),
        EXCHANGE,
    ),
    Family(
        "has every site of SharePoint in its hand, and may give that to other applications",
        named(r"(?:All)?Sites\.FullControl(?:\.All)?"),
        known("""
            Role  678536fe-1083-478a-9c59-b99265e6b0d3 Sites.FullControl.All
            Scope 56680e0d-d2a3-4ae1-80d8-3c4f2100e3d0 AllSites.FullControl
        """),
        SHAREPOINT,
    ),
)
