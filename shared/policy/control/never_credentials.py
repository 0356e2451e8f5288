"""Never granted: permissions that add credentials, or decide whose credentials count."""

from shared.policy.control.family import Family, either, known, named, writes

NEVER_CREDENTIALS = (
    Family(
        "adds credentials to applications, and so becomes an application that has more rights",
        writes("Application"),
        known("""
            Role  fc023787-fd04-4e44-9bc7-d454f00c0f0a Application.ReadUpdate.All
            Role  1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9 Application.ReadWrite.All
            Scope bdfbf15f-ee85-4955-8675-146e8e5296b5 Application.ReadWrite.All
            Role  18a4783c-866b-4cc7-a460-3d5e5662c884 Application.ReadWrite.OwnedBy
        """),
    ),
    Family(
        "adds credentials to agents' blueprints or says how they sign in, and so becomes agents that have more rights",
        writes(r"AgentIdentityBlueprint\w*"),
        known("""
            Role  0510736e-bdfb-4b37-9a1f-89b4a074763a AgentIdentityBlueprint.AddRemoveCreds.All
            Role  ea4b2453-ad2d-4d94-9155-10d5d9493ce9 AgentIdentityBlueprint.Create
            Role  3f80b699-6405-4e36-a4df-4f19950ff91e AgentIdentityBlueprint.DeleteRestore.All
            Role  7fddd33b-d884-4ec0-8696-72cff90ff825 AgentIdentityBlueprint.ReadWrite.All
            Role  19202363-278e-49c2-bf00-391e2ba00881 AgentIdentityBlueprint.UpdateAuthProperties.All
            Role  76232daa-a1e4-4544-b664-495a006513bf AgentIdentityBlueprint.UpdateBranding.All
            Role  8959696d-d07e-4916-9b1e-3ba9ce459161 AgentIdentityBlueprintPrincipal.Create
            Role  f86a2dd8-9298-4675-bd78-f5a3572da2d7 AgentIdentityBlueprintPrincipal.DeleteRestore.All
            Role  a0bdd23d-8b19-4682-b428-574d96527c6f AgentIdentityBlueprintPrincipal.EnableDisable.All
            Role  3bc933bc-8b4d-4cb6-ac49-b73774299250 AgentIdentityBlueprintPrincipal.ReadWrite.All
        """),
    ),
    Family(
        "registers a way to sign in for people, administrators included, and so signs in as them",
        either(
            writes(r"UserAuth(?:enticationMethod|Method)(?:-\w+)?|SignInIdentifier"),
            named(r"User\.ManageIdentities\.All"),
        ),
        known("""
            Role  7fc588a2-ea2d-4d1f-bcf7-33c324b149b8 SignInIdentifier.ReadWrite.All
            Scope b4673c3c-7b5a-4012-9826-7c7e3c8db6af SignInIdentifier.ReadWrite.All
            Role  c529cfca-c91b-489c-af2b-d92990b66ce6 User.ManageIdentities.All
            Scope 637d7bec-b31e-4deb-acc9-24275642a2c9 User.ManageIdentities.All
            Scope 696aa421-62dc-4c99-be16-015b23444089 UserAuthMethod-Email.ReadWrite
            Role  e8ecb853-1435-4a49-95ba-ec5b31b11672 UserAuthMethod-Email.ReadWrite.All
            Scope 074f680f-c89e-45be-880e-5d0642860a1c UserAuthMethod-Email.ReadWrite.All
            Scope 28c2e8f9-828a-4691-a090-f2f0b7fc07b3 UserAuthMethod-External.ReadWrite
            Role  c7a22c2e-5b01-4129-8159-6c8be2c78f16 UserAuthMethod-External.ReadWrite.All
            Scope 9d91805d-0f53-43e3-a0f3-303ad4f3056f UserAuthMethod-External.ReadWrite.All
            Scope 147ca97b-6686-4849-b37e-09d9b5ad45fc UserAuthMethod-HardwareOATH.ReadWrite
            Role  7e9ebcc1-90aa-4471-8051-e68d6b4e9c89 UserAuthMethod-HardwareOATH.ReadWrite.All
            Scope 480643f2-a162-43c5-a670-dc1494fc911b UserAuthMethod-HardwareOATH.ReadWrite.All
            Scope 9f7dfa0c-eb40-42be-8d45-8af4a9219c6f UserAuthMethod-MicrosoftAuthApp.ReadWrite
            Role  c833c349-a1ab-4b6d-94a2-fa9a8674420c UserAuthMethod-MicrosoftAuthApp.ReadWrite.All
            Scope 1b7322b2-5cb3-4f13-928f-d7ca97c5fba9 UserAuthMethod-MicrosoftAuthApp.ReadWrite.All
            Scope b2de7db9-10f7-4800-b04c-b5b91e4891d6 UserAuthMethod-Passkey.ReadWrite
            Role  0400e371-7db1-4338-a269-96069eb65227 UserAuthMethod-Passkey.ReadWrite.All
            Scope 64930478-d0ea-4671-ad72-fe0d9821df09 UserAuthMethod-Passkey.ReadWrite.All
            Scope 60cce20d-d41e-4594-b391-84bbf8cc31f3 UserAuthMethod-Password.ReadWrite
            Role  f6d38dfd-ec08-4995-8f07-23e929df0936 UserAuthMethod-Password.ReadWrite.All
            Scope 7f5b683d-df96-4690-a88d-6e336ed6dc7c UserAuthMethod-Password.ReadWrite.All
            Scope 6c4aad61-f76b-46ad-a22c-57d4d3d962af UserAuthMethod-Phone.ReadWrite
            Role  6e85d483-7092-4375-babe-0a94a8213a58 UserAuthMethod-Phone.ReadWrite.All
            Scope 48c99302-9a24-4f27-a8a7-acef4debba14 UserAuthMethod-Phone.ReadWrite.All
            Scope 70327f81-b953-43c9-92d3-131c74e4beb8 UserAuthMethod-PlatformCred.ReadWrite
            Role  1a87acf4-a9ca-4576-a974-452ea265d5f6 UserAuthMethod-PlatformCred.ReadWrite.All
            Scope cb11bf8c-dde1-4504-b6a5-31e1562b0749 UserAuthMethod-PlatformCred.ReadWrite.All
            Scope 651210da-18ce-4e42-b7db-302ff88e9326 UserAuthMethod-QR.ReadWrite
            Role  4869299f-18c3-40c8-98f2-222657e67db1 UserAuthMethod-QR.ReadWrite.All
            Scope db39086a-da7d-4cbd-9ac0-6816f9a80c95 UserAuthMethod-QR.ReadWrite.All
            Role  1bf7461f-222a-4525-9760-f7739228d0f4 UserAuthMethod-ResourceKey.ReadWrite.All
            Scope e71dec0d-02b4-429d-a49a-030950d45faa UserAuthMethod-ResourceKey.ReadWrite.All
            Scope 16721eb3-4493-4ae1-9542-264d9ffe3ce9 UserAuthMethod-SoftwareOATH.ReadWrite
            Role  787442d4-3c6e-4e99-aa95-8ccca20a48ff UserAuthMethod-SoftwareOATH.ReadWrite.All
            Scope 5b34c8b5-2396-4b35-b284-83fb6a3e73ce UserAuthMethod-SoftwareOATH.ReadWrite.All
            Scope 2424436d-902f-4651-a1c7-b3b93147c960 UserAuthMethod-TAP.ReadWrite
            Role  627169a8-8c15-451c-861a-5b80e383de5c UserAuthMethod-TAP.ReadWrite.All
            Scope 05de4a66-e51a-4312-842a-30c8094698d2 UserAuthMethod-TAP.ReadWrite.All
            Scope f11e1db9-d419-4a24-b677-792723ffd727 UserAuthMethod-WindowsHello.ReadWrite
            Role  f14eee8a-713e-45aa-8223-2ab74632db1a UserAuthMethod-WindowsHello.ReadWrite.All
            Scope 13eae17d-aaa4-47b8-aaee-0eb33c6e2450 UserAuthMethod-WindowsHello.ReadWrite.All
            Scope 48971fc1-70d7-4245-af77-0beb29b53ee2 UserAuthenticationMethod.ReadWrite
            Role  50483e42-d915-4231-9639-7fdb7fd190e5 UserAuthenticationMethod.ReadWrite.All
            Scope b7887744-6746-4312-813d-72daeaee7e2d UserAuthenticationMethod.ReadWrite.All
        """),
    ),
    Family(
        "sets passwords of people, and so signs in as them",
        writes("User-PasswordProfile"),
        known("""
            Role  cc117bb9-00cf-4eb8-b580-ea2a878fe8f7 User-PasswordProfile.ReadWrite.All
            Scope 56760768-b641-451f-8906-e1b8ab31bca7 User-PasswordProfile.ReadWrite.All
        """),
    ),
    Family(
        "locks every administrator out, or deletes them, and decides whether they come back",
        named(r"User\.(?:EnableDisableAccount|DeleteRestore)(?:\.\w+)?"),
        known("""
            Role  eccc023d-eccf-4e7b-9683-8813ab36cecc User.DeleteRestore.All
            Scope 4bb440cd-2cf2-4f90-8004-aa2acd2537c5 User.DeleteRestore.All
            Role  3011c876-62b7-4ada-afa2-506cbbecc68c User.EnableDisableAccount.All
            Scope f92e74e7-2563-467f-9dd0-902688cb5863 User.EnableDisableAccount.All
        """),
    ),
    Family(
        "runs workflows that make people passes to sign in with and put them into groups",
        writes("LifecycleWorkflows(?:-Workflow)?"),
        known("""
            Role  3a87a643-13d2-47aa-8d6a-b0a8377cb03b LifecycleWorkflows-Workflow.Activate
            Scope df1c25b3-072c-45cd-8403-c63441e4cca1 LifecycleWorkflows-Workflow.Activate
            Role  94c88098-1d9d-4c42-a356-4d5a95312554 LifecycleWorkflows-Workflow.ReadWrite.All
            Scope 29e49f0c-a053-4cc5-a4b1-7da0c8c1e643 LifecycleWorkflows-Workflow.ReadWrite.All
            Role  5c505cf4-8424-4b8e-aa14-ee06e3bb23e3 LifecycleWorkflows.ReadWrite.All
            Scope 84b9d731-7db8-4454-8c90-fd9e95350179 LifecycleWorkflows.ReadWrite.All
        """),
    ),
    Family(
        "names authorities whose certificates or keys sign in as people or as applications",
        writes(
            "Organization|PublicKeyInfrastructure|AppCertTrustConfiguration|MutualTlsOauthConfiguration"
            "|SpiffeTrustDomain|TrustFrameworkKeySet"
        ),
        known("""
            Role  e508b0bc-7b1a-4b59-8646-d12066f4a72f AppCertTrustConfiguration.ReadWrite.All
            Scope 4bae2ed4-473e-4841-a493-9829cfd51d48 AppCertTrustConfiguration.ReadWrite.All
            Role  78bbf8cf-07d8-45ba-b0eb-1a7b48efbcf1 MutualTlsOauthConfiguration.ReadWrite.All
            Scope a51115bc-f64f-498f-bcee-00dcd28f4a03 MutualTlsOauthConfiguration.ReadWrite.All
            Role  292d869f-3427-49a8-9dab-8c70152b74e9 Organization.ReadWrite.All
            Scope 46ca0847-7e6b-426e-9775-ea810a948356 Organization.ReadWrite.All
            Role  a2b63618-5350-462d-b1b3-ba6eb3684e26 PublicKeyInfrastructure.ReadWrite.All
            Scope 3591b7f3-dba8-4bad-b667-7a64bd4f2b83 PublicKeyInfrastructure.ReadWrite.All
            Role  17b78cfd-eeff-447d-8bab-2795af00055a SpiffeTrustDomain.ReadWrite.All
            Scope 8ba47079-8c47-4bfe-b2ce-13f28ef37247 SpiffeTrustDomain.ReadWrite.All
            Role  4a771c9a-1cf2-4609-b88e-3d3e02d539cd TrustFrameworkKeySet.ReadWrite.All
            Scope 39244520-1e7d-4b4a-aee0-57c65826e427 TrustFrameworkKeySet.ReadWrite.All
        """),
    ),
)
