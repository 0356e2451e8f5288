// One deployment's choices. azd sets the two variables; without it, set them or write values here.
using 'main.bicep'

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'registrar-dev')
param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')

// Object ids (of an app: its service principal's) and their types: Group, ServicePrincipal or User.
// { id: '00000000-0000-0000-0000-000000000000', type: 'ServicePrincipal' }
param senders = []
param resultReaders = []
param secretReaders = []

// 'servicebus' for a Service Bus namespace beside the storage account, which keeps records either way.
param messageBroker = 'storage'
// With it: { name: 'rejected', topic: 'registrar-events', filter: 'status = \'rejected\'', id: '…', type: 'Group' }
param subscribers = []

// The app id of the registrar's own API, which infra/create-api-application.sh makes. Empty: nobody reads over HTTP.
param apiAudience = readEnvironmentVariable('REGISTRAR_API_APP_ID', '')
param webhookVaultUrl = readEnvironmentVariable('REGISTRAR_WEBHOOK_VAULT_URL', '')
param servicenowUrl = readEnvironmentVariable('REGISTRAR_SERVICENOW_URL', '')
param servicenowUser = readEnvironmentVariable('REGISTRAR_SERVICENOW_USER', '')
param jiraUrl = readEnvironmentVariable('REGISTRAR_JIRA_URL', '')
param jiraUser = readEnvironmentVariable('REGISTRAR_JIRA_USER', '')
param onPremisesHosts = ''
