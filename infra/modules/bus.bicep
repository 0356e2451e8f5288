// The Service Bus namespace, for a deployment that chooses it as the broker: queues between the parts of the app, topics
// for what others read. No keys exist to be leaked, as with storage.

import { principal, subscriber } from 'types.bicep'

param name string
param location string
param tags object

@description('Standard, or Premium for private endpoints, geo-recovery and larger messages.')
param skuName string

@description('Object id of the registrar\'s identity.')
param registrarId string

param senders principal[]
param resultReaders principal[]
param subscribers subscriber[]

@description('Log Analytics workspace that keeps the namespace\'s operational logs.')
param workspaceId string

// Named once, for this file, the code and the local stack alike.
var entities = loadJsonContent('../bus.json')

var subscriptions = flatten(map(items(entities.topics), topic => map(items(topic.value.subscriptions), one => {
  topic: topic.key
  name: one.key
  properties: one.value
})))

// Built-in roles (Microsoft Learn, "Azure built-in roles").
var roles = {
  dataOwner: '090c5cfd-751d-490a-894a-3ce6f1109419'
  dataSender: '69a216fc-b8fb-44d8-bc22-1f3c2cd27a39'
  dataReceiver: '4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0'
}

resource namespace 'Microsoft.ServiceBus/namespaces@2024-01-01' = {
  name: name
  location: location
  tags: tags
  sku: {
    name: skuName
    tier: skuName
  }
  properties: {
    disableLocalAuth: true
    minimumTlsVersion: '1.2'
  }
}

resource queues 'Microsoft.ServiceBus/namespaces/queues@2024-01-01' = [
  for queue in items(entities.queues): {
    parent: namespace
    name: queue.key
    properties: queue.value
  }
]

resource topics 'Microsoft.ServiceBus/namespaces/topics@2024-01-01' = [
  for topic in items(entities.topics): {
    parent: namespace
    name: topic.key
    properties: topic.value.properties
  }
]

// A topic drops what no subscription takes: each has one from the start.
resource takeAll 'Microsoft.ServiceBus/namespaces/topics/subscriptions@2024-01-01' = [
  for one in subscriptions: {
    name: '${name}/${one.topic}/${one.name}'
    dependsOn: [topics]
    properties: one.properties
  }
]

resource ownSubscriptions 'Microsoft.ServiceBus/namespaces/topics/subscriptions@2024-01-01' = [
  for one in subscribers: {
    name: '${name}/${one.topic}/${one.name}'
    dependsOn: [topics]
    properties: {
      lockDuration: 'PT1M'
      maxDeliveryCount: 10
    }
  }
]

// Under this name it takes the place of the rule that a new subscription has, which lets everything in.
resource filters 'Microsoft.ServiceBus/namespaces/topics/subscriptions/rules@2024-01-01' = [
  for (one, index) in subscribers: {
    parent: ownSubscriptions[index]
    name: '$Default'
    properties: {
      filterType: 'SqlFilter'
      sqlFilter: {
        sqlExpression: empty(one.filter) ? '1 = 1' : one.filter
      }
    }
  }
]

resource intake 'Microsoft.ServiceBus/namespaces/queues@2024-01-01' existing = {
  parent: namespace
  name: 'app-registrations'
}

resource results 'Microsoft.ServiceBus/namespaces/topics@2024-01-01' existing = {
  parent: namespace
  name: 'app-registration-results'
}

resource resultsOfAll 'Microsoft.ServiceBus/namespaces/topics/subscriptions@2024-01-01' existing = {
  parent: results
  name: 'all'
}

// Owner, not sender and receiver: the scale controller counts messages by the management API, as the app, and without
// that right it wakes no app whose queue holds nothing but messages for later.
resource registrarAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(namespace.id, registrarId, roles.dataOwner)
  scope: namespace
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.dataOwner)
    principalId: registrarId
    principalType: 'ServicePrincipal'
  }
}

resource senderAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for sender in senders: {
    name: guid(intake.id, sender.id, roles.dataSender)
    scope: intake
    dependsOn: [queues]
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.dataSender)
      principalId: sender.id
      principalType: sender.type
    }
  }
]

resource readerAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for reader in resultReaders: {
    name: guid(resultsOfAll.id, reader.id, roles.dataReceiver)
    scope: resultsOfAll
    dependsOn: [takeAll]
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.dataReceiver)
      principalId: reader.id
      principalType: reader.type
    }
  }
]

resource subscriberAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (one, index) in subscribers: {
    name: guid(namespace.id, one.topic, one.name, one.id, roles.dataReceiver)
    scope: ownSubscriptions[index]
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.dataReceiver)
      principalId: one.id
      principalType: one.type
    }
  }
]

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: namespace
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        categoryGroup: 'allLogs'
        enabled: true
      }
    ]
  }
}

output name string = namespace.name
output hostName string = '${namespace.name}.servicebus.windows.net'
