// The storage account: the public queues, the registrar's own, its records, its leases, and the host's own blobs.
// No keys exist to be leaked: every client, the Functions host included, shows an Entra identity.

import { principal } from 'types.bicep'

param name string
param location string
param tags object
param skuName string

@description('Container that the app\'s package is deployed to.')
param deploymentContainer string

@description('Object id of the registrar\'s identity.')
param registrarId string

@description('For how many days an anchor of the audit record can be neither changed nor deleted.')
param auditRetentionDays int

@description('Whether that period was locked: then it can only be extended, by az and not from here.')
param auditRetentionIsLocked bool

param senders principal[]
param resultReaders principal[]

// Named once, for this file, the code and the local stack alike.
var names = loadJsonContent('../storage.json')

// Built-in roles (Microsoft Learn, "Azure built-in roles").
var roles = {
  blobDataOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  queueDataContributor: '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
  queueDataMessageProcessor: '8a0f0c08-91a1-4084-bc3d-661d67233fed'
  queueDataMessageSender: 'c6a89b2d-59bc-44d0-9896-0f6e12d7b80a'
  tableDataContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
}

// The account is the registrar's alone, so its roles are given on the account. The host keeps locks, timer status
// and keys in blobs and creates its containers, which takes Owner (Microsoft Learn, functions-reference,
// "Connecting to host storage with an identity"); it also creates the poison queue of a queue that has none.
var registrarRoles = [
  roles.blobDataOwner
  roles.queueDataContributor
  roles.tableDataContributor
]

resource account 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: skuName
  }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: 'Allow'
    }
  }
}

resource blobService 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' = {
  parent: account
  name: 'default'
}

resource queueService 'Microsoft.Storage/storageAccounts/queueServices@2023-05-01' = {
  parent: account
  name: 'default'
}

resource tableService 'Microsoft.Storage/storageAccounts/tableServices@2023-05-01' = {
  parent: account
  name: 'default'
}

resource containers 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = [
  for container in concat(names.containers, [deploymentContainer]): {
    parent: blobService
    name: container
  }
]

resource anchors 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' existing = {
  parent: blobService
  name: 'audit-anchors'
}

// Unlocked until somebody locks it: docs/audit.md says how, and why that is left to a person.
resource anchorsStay 'Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies@2023-05-01' = if (!auditRetentionIsLocked) {
  parent: anchors
  name: 'default'
  dependsOn: [containers]
  properties: {
    immutabilityPeriodSinceCreationInDays: auditRetentionDays
    allowProtectedAppendWrites: false
  }
}

resource queues 'Microsoft.Storage/storageAccounts/queueServices/queues@2023-05-01' = [
  for queue in names.queues: {
    parent: queueService
    name: queue
  }
]

resource tables 'Microsoft.Storage/storageAccounts/tableServices/tables@2023-05-01' = [
  for table in names.tables: {
    parent: tableService
    name: table
  }
]

resource intake 'Microsoft.Storage/storageAccounts/queueServices/queues@2023-05-01' existing = {
  parent: queueService
  name: 'app-registrations'
}

resource results 'Microsoft.Storage/storageAccounts/queueServices/queues@2023-05-01' existing = {
  parent: queueService
  name: 'app-registration-results'
}

resource registrarAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in registrarRoles: {
    name: guid(account.id, registrarId, role)
    scope: account
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
      principalId: registrarId
      principalType: 'ServicePrincipal'
    }
  }
]

resource senderAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for sender in senders: {
    name: guid(intake.id, sender.id, roles.queueDataMessageSender)
    scope: intake
    dependsOn: [queues]
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.queueDataMessageSender)
      principalId: sender.id
      principalType: sender.type
    }
  }
]

resource readerAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for reader in resultReaders: {
    name: guid(results.id, reader.id, roles.queueDataMessageProcessor)
    scope: results
    dependsOn: [queues]
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.queueDataMessageProcessor)
      principalId: reader.id
      principalType: reader.type
    }
  }
]

output name string = account.name
output blobEndpoint string = account.properties.primaryEndpoints.blob
output queueEndpoint string = account.properties.primaryEndpoints.queue
output tableEndpoint string = account.properties.primaryEndpoints.table
