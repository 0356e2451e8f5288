// Key Vault's events about secrets that end, delivered to the queue that sweeps use too: a hint, never more than that.

param token string
param location string
param tags object

param vaultName string
param storageAccountName string

@description('The Service Bus namespace, where that is the broker; else empty.')
param busName string
param queueName string

// Built-in roles (Microsoft Learn, "Azure built-in roles").
var queueDataMessageSender = 'c6a89b2d-59bc-44d0-9896-0f6e12d7b80a'
var busDataSender = '69a216fc-b8fb-44d8-bc22-1f3c2cd27a39'

var toStorage = {
  endpointType: 'StorageQueue'
  properties: {
    resourceId: account.id
    queueName: queueName
    queueMessageTimeToLiveInSeconds: 604800
  }
}

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' existing = {
  name: vaultName
}

resource account 'Microsoft.Storage/storageAccounts@2023-05-01' existing = {
  name: storageAccountName
}

resource queueService 'Microsoft.Storage/storageAccounts/queueServices@2023-05-01' existing = {
  parent: account
  name: 'default'
}

resource rotations 'Microsoft.Storage/storageAccounts/queueServices/queues@2023-05-01' existing = {
  parent: queueService
  name: queueName
}

resource bus 'Microsoft.ServiceBus/namespaces@2024-01-01' existing = if (!empty(busName)) {
  name: busName
}

resource busRotations 'Microsoft.ServiceBus/namespaces/queues@2024-01-01' existing = if (!empty(busName)) {
  parent: bus
  name: queueName
}

resource topic 'Microsoft.EventGrid/systemTopics@2022-06-15' = {
  name: 'evgt-registrar-${token}'
  location: location
  tags: tags
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    source: vault.id
    topicType: 'Microsoft.KeyVault.vaults'
  }
}

// The account has no keys: Event Grid shows its own identity (Microsoft Learn, "Event delivery with a managed identity").
resource topicAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (empty(busName)) {
  name: guid(rotations.id, topic.id, queueDataMessageSender)
  scope: rotations
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', queueDataMessageSender)
    principalId: topic.identity.principalId
    principalType: 'ServicePrincipal'
  }
}

resource topicAccessToBus 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(busName)) {
  name: guid(busRotations.id, topic.id, busDataSender)
  scope: busRotations
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', busDataSender)
    principalId: topic.identity.principalId
    principalType: 'ServicePrincipal'
  }
}

resource subscription 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2022-06-15' = {
  parent: topic
  name: 'credential-rotations'
  dependsOn: [topicAccess, topicAccessToBus]
  properties: {
    eventDeliverySchema: 'CloudEventSchemaV1_0'
    deliveryWithResourceIdentity: {
      identity: {
        type: 'SystemAssigned'
      }
      destination: empty(busName) ? toStorage : {
        endpointType: 'ServiceBusQueue'
        properties: {
          resourceId: busRotations.id
        }
      }
    }
    filter: {
      includedEventTypes: [
        'Microsoft.KeyVault.SecretNearExpiry'
        'Microsoft.KeyVault.SecretExpired'
      ]
    }
  }
}
