#!/bin/sh
# Gives the registrar's identity its Microsoft Graph application permissions: these four, and nothing else.
# Safe to repeat: what is there already stays. Needs the Azure CLI, signed in as a Privileged Role Administrator.
#
#   infra/grant-graph-permissions.sh OBJECT_ID      the deployment's output REGISTRAR_PRINCIPAL_ID
#
# A script, because Bicep without the Microsoft Graph extension knows Azure's resources only; and apart from the
# deployment, because whoever deploys the app need not be able to give rights in the directory.
set -eu

if [ $# -ne 1 ]; then
  echo "usage: $0 OBJECT_ID (of the registrar's identity: the deployment's output REGISTRAR_PRINCIPAL_ID)" >&2
  exit 2
fi
identity=$1
graph=https://graph.microsoft.com/v1.0
# Microsoft Graph's appId and the ids of its app roles are the same in every tenant.
resource=$(az rest --method get --url "$graph/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')?\$select=id" \
  --query id --output tsv)
given=$(az rest --method get --url "$graph/servicePrincipals/$identity/appRoleAssignments" \
  --query "value[?resourceId=='$resource'].appRoleId" --output tsv)

grant() {
  case $given in
    *"$2"*) echo "already given: $1" ;;
    *)
      az rest --method post --url "$graph/servicePrincipals/$resource/appRoleAssignedTo" --output none \
        --headers Content-Type=application/json \
        --body "{\"principalId\": \"$identity\", \"resourceId\": \"$resource\", \"appRoleId\": \"$2\"}"
      echo "given: $1"
      ;;
  esac
}

# Create applications and service principals and manage those it made, their secrets included; no others.
grant Application.ReadWrite.OwnedBy 18a4783c-866b-4cc7-a460-3d5e5662c884
# Read applications and service principals: to find APIs and their permissions by name, and apps that are not its own.
grant Application.Read.All 9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30
# Give admin consent to delegated permissions (oauth2PermissionGrants).
grant DelegatedPermissionGrant.ReadWrite.All 8e8e4742-1d95-4f68-9d56-6ee75648c72a
# Give admin consent to application permissions (appRoleAssignments).
grant AppRoleAssignment.ReadWrite.All 06b708a9-e830-4db3-a914-8e69da51d44f
