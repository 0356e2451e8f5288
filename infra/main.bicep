// The registrar in one resource group: a function app without keys, its storage, its vault, its identity, its logs.
// Graph's application permissions cannot be given here: grant-graph-permissions.sh gives them, after this.
targetScope = 'subscription'

import { principal, subscriber } from 'modules/types.bicep'

@description('Name of this deployment, such as registrar-prod; names of resources are derived from it.')
@minLength(1)
@maxLength(64)
param environmentName string

@description('Region of every resource; one where Flex Consumption is offered.')
param location string

@description('Resource group to create or update.')
param resourceGroupName string = 'rg-${environmentName}'

@description('Who may send requests: they are trusted to say on whose behalf. They may add messages, to that one queue.')
param senders principal[] = []

@description('Who takes the answers from the results queue; one consumer, as a message is gone once it is taken.')
param resultReaders principal[] = []

@description('Who else reads answers or events, each from a subscription with a filter; with Service Bus only.')
param subscribers subscriber[] = []

@description('Who may read every secret of the vault: the team whose apps live there.')
param secretReaders principal[] = []

@description('What carries the messages: the queues of the storage account, or a Service Bus namespace: docs/brokers.md.')
@allowed(['storage', 'servicebus'])
param messageBroker string = 'storage'

@description('Tier of that namespace.')
@allowed(['Standard', 'Premium'])
param busSku string = 'Standard'

@description('Replication of the storage account: queues and operation records live there.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GZRS'])
param storageSku string = 'Standard_ZRS'

@description('Instances at most, for each function. With host.json it bounds the writes to Graph; a test holds it to the quota.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 1

@description('How long, in seconds, a read of the directory may be older than our own last write.')
@minValue(0)
@maxValue(3600)
param lagWindowSeconds int = 300

@description('After how many hours a request that could not be served is answered as failed.')
@minValue(1)
@maxValue(168)
param requestDeadlineHours int = 24

@description('After how many days a request that nobody decided about is answered as rejected.')
@minValue(1)
@maxValue(90)
param approvalDeadlineDays int = 14

@description('When to look for credentials that are due: NCRONTAB with seconds, in UTC. Hourly, not on the hour.')
param rotationSchedule string = '0 7 * * * *'

@description('The registrar\'s own API in Entra, as tokens name it: its app id. Empty: nobody reads over HTTP.')
param apiAudience string = ''

@description('URL of a vault that keeps the secrets of webhooks, with a slash at its end: one that no team reads, and where the registrar\'s identity is Key Vault Secrets User. Empty: no webhook is heard.')
param webhookVaultUrl string = ''

@description('For how many days an anchor of the audit record can be neither changed nor deleted.')
@minValue(1)
@maxValue(146000)
param auditRetentionDays int = 2555

@description('Set to true once that period is locked, which a deployment can neither do nor change: docs/audit.md.')
param auditRetentionIsLocked bool = false

@description('Where ServiceNow\'s tickets are told of answers, such as https://contoso.service-now.com. Empty: they are not.')
param servicenowUrl string = ''

@description('The registrar\'s user in ServiceNow; its password lies in the vault of the webhooks.')
param servicenowUser string = ''

@description('Where Jira\'s issues are told of answers, such as https://contoso.atlassian.net. Empty: they are not.')
param jiraUrl string = ''

@description('The registrar\'s account in Jira, an e-mail address; its API token lies in the vault of the webhooks.')
param jiraUser string = ''

@description('Hosts of ticketing systems that may have private addresses, parted by commas.')
param onPremisesHosts string = ''

@description('How long logs are kept, in days.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 90

var token = uniqueString(subscription().id, resourceGroupName, environmentName)
var tags = { 'azd-env-name': environmentName }
var deploymentContainer = 'deployments'

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: resourceGroupName
  location: location
  tags: tags
}

module identity 'modules/identity.bicep' = {
  name: 'identity'
  scope: group
  params: {
    name: 'id-registrar-${token}'
    location: location
    tags: tags
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    token: token
    location: location
    tags: tags
    retentionDays: logRetentionDays
    publisherId: identity.outputs.principalId
  }
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  scope: group
  params: {
    name: 'streg${token}'
    location: location
    tags: tags
    skuName: storageSku
    deploymentContainer: deploymentContainer
    registrarId: identity.outputs.principalId
    auditRetentionDays: auditRetentionDays
    auditRetentionIsLocked: auditRetentionIsLocked
    // On the queues of the broker that is not used, messages would wait unseen.
    senders: messageBroker == 'storage' ? senders : []
    resultReaders: messageBroker == 'storage' ? resultReaders : []
  }
}

module bus 'modules/bus.bicep' = if (messageBroker == 'servicebus') {
  name: 'bus'
  scope: group
  params: {
    name: 'sb-registrar-${token}'
    location: location
    tags: tags
    skuName: busSku
    registrarId: identity.outputs.principalId
    senders: senders
    resultReaders: resultReaders
    subscribers: subscribers
    workspaceId: monitoring.outputs.workspaceId
  }
}

module vault 'modules/vault.bicep' = {
  name: 'vault'
  scope: group
  params: {
    name: 'kv-reg-${token}'
    location: location
    tags: tags
    registrarId: identity.outputs.principalId
    secretReaders: secretReaders
    workspaceId: monitoring.outputs.workspaceId
  }
}

module events 'modules/events.bicep' = {
  name: 'events'
  scope: group
  params: {
    token: token
    location: location
    tags: tags
    vaultName: vault.outputs.name
    storageAccountName: storage.outputs.name
    busName: messageBroker == 'servicebus' ? bus!.outputs.name : ''
    queueName: 'credential-rotations'
  }
}

module app 'modules/app.bicep' = {
  name: 'app'
  scope: group
  params: {
    token: token
    location: location
    tags: tags
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    blobEndpoint: storage.outputs.blobEndpoint
    queueEndpoint: storage.outputs.queueEndpoint
    tableEndpoint: storage.outputs.tableEndpoint
    deploymentContainer: deploymentContainer
    vaultUrl: vault.outputs.url
    messageBroker: messageBroker
    busHostName: messageBroker == 'servicebus' ? bus!.outputs.hostName : ''
    applicationInsightsConnectionString: monitoring.outputs.connectionString
    maximumInstanceCount: maximumInstanceCount
    lagWindowSeconds: lagWindowSeconds
    requestDeadlineHours: requestDeadlineHours
    approvalDeadlineDays: approvalDeadlineDays
    rotationSchedule: rotationSchedule
    apiAudience: apiAudience
    webhookVaultUrl: webhookVaultUrl
    servicenowUrl: servicenowUrl
    servicenowUser: servicenowUser
    jiraUrl: jiraUrl
    jiraUser: jiraUser
    onPremisesHosts: onPremisesHosts
  }
}

output AZURE_RESOURCE_GROUP string = group.name
output FUNCTION_APP_NAME string = app.outputs.name
output HEALTH_URL string = 'https://${app.outputs.hostName}/api/health'
output STORAGE_ACCOUNT_NAME string = storage.outputs.name
output KEY_VAULT_URL string = vault.outputs.url
@description('What infra/grant-graph-permissions.sh asks for.')
output REGISTRAR_PRINCIPAL_ID string = identity.outputs.principalId
