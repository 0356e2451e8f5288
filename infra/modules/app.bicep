// The function app on Flex Consumption, and its settings.

param token string
param location string
param tags object

@description('Resource id of the registrar\'s identity.')
param identityId string
param identityClientId string

param blobEndpoint string
param queueEndpoint string
param tableEndpoint string
param deploymentContainer string
param vaultUrl string
param messageBroker string

@description('Host name of the Service Bus namespace; empty where storage is the broker.')
param busHostName string
param applicationInsightsConnectionString string

param maximumInstanceCount int
param lagWindowSeconds int
param requestDeadlineHours int
param approvalDeadlineDays int
param rotationSchedule string
param apiAudience string

@description('URL of a vault for the secrets of webhooks, with a slash at its end; empty for none. No team may read it.')
param webhookVaultUrl string

param servicenowUrl string
param servicenowUser string
param jiraUrl string
param jiraUser string
param onPremisesHosts string

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: 'plan-registrar-${token}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
  }
}

resource app 'Microsoft.Web/sites@2024-04-01' = {
  name: 'func-registrar-${token}'
  location: location
  // azd finds the app that it deploys to by this tag.
  tags: union(tags, { 'azd-service-name': 'registrar' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    keyVaultReferenceIdentity: identityId
    serverFarmId: plan.id
    httpsOnly: true
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${blobEndpoint}${deploymentContainer}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'python'
        version: '3.13'
      }
      scaleAndConcurrency: {
        // For each function: every queue and timer scales on instances of its own (Microsoft Learn,
        // flex-consumption-plan, "Per-function scaling").
        maximumInstanceCount: maximumInstanceCount
        instanceMemoryMB: 2048
      }
    }
  }
}

// FUNCTIONS_WORKER_RUNTIME and its like are not settings on this plan: functionAppConfig holds them.
resource settings 'Microsoft.Web/sites/config@2024-04-01' = {
  parent: app
  name: 'appsettings'
  properties: {
    API_AUDIENCE: apiAudience
    APPROVAL_DEADLINE_DAYS: string(approvalDeadlineDays)
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
    APPLICATIONINSIGHTS_CONNECTION_STRING: applicationInsightsConnectionString
    AZURE_AUTHORITY_HOST: environment().authentication.loginEndpoint
    AZURE_CLIENT_ID: identityClientId
    AZURE_TENANT_ID: tenant().tenantId
    AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential'
    AzureWebJobsStorage__blobServiceUri: blobEndpoint
    AzureWebJobsStorage__clientId: identityClientId
    AzureWebJobsStorage__credential: 'managedidentity'
    AzureWebJobsStorage__queueServiceUri: queueEndpoint
    AzureWebJobsStorage__tableServiceUri: tableEndpoint
    // 128 KiB, where the platform would read 100 MB: a request has 32 KiB, a ticket's webhook not much more.
    FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '131072'
    KEY_VAULT_URL: vaultUrl
    LAG_WINDOW_SECONDS: string(lagWindowSeconds)
    MESSAGE_BROKER: messageBroker
    MessageBus__clientId: identityClientId
    MessageBus__credential: 'managedidentity'
    MessageBus__fullyQualifiedNamespace: busHostName
    ON_PREMISES_HOSTS: onPremisesHosts
    POLICY_FILE: 'policy.toml'
    REQUEST_DEADLINE_HOURS: string(requestDeadlineHours)
    ROTATION_SCHEDULE: rotationSchedule
    JIRA_TOKEN: empty(webhookVaultUrl) ? '' : '@Microsoft.KeyVault(SecretUri=${webhookVaultUrl}secrets/jira-token)'
    JIRA_URL: jiraUrl
    JIRA_USER: jiraUser
    JIRA_WEBHOOK_TOKEN: empty(webhookVaultUrl) ? '' : '@Microsoft.KeyVault(SecretUri=${webhookVaultUrl}secrets/jira-webhook-token)'
    JIRA_WEBHOOK_TOKEN_NEXT: empty(webhookVaultUrl) ? '' : '@Microsoft.KeyVault(SecretUri=${webhookVaultUrl}secrets/jira-webhook-token-next)'
    SERVICENOW_PASSWORD: empty(webhookVaultUrl) ? '' : '@Microsoft.KeyVault(SecretUri=${webhookVaultUrl}secrets/servicenow-password)'
    SERVICENOW_URL: servicenowUrl
    SERVICENOW_USER: servicenowUser
    SERVICENOW_WEBHOOK_TOKEN: empty(webhookVaultUrl) ? '' : '@Microsoft.KeyVault(SecretUri=${webhookVaultUrl}secrets/servicenow-webhook-token)'
    SERVICENOW_WEBHOOK_TOKEN_NEXT: empty(webhookVaultUrl) ? '' : '@Microsoft.KeyVault(SecretUri=${webhookVaultUrl}secrets/servicenow-webhook-token-next)'
    TICKETING_FILE: 'ticketing.toml'
  }
}

output name string = app.name
output hostName string = app.properties.defaultHostName
