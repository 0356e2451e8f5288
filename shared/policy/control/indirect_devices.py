"""By name only, with approval: paths to control through applications, devices and shared services."""

from shared.policy.control.family import EXCHANGE, Family, either, known, named, writes

INDIRECT_DEVICES = (
    Family(
        "runs code of its choice when people join, leave or sign in, and may say what their tokens hold",
        writes(
            "LifecycleWorkflows-CustomExt|CustomAuthenticationExtension|APIConnectors|IdentityUserFlow|EventListener"
        ),
        known("""
            Role  1dfe531a-24a6-4f1b-80f4-7a0dc5a0a171 APIConnectors.ReadWrite.All
            Scope c67b52c5-7c69-48b6-9d48-7b3af3ded914 APIConnectors.ReadWrite.All
            Role  c2667967-7050-4e7e-b059-4cbbb3811d03 CustomAuthenticationExtension.ReadWrite.All
            Scope 8dfcf82f-15d0-43b3-bc78-a958a13a5792 CustomAuthenticationExtension.ReadWrite.All
            Role  214e810f-fda8-4fd7-a475-29461495eb00 CustomAuthenticationExtension.Receive.Payload
            Role  0edf5e9e-4ce8-468a-8432-d08631d18c43 EventListener.ReadWrite.All
            Scope d11625a6-fe21-4fc6-8d3d-063eba5525ad EventListener.ReadWrite.All
            Role  65319a09-a2be-469d-8782-f6b07debf789 IdentityUserFlow.ReadWrite.All
            Scope 281892cc-4dbf-4e3a-b6cc-b21029bb4e82 IdentityUserFlow.ReadWrite.All
            Role  3351c766-bacc-4d93-94fa-f2c8b1986ee7 LifecycleWorkflows-CustomExt.ReadWrite.All
            Scope ef6bafb1-3019-4a22-a332-103aff92225f LifecycleWorkflows-CustomExt.ReadWrite.All
        """),
    ),
    Family(
        "creates applications or agents that it then owns, or asks for consent in people's names",
        either(
            named(r"(?:AppRegistration|AgentApplication)\..+"),
            named(r"ConsentRequest\.Create"),
            writes("AgentIdentity|LifecyclePolicies-AgentId"),
        ),
        known("""
            Role  2f479c7e-27df-4053-826b-57d8ce55be3e AgentApplication.Create
            Role  2c4c43c7-1903-4658-a911-b8f2bb31e32e AgentIdentity.Create
            Role  ad25cc1d-84d8-47df-a08e-b34c2e800819 AgentIdentity.Create.All
            Role  327e565c-c8db-4e90-b4fd-162755297b92 AgentIdentity.CreateAsManager
            Role  4c390976-b2b7-42e0-9187-c6be3bead001 AgentIdentity.CreateAsManager
            Role  5b016f9b-18eb-41d4-869a-66931914d1c8 AgentIdentity.DeleteRestore.All
            Role  69ee0943-4fa4-4ec8-8e52-d12e4ea661a3 AgentIdentity.EnableDisable.All
            Role  dcf7150a-88d4-4fe6-9be1-c2744c455397 AgentIdentity.ReadWrite.All
            Scope f2143d35-9b4b-480d-951c-d083e69eeb2c ConsentRequest.Create
            Role  00d1c504-8dc7-461b-8a0b-dc15c8f1bd5a LifecyclePolicies-AgentId.ReadWrite.All
            Role  079f94bb-be92-4268-b63c-ce4fb09f4318 LifecyclePolicies-AgentId.ReadWrite.All
            Scope f6fdb5f4-56bf-4daf-bb35-0b5ccdf56c4c LifecyclePolicies-AgentId.ReadWrite.All
        """),
    ),
    Family(
        "changes how applications are reached or what is kept about them",
        writes(r"ServicePrincipalEndpoint|OnPremisesPublishingProfiles|Application-\w+|NetworkAccess\w*"),
        known("""
            Role  3be0012a-cc4e-426b-895b-f9c836bf6381 Application-RemoteDesktopConfig.ReadWrite.All
            Scope ffa91d43-2ad8-45cc-b592-09caddeb24bb Application-RemoteDesktopConfig.ReadWrite.All
            Role  b10642fc-a6cf-4c46-87f9-e1f96c2a18aa NetworkAccess.ReadWrite.All
            Scope ae2df9c5-f18d-4ec4-a51b-bdeb807f177b NetworkAccess.ReadWrite.All
            Role  8137102d-ec16-4191-aaf8-7aeda8026183 NetworkAccessBranch.ReadWrite.All
            Scope b8a36cc2-b810-461a-baa4-a7281e50bd5c NetworkAccessBranch.ReadWrite.All
            Role  f0c341be-8348-4989-8e43-660324294538 NetworkAccessPolicy.ReadWrite.All
            Scope b1fbad0f-ef6e-42ed-8676-bca7fa3e7291 NetworkAccessPolicy.ReadWrite.All
            Role  0b57845e-aa49-4e6f-8109-ce654fffa618 OnPremisesPublishingProfiles.ReadWrite.All
            Scope 8c4d5184-71c2-4bf8-bb9d-bc3378c9ad42 OnPremisesPublishingProfiles.ReadWrite.All
            Role  89c8469c-83ad-45f7-8ff2-6e3d4285709e ServicePrincipalEndpoint.ReadWrite.All
            Scope 7297d82c-9546-4aed-91df-3d4f0a9b3ff0 ServicePrincipalEndpoint.ReadWrite.All
        """),
    ),
    Family(
        "runs what it likes on managed devices, an administrator's among them",
        writes(r"DeviceManagement\w+|CloudPC|Device(?:Template)?"),
        known("""
            Role  3b4349e1-8cf5-45a3-95b7-69d1751d3e6a CloudPC.ReadWrite.All
            Scope 9d77138f-f0e2-47ba-ab33-cd246c8b79d1 CloudPC.ReadWrite.All
            Scope bac3b9c2-b516-4ef4-bd3b-c2ef73d8d804 Device.Command
            Scope edc92e89-a987-48a9-911a-a7b1967dd7b1 Device.CreateFromOwnedTemplate
            Role  1138cb37-bd11-4084-a2b7-9f71582aeddb Device.ReadWrite.All
            Role  78145de6-330d-4800-a6ce-494ff2d33d07 DeviceManagementApps.ReadWrite.All
            Scope 7b3f05d5-f68c-4b8d-8c59-a2ecd12f24af DeviceManagementApps.ReadWrite.All
            Role  f15eb2ba-ef8a-4f70-991d-da5d045154e2 DeviceManagementCloudCA.ReadWrite.All
            Scope 93028c58-65aa-48db-a706-1fe4ada325ec DeviceManagementCloudCA.ReadWrite.All
            Role  9241abd9-d0e6-425a-bd4f-47ba86e767a4 DeviceManagementConfiguration.ReadWrite.All
            Scope 0883f392-0a7a-443d-8c76-16a6d39c7b63 DeviceManagementConfiguration.ReadWrite.All
            Role  68356fd1-028d-4ce3-b724-241dec11127a DeviceManagementDeploymentPlans.ReadWrite.All
            Role  5b07b0dd-2377-4e44-a38d-703f09a0dc3c DeviceManagementManagedDevices.PrivilegedOperations.All
            Scope 3404d2bf-2b13-457e-a330-c24615765193 DeviceManagementManagedDevices.PrivilegedOperations.All
            Role  243333ab-4d21-40cb-a475-36241daa0842 DeviceManagementManagedDevices.ReadWrite.All
            Scope 44642bfe-8385-4adc-8fc6-fe3cb2c375c3 DeviceManagementManagedDevices.ReadWrite.All
            Role  e330c4f0-4170-414e-a55a-2f022ec2b57b DeviceManagementRBAC.ReadWrite.All
            Scope 0c5e8a55-87a6-4556-93ab-adc52c4d862d DeviceManagementRBAC.ReadWrite.All
            Role  9255e99d-faf5-445e-bbf7-cb71482737c4 DeviceManagementScripts.ReadWrite.All
            Scope 8b9d79d0-ad75-4566-8619-f7500ecfcebe DeviceManagementScripts.ReadWrite.All
            Role  5ac13192-7ace-4fcf-b828-1a26f28068ee DeviceManagementServiceConfig.ReadWrite.All
            Scope 662ed50a-ac44-4eef-ad86-62eed9be2a29 DeviceManagementServiceConfig.ReadWrite.All
            Role  abf6441f-0772-4932-96e7-0191478dd73a DeviceTemplate.Create
            Scope 0b1717ff-3e42-4a73-8c29-e6b2e1093960 DeviceTemplate.Create
            Role  9fadb66e-6421-4744-aede-4ab6fb98a884 DeviceTemplate.ReadWrite.All
            Scope 2d372e98-f1ae-406c-a157-2ea83f6f5e4a DeviceTemplate.ReadWrite.All
        """),
    ),
    Family(
        "reads the passwords and recovery keys of devices",
        either(
            named(r"DeviceLocalCredential\.Read\.All"),
            named(r"BitlockerKey\.Read\.All"),
        ),
        known("""
            Role  57f1cf28-c0c4-4ec3-9a30-19a2eaaf2f6e BitlockerKey.Read.All
            Scope b27a61ec-b99c-4d6a-b126-c4375d08ae30 BitlockerKey.Read.All
            Role  884b599e-4d48-43a5-ba94-15c414d00588 DeviceLocalCredential.Read.All
            Scope 280b3b69-0437-44b1-bc20-3b2fca1ee3e9 DeviceLocalCredential.Read.All
        """),
    ),
    Family(
        "changes who is proven to be whom, with which an account is recovered",
        writes("VerifiedId-Profile"),
        known("""
            Scope e4a9cb5e-4767-48f8-9029-decf26a54456 VerifiedId-Profile.ReadWrite.All
        """),
    ),
    Family(
        "changes what all sites of the tenant allow and with whom they are shared",
        writes("SharePointTenantSettings"),
        known("""
            Role  19b94e34-907c-4f43-bde9-38b1909ed408 SharePointTenantSettings.ReadWrite.All
            Scope aa07f155-3612-49b8-a147-6c590df35536 SharePointTenantSettings.ReadWrite.All
        """),
    ),
    Family(
        "administers Exchange with whatever role its principal is given there",
        named(r"Exchange\.ManageAsApp\w*"),
        known("""
            Role  dc50a0fb-09a3-484d-be87-e023b12c6440 Exchange.ManageAsApp
        """),
        EXCHANGE,
    ),
)
