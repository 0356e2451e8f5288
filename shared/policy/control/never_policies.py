"""Never granted: permissions that write the tenant's rules of trust and access."""

from shared.policy.control.family import Family, known, writes

NEVER_POLICIES = (
    Family(
        "makes another system's word count about who signs in, as any person it likes",
        writes(r"Domain(?:-\w+)?|IdentityProvider|OnPremDirectorySynchronization"),
        known("""
            Role  64d40371-8d58-4270-bc8a-b4a66de36b9a Domain-InternalFederation.ReadWrite.All
            Scope 857bd3ea-490e-4284-88a7-a7de1893b6ee Domain-InternalFederation.ReadWrite.All
            Role  7e05723c-0bb0-42da-be95-ae9f08a6e53c Domain.ReadWrite.All
            Scope 0b5d694c-a244-4bde-86e6-eb5cd07730fe Domain.ReadWrite.All
            Role  90db2b9a-d928-4d33-a4dd-8442ae3d41e4 IdentityProvider.ReadWrite.All
            Scope f13ce604-1677-429f-90bd-8a10b9f01325 IdentityProvider.ReadWrite.All
            Role  c22a92cc-79bf-4bb1-8b6c-e0a05d3d80ce OnPremDirectorySynchronization.ReadWrite.All
            Scope c2d95988-7604-4ba1-aaed-38a5f82a51c7 OnPremDirectorySynchronization.ReadWrite.All
        """),
    ),
    Family(
        "writes the policies that guard the tenant: who signs in how, what they may consent to, whom it trusts",
        writes("Policy|AuthenticationContext"),
        known("""
            Role  a88eef72-fed0-4bf7-a2a9-f19df33f8b83 AuthenticationContext.ReadWrite.All
            Scope ba6d575a-1344-4516-b777-1404f5593057 AuthenticationContext.ReadWrite.All
            Role  77c863fd-06c0-47ce-a7eb-49773e89d319 Policy.ReadWrite.AccessReview
            Scope 4f5bc9c8-ea54-4772-973a-9ca119cb0409 Policy.ReadWrite.AccessReview
            Role  be74164b-cff1-491c-8741-e671cb536e13 Policy.ReadWrite.ApplicationConfiguration
            Scope b27add92-efb2-4f16-84f5-8108ba77985c Policy.ReadWrite.ApplicationConfiguration
            Role  25f85f3c-f66c-4205-8cd5-de92dd7f0cec Policy.ReadWrite.AuthenticationFlows
            Scope edb72de9-4252-4d03-a925-451deef99db7 Policy.ReadWrite.AuthenticationFlows
            Role  29c18626-4985-4dcd-85c0-193eef327366 Policy.ReadWrite.AuthenticationMethod
            Scope 7e823077-d88e-468f-a337-e18f1f0e6c7c Policy.ReadWrite.AuthenticationMethod
            Role  fb221be6-99f2-473f-bd32-01c6a0e9ca3b Policy.ReadWrite.Authorization
            Scope edd3c878-b384-41fd-95ad-e7407dd775be Policy.ReadWrite.Authorization
            Role  50c51436-099b-4545-b39b-9fdf1274707c Policy.ReadWrite.B2BManagementPolicy
            Role  886bd2d9-5b8b-4b49-adea-ca75fb50d9ef Policy.ReadWrite.B2BManagementPolicy
            Scope f976d038-b068-4e1f-9c5e-d2fb27e4b453 Policy.ReadWrite.B2BManagementPolicy
            Role  01c0a623-fc9b-48e9-b794-0756f8e8f067 Policy.ReadWrite.ConditionalAccess
            Scope ad902697-1014-4ef5-81ef-2b4301988e8c Policy.ReadWrite.ConditionalAccess
            Role  999f8c63-0a38-4f1b-91fd-ed1947bdd1a9 Policy.ReadWrite.ConsentRequest
            Scope 4d135e65-66b8-41a8-9f8b-081452c91774 Policy.ReadWrite.ConsentRequest
            Role  338163d7-f101-4c92-94ba-ca46fe52447c Policy.ReadWrite.CrossTenantAccess
            Scope 014b43d0-6ed4-4fc6-84dc-4b6f7bae7d85 Policy.ReadWrite.CrossTenantAccess
            Role  a6325ae7-2b73-4dbd-abed-fbeacfbf8696 Policy.ReadWrite.CrossTenantCapability
            Scope 9ef7463f-1d39-406f-89ea-3483a4645e1c Policy.ReadWrite.CrossTenantCapability
            Role  230fb2d5-aa21-49c1-bfa7-ae1be179d867 Policy.ReadWrite.DeviceConfiguration
            Scope 40b534c3-9552-4550-901b-23879c90bcf9 Policy.ReadWrite.DeviceConfiguration
            Role  03cc4f92-788e-4ede-b93f-199424d144a5 Policy.ReadWrite.ExternalIdentities
            Scope b5219784-1215-45b5-b3f1-88fe1081f9c0 Policy.ReadWrite.ExternalIdentities
            Role  2044e4f1-e56c-435b-925c-44cd8f6ba89a Policy.ReadWrite.FeatureRollout
            Scope 92a38652-f13b-4875-bc77-6e1dbb63e1b2 Policy.ReadWrite.FeatureRollout
            Role  90bbca0b-227c-4cdc-8083-1c6cfb95bac6 Policy.ReadWrite.FedTokenValidation
            Scope be1be369-4540-4ac9-8928-79de99f70d8f Policy.ReadWrite.FedTokenValidation
            Role  2dcf8603-09eb-4078-b1ec-d30a1a76b873 Policy.ReadWrite.IdentityProtection
            Scope 7256e131-3efb-4323-9854-cf41c6021770 Policy.ReadWrite.IdentityProtection
            Scope a8ead177-1889-4546-9387-f25e658e2a79 Policy.ReadWrite.MobilityManagement
            Scope d87a6c97-eed7-4e98-bf63-9b2becc48899 Policy.ReadWrite.OnPremAuthenticationPolicy
            Role  a402ca1c-2696-4531-972d-6e5ee4aa11ea Policy.ReadWrite.PermissionGrant
            Scope 2672f8bb-fd5e-42e0-85e1-ec764dd2614e Policy.ReadWrite.PermissionGrant
            Role  795fc94d-3deb-4632-b1eb-e6d1a5f44918 Policy.ReadWrite.Recovery
            Role  1c6e93a6-28e2-4cbb-9f64-1a46a821124d Policy.ReadWrite.SecurityDefaults
            Scope 0b2a744c-2abf-4f1e-ad7e-17a087e2be99 Policy.ReadWrite.SecurityDefaults
            Role  79a677f7-b79d-40d0-a36a-3e6f8688dd7a Policy.ReadWrite.TrustFramework
            Scope cefba324-1a70-4a6e-9c1d-fd670b7ae392 Policy.ReadWrite.TrustFramework
        """),
    ),
    Family(
        "writes the attributes by which access is decided",
        writes(r"CustomSecAttribute\w+"),
        known("""
            Role  de89b5e4-5b8f-48eb-8925-29c2b33bd8bd CustomSecAttributeAssignment.ReadWrite.All
            Scope ca46335e-8453-47cd-a001-8459884efeae CustomSecAttributeAssignment.ReadWrite.All
            Role  12338004-21f4-4896-bf5e-b75dfaf1016d CustomSecAttributeDefinition.ReadWrite.All
            Scope 8b0160d4-5743-482b-bb27-efc0a485ca4a CustomSecAttributeDefinition.ReadWrite.All
            Role  1db69e9c-8d0a-498d-a5df-11fd0b68ceab CustomSecAttributeProvisioning.ReadWrite.All
            Scope 1140d9e4-6776-433e-a9e4-b9831adbb2e0 CustomSecAttributeProvisioning.ReadWrite.All
        """),
    ),
)
