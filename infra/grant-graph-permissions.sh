#!/bin/sh
# Gives the registrar's identity its Microsoft Graph application permissions: these four, and nothing else without an option.
# Safe to repeat: what is there already stays. Needs the Azure CLI, signed in as a Privileged Role Administrator.
#
#   infra/grant-graph-permissions.sh OBJECT_ID      the deployment's output REGISTRAR_PRINCIPAL_ID
#     --people      also User.ReadBasic.All: who asks, owns and decides is looked up in the directory
#     --accounts    also User.Read.All: whether their accounts are disabled, and since when they are there
#     --policies    also Policy.Read.All: what the tenant's own policies forbid is told before anything is written
#
# A script, because Bicep without the Microsoft Graph extension knows Azure's resources only; and apart from the
# deployment, because whoever deploys the app need not be able to give rights in the directory.
set -eu

usage() {
  echo "usage: $0 OBJECT_ID [--people | --accounts] [--policies]" >&2
  echo "OBJECT_ID is the registrar's identity: the deployment's output REGISTRAR_PRINCIPAL_ID" >&2
  exit 2
}

[ $# -ge 1 ] || usage
identity=$1
shift
people='' policies=''
for option; do
  case $option in --people | --accounts) people=$option ;; --policies) policies=$option ;; *) usage ;; esac
done
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

if [ -n "$people" ]; then
  # Look people up by id, userPrincipalName or mail.
  grant User.ReadBasic.All 97235f07-e226-4f63-ace3-39588e11d3a1
fi
if [ "$people" = --accounts ]; then
  # See whether an account is disabled, and when it was made.
  grant User.Read.All df021288-bdef-4463-88db-98f22de89214
fi
if [ -n "$policies" ]; then
  # See what app management policies forbid, the tenant's and an app's own.
  grant Policy.Read.All 246dd0d5-5bd0-4def-940b-0421030a5b68
fi
