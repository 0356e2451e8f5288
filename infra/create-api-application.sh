#!/bin/sh
# Makes the registrar's own API in Entra: what people and programs ask tokens for when they read over HTTP, with the app
# roles that decide who may. Safe to repeat. Needs the Azure CLI, signed in as an Application Administrator.
#
#   infra/create-api-application.sh      prints the app id: azd env set REGISTRAR_API_APP_ID, then azd up
#
# A script, because Bicep without the Microsoft Graph extension knows Azure's resources only.
set -eu

here=$(dirname "$0")
graph=https://graph.microsoft.com/v1.0
application="$graph/applications(uniqueName='registrar-api')"

# Upserts (Microsoft Learn, "Upsert application" and "Upsert servicePrincipal"): what is there already stays.
az rest --method patch --url "$application" --output none \
  --headers Content-Type=application/json Prefer=create-if-missing --body "@$here/api-application.json"
app_id=$(az rest --method get --url "$application?\$select=appId" --query appId --output tsv)
az rest --method patch --url "$application" --output none \
  --headers Content-Type=application/json --body "{\"identifierUris\": [\"api://$app_id\"]}"
# Without an app role assigned nobody gets a token at all; the registrar checks the role besides.
az rest --method patch --url "$graph/servicePrincipals(appId='$app_id')" --output none \
  --headers Content-Type=application/json Prefer=create-if-missing --body '{"appRoleAssignmentRequired": true}'
echo "$app_id"
