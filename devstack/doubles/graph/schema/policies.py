"""App management policies, and what they consist of."""

POLICIES: dict[str, dict[str, str]] = {
    "tenantAppManagementPolicy": {
        "id": "String",
        "deletedDateTime": "DateTimeOffset",
        "displayName": "String",
        "description": "String",
        "isEnabled": "Boolean",
        "applicationRestrictions": "appManagementApplicationConfiguration",
        "servicePrincipalRestrictions": "appManagementConfiguration",
    },
    "appManagementPolicy": {
        "id": "String",
        "deletedDateTime": "DateTimeOffset",
        "displayName": "String",
        "description": "String",
        "isEnabled": "Boolean",
        "restrictions": "customAppManagementConfiguration",
    },
    "customAppManagementConfiguration": {
        "passwordCredentials": "Collection(credentialConfiguration)",
        "keyCredentials": "Collection(credentialConfiguration)",
        "applicationRestrictions": "customAppManagementApplicationConfiguration",
    },
    "customAppManagementApplicationConfiguration": {"identifierUris": "identifierUriConfiguration"},
    "appManagementApplicationConfiguration": {
        "passwordCredentials": "Collection(credentialConfiguration)",
        "keyCredentials": "Collection(credentialConfiguration)",
        "identifierUris": "identifierUriConfiguration",
    },
    "identifierUriConfiguration": {
        "nonDefaultUriAddition": "identifierUriRestriction",
        "uriAdditionWithoutUniqueTenantIdentifier": "identifierUriRestriction",
    },
    "identifierUriRestriction": {
        "state": "String",
        "restrictForAppsCreatedAfterDateTime": "DateTimeOffset",
        "excludeAppsReceivingV2Tokens": "Boolean",
        "excludeSaml": "Boolean",
        "isStateSetByMicrosoft": "Boolean",
        "excludeActors": "appManagementPolicyActorExemptions",
    },
    "appManagementPolicyActorExemptions": {"customSecurityAttributes": "Collection(customSecurityAttributeExemption)"},
    "customSecurityAttributeExemption": {"id": "String", "operator": "String", "value": "String"},
    "appManagementConfiguration": {
        "passwordCredentials": "Collection(credentialConfiguration)",
        "keyCredentials": "Collection(credentialConfiguration)",
    },
    "credentialConfiguration": {
        "restrictionType": "String",
        "state": "String",
        "maxLifetime": "String",
        "restrictForAppsCreatedAfterDateTime": "DateTimeOffset",
        "excludeActors": "appManagementPolicyActorExemptions",
    },
}
