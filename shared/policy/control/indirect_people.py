"""By name only, with approval: paths to control through people, groups and what decides about them."""

from shared.policy.control.family import Family, either, known, named, writes

INDIRECT_PEOPLE = (
    Family(
        "changes people, and so the dynamic groups they are in and the access that these give",
        either(
            named(r"User\.(?!Read(?:Basic|Write)?$|Read(?:Basic)?\.|Export\.).+"),
            writes("AgentIdUser|SynchronizationData-User"),
        ),
        known("""
            Role  b782c9ad-6f2b-4894-a21b-72bf22417f0a AgentIdUser.ReadWrite.All
            Role  d0ca41aa-9212-8ec6-8bee-d30600b82eda AgentIdUser.ReadWrite.All
            Scope c3da4fc2-a3f7-fb10-b270-15dd66d000b6 AgentIdUser.ReadWrite.All
            Role  4aa6e624-eee0-40ab-bdd8-f9639038a614 AgentIdUser.ReadWrite.IdentityParentedBy
            Role  b289933a-7ef7-c0d0-dedf-17468cb8aaf4 AgentIdUser.ReadWrite.IdentityParentedBy
            Scope a1943f6a-e709-4b6c-baf0-25f7912a03bf AgentIdUser.ReadWrite.IdentityParentedBy
            Role  db31e92a-b9ea-4d87-bf6a-75a37a9ca35a SynchronizationData-User.Upload
            Scope 1a2e7420-4e92-4d2b-94cb-fb2952e9ddf7 SynchronizationData-User.Upload
            Role  25c32ff3-849a-494b-b94f-20a8ac4e6774 SynchronizationData-User.Upload.OwnedBy
            Role  131ccc87-9862-47a1-8701-e7a42f63ebc6 User.Create
            Role  4240f680-4f73-4082-a766-aa916a2dc9b3 User.Create
            Role  09850681-111b-4a89-9bed-3f2cae46d706 User.Invite.All
            Scope 63dd7cd9-b489-4adf-a28c-ac38b9a0f962 User.Invite.All
            Role  5639c449-cfd9-4088-bc48-3e16da108bf8 User.ReadUpdate.All
            Role  c58d0ec5-14a8-4df9-a3dd-4d587fde18d0 User.ReadUpdate.All
            Role  741f803b-c850-494e-b5df-cde7c675a1ca User.ReadWrite.All
            Scope 204e0828-b5ca-4ad8-b9f3-f32a958e7cc4 User.ReadWrite.All
            Role  5652f862-b626-407b-a3e6-248aeb95763c User.ReadWrite.CrossCloud
            Role  77f3a031-c388-4f99-b373-dc68676a979e User.RevokeSessions.All
            Scope fc30e98b-8810-4501-81f5-c20a3196387b User.RevokeSessions.All
        """),
    ),
    Family(
        "changes where a person's code for a new password goes, or what decides about their groups",
        writes("User-(?:Mail|Phone|LifeCycleInfo|ConvertToInternal|OnPremisesSyncBehavior)|LifeCycleInfo"),
        known("""
            Role  9d952b72-f741-4b40-9185-8c53076c2339 User-ConvertToInternal.ReadWrite.All
            Scope 550e695c-7511-40f4-ac79-e8fb9c82552d User-ConvertToInternal.ReadWrite.All
            Role  925f1248-0f97-47b9-8ec8-538c54e01325 User-LifeCycleInfo.ReadWrite.All
            Scope 7ee7473e-bd4b-4c9f-987c-bd58481f5fa2 User-LifeCycleInfo.ReadWrite.All
            Role  280d0935-0796-47d1-8d26-273470a3f17a User-Mail.ReadWrite.All
            Scope 6166886a-9576-433b-8544-658177bdef1d User-Mail.ReadWrite.All
            Role  a94a502d-0281-4d15-8cd2-682ac9362c4c User-OnPremisesSyncBehavior.ReadWrite.All
            Scope 7ff9afdd-0cdb-439d-a61c-fea3e9339e89 User-OnPremisesSyncBehavior.ReadWrite.All
            Role  86ceff06-c822-49ff-989a-d912845ffe69 User-Phone.ReadWrite.All
            Scope e29d5979-5b06-4a7f-ae24-6a9348d2e1ff User-Phone.ReadWrite.All
        """),
    ),
    Family(
        "changes groups and who is in them, and whatever rights, in Azure too, hang on that",
        writes(r"Group(?:Member|Settings)?(?:-\w+)?"),
        known("""
            Role  6679c91b-820a-4900-ab47-e97b197a89c4 Group-Conversation.ReadWrite.All
            Scope 302bcbb5-855a-4e49-ae20-94a331b0281e Group-Conversation.ReadWrite.All
            Role  2d53948b-d2c5-4008-9c4e-6361bf192555 Group-NestingSupport.ReadWrite.All
            Role  b4c7d8e9-f2a5-4b6c-9d8e-1f2a3b4c5d6e Group-NestingSupport.ReadWrite.All
            Scope e7f8a3b2-9c1d-4e5f-8a7b-2c3d4e5f6a7b Group-NestingSupport.ReadWrite.All
            Role  2d9bd318-b883-40be-9df7-63ec4fcdc424 Group-OnPremisesSyncBehavior.ReadWrite.All
            Scope 37e00479-5776-4659-aecf-4841ec5d590a Group-OnPremisesSyncBehavior.ReadWrite.All
            Role  603ce4e3-fb05-4b63-91ba-729bb1dca667 Group-PreferredDataLocation.ReadWrite.All
            Scope 7ba6c25f-c181-4bfd-80b1-3ac184ac5629 Group-PreferredDataLocation.ReadWrite.All
            Role  bf7b1a76-6e77-406b-b258-bf5c7720e98f Group.Create
            Role  60f8cea0-2476-45c9-ab18-70e79e60ad14 Group.ManageProtection.All
            Scope 36263ed6-285e-4f84-b25a-62ec2ba17d29 Group.ManageProtection.All
            Role  62a82d76-70ea-41e2-9197-370581804d09 Group.ReadWrite.All
            Scope 4e46008b-f24c-477d-8fff-7bb4ec7aafe0 Group.ReadWrite.All
            Role  5ef47bde-23a3-4cfb-be03-6ab63044aec6 Group.Selected
            Role  dbaae8cf-10b5-4b86-a4a1-f871c94c6695 GroupMember.ReadWrite.All
            Scope f81125ac-d3b7-4573-a3b2-7099cc39df9e GroupMember.ReadWrite.All
            Role  546168c3-1183-4281-9491-fafb24dea37e GroupSettings.ReadWrite.All
            Scope c1691a6d-99e2-4cfa-b4b5-9e4d67dc0f36 GroupSettings.ReadWrite.All
        """),
    ),
    Family(
        "takes people and groups out of the units that protect them, or puts them under another administrator",
        writes(r"AdministrativeUnit\w*"),
        known("""
            Role  5eb59dd3-1da2-4329-8733-9dabdc435916 AdministrativeUnit.ReadWrite.All
            Scope 7b8a2d34-6b3f-4542-a343-54651608ad81 AdministrativeUnit.ReadWrite.All
        """),
    ),
    Family(
        "decides who keeps memberships and access that are reviewed or requested",
        writes("AccessReview|ProgramControl|EntitlementMgmt-SubjectAccess"),
        known("""
            Role  ef5f7d5c-338f-44b0-86c3-351f46c8bb5f AccessReview.ReadWrite.All
            Scope e4aa47b9-9a69-4109-82ed-36ec70d85ff1 AccessReview.ReadWrite.All
            Role  18228521-a591-40f1-b215-5fad4488c117 AccessReview.ReadWrite.Membership
            Scope 5af8c3f5-baca-439a-97b0-ea58a435e269 AccessReview.ReadWrite.Membership
            Scope e9fdcbbb-8807-410f-b9ec-8d5468c7c2ac EntitlementMgmt-SubjectAccess.ReadWrite
            Role  60a901ed-09f7-4aa5-a16e-7dd3d6f9de36 ProgramControl.ReadWrite.All
            Scope 50fd364f-9d93-4ae1-b170-300e87cccf84 ProgramControl.ReadWrite.All
        """),
    ),
    Family(
        "writes people and groups from another system into the directory, with the credentials kept for that",
        writes("Synchronization|Contacts-OnPremisesSyncBehavior|MultiTenantOrganization|ManagedTenants"),
        known("""
            Role  1a997f7e-17c6-44c3-adc4-996e0712c777 Contacts-OnPremisesSyncBehavior.ReadWrite.All
            Role  c8948c23-e66b-42db-83fd-770b71ab78d2 Contacts-OnPremisesSyncBehavior.ReadWrite.All
            Scope 1e4c6c41-0803-4f52-85ef-0a5d63ad8670 Contacts-OnPremisesSyncBehavior.ReadWrite.All
            Scope ae180d45-006f-488a-a18a-18b00852edc6 Contacts-OnPremisesSyncBehavior.ReadWrite.All
            Scope b31fa710-c9b3-4d9e-8f5e-8036eecddab9 ManagedTenants.ReadWrite.All
            Role  920def01-ca61-4d2d-b3df-105b46046a70 MultiTenantOrganization.ReadWrite.All
            Scope 77af1528-84f3-4023-8d90-d219cd433108 MultiTenantOrganization.ReadWrite.All
            Role  9b50c33d-700f-43b1-b2eb-87e89b703581 Synchronization.ReadWrite.All
            Scope 7bb27fa3-ea8f-4d67-a916-87715b6188bd Synchronization.ReadWrite.All
        """),
    ),
    Family(
        "clears or raises what is held against people and applications, and so whether access is blocked for them",
        writes(
            r"Identity(?:RiskyUser|RiskEvent|RiskyServicePrincipal|RiskyAgent)"
            r"|RiskPreventionProviders|SecurityIdentities\w+|SecurityActions"
        ),
        known("""
            Role  db06fb33-1953-4b7b-a2ac-f1e2c854f7ae IdentityRiskEvent.ReadWrite.All
            Scope 9e4862a5-b68f-479e-848a-4e07e25c9916 IdentityRiskEvent.ReadWrite.All
            Role  dca4e4fd-a7cf-4e6f-86d1-d1ec094d766e IdentityRiskyAgent.ReadWrite.All
            Role  cb8d6980-6bcb-4507-afec-ed6de3a2d798 IdentityRiskyServicePrincipal.ReadWrite.All
            Scope bb6f654c-d7fd-4ae3-85c3-fc380934f515 IdentityRiskyServicePrincipal.ReadWrite.All
            Role  656f6061-f9fe-4807-9708-6a2e0934df76 IdentityRiskyUser.ReadWrite.All
            Scope e0a7cdbb-08b0-4697-8264-0069786e9674 IdentityRiskyUser.ReadWrite.All
            Role  7fc7225d-eb37-4c39-90f3-a33a57cf1081 RiskPreventionProviders.ReadWrite.All
            Scope 2a7babba-9623-4109-bc9c-79728cf3bb4f RiskPreventionProviders.ReadWrite.All
            Role  f2bf083f-0179-402a-bedb-b2784de8a49b SecurityActions.ReadWrite.All
            Scope dc38509c-b87d-4da0-bd92-6bec988bac4a SecurityActions.ReadWrite.All
            Role  af2bf46f-7bf1-4be3-8bad-e17e279e8462 SecurityIdentitiesActions.ReadWrite.All
            Scope 818229ce-20e4-47bd-92f4-bc94dbb37a56 SecurityIdentitiesActions.ReadWrite.All
            Role  4f1f0deb-08d1-4ffb-8cca-21dfc362b7c0 SecurityIdentitiesAutoConfig.ReadWrite.All
            Scope b810fdb4-8733-43bd-9b37-fddb7215c69f SecurityIdentitiesAutoConfig.ReadWrite.All
            Role  ab03ddd5-7ae4-4f2e-8af8-86654f7e0a27 SecurityIdentitiesHealth.ReadWrite.All
            Scope 53e51eec-2d9b-4990-97f3-c9aa5d5652c3 SecurityIdentitiesHealth.ReadWrite.All
            Role  afd28a5a-707f-4edf-85c2-c446291e63da SecurityIdentitiesMigration.ReadWrite.All
            Scope 741a6ef0-37e6-4b0a-9178-133d94fbc46e SecurityIdentitiesMigration.ReadWrite.All
            Role  d4dcee6d-0774-412a-b06c-aeabbd99e816 SecurityIdentitiesSensors.ReadWrite.All
            Scope 087c3ad9-c2ca-4b82-9885-d5e25ce9e183 SecurityIdentitiesSensors.ReadWrite.All
            Role  b4146a3a-dd4f-4af4-8d91-7cc0eef3d041 SecurityIdentitiesUserActions.ReadWrite.All
            Scope bf230e97-1957-4df6-b3f6-57f9029eacdf SecurityIdentitiesUserActions.ReadWrite.All
        """),
    ),
    Family(
        "puts people and settings back as they were, with the rights they had",
        writes("EntraBackup"),
        known("""
            Scope 1266f280-49c3-4d32-91a5-bf4db4fbff48 EntraBackup.ReadWrite.Preview
            Scope 6daf3aaf-bb77-4397-9dd6-e6d8b75727c2 EntraBackup.ReadWrite.Recovery
        """),
    ),
)
