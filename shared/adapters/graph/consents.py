"""Consents in Graph: one oauth2PermissionGrant per resource for delegated ones, an appRoleAssignment each for roles."""

from collections import defaultdict
from contextlib import suppress
from typing import Any

from kiota_abstractions.request_information import RequestInformation
from msgraph.graph_service_client import GraphServiceClient

from shared.adapters.graph.client import GraphSender
from shared.adapters.graph.models import AssignmentAnswer, AssignmentPage, GrantAnswer, GrantPage, GraphAnswer
from shared.adapters.graph.paging import pages
from shared.adapters.graph.refusals.refusal import Doing
from shared.adapters.graph.requests import body
from shared.core.errors import NotReplicatedError, NotYetVisibleError, ObjectGoneError, RefusedError
from shared.model.directory import Consent, PermissionType, SeenConsents


class GraphConsents:
    """Reads and writes the consents of one client at a time."""

    def __init__(self, client: GraphServiceClient, sender: GraphSender) -> None:
        self._client = client
        self._sender = sender

    async def read(self, service_principal_id: str, types: frozenset[PermissionType]) -> SeenConsents:
        """Read the tenant-wide delegated grants, or the app role assignments, or both."""
        principal = self._client.service_principals.by_service_principal_id(service_principal_id)
        consents, grant_ids, assignment_ids = set[Consent](), dict[str, str](), dict[Consent, str]()
        if "Scope" in types:
            for grant in await self._pages(principal.oauth2_permission_grants, GrantPage, GrantAnswer):
                if grant.string("consentType") != "AllPrincipals":
                    continue
                resource = grant.required("resourceId")
                grant_ids[resource] = grant.required("id")
                for scope in (grant.string("scope") or "").split():
                    consents.add(Consent(resource_id=resource, type="Scope", name=scope))
        if "Role" in types:
            for assignment in await self._pages(principal.app_role_assignments, AssignmentPage, AssignmentAnswer):
                consent = Consent(
                    resource_id=assignment.required("resourceId"), type="Role", name=assignment.required("appRoleId")
                )
                consents.add(consent)
                assignment_ids[consent] = assignment.required("id")
        return SeenConsents(frozenset(consents), grant_ids, assignment_ids)

    async def write(
        self, service_principal_id: str, seen: SeenConsents, add: frozenset[Consent], remove: frozenset[Consent]
    ) -> None:
        """Add and remove consents; a grant's scopes are replaced as a whole, so others' scopes are sent along."""
        scopes: dict[str, set[str]] = defaultdict(set)
        for consent in (seen.consents | add) - remove:
            if consent.type == "Scope":
                scopes[consent.resource_id].add(consent.name)
        for resource in sorted({consent.resource_id for consent in add | remove if consent.type == "Scope"}):
            await self._write_grant(
                service_principal_id, resource, seen.grant_ids.get(resource), scopes.get(resource, set())
            )
        for consent in sorted((c for c in add if c.type == "Role"), key=lambda c: (c.resource_id, c.name)):
            await self._assign(service_principal_id, consent)
        for consent in sorted((c for c in remove if c.type == "Role"), key=lambda c: (c.resource_id, c.name)):
            await self._unassign(service_principal_id, seen.assignment_ids[consent])

    async def _write_grant(self, client: str, resource: str, grant_id: str | None, scopes: set[str]) -> None:
        grants = self._client.oauth2_permission_grants
        if grant_id is None:
            grant = {
                "clientId": client,
                "consentType": "AllPrincipals",
                "resourceId": resource,
                "scope": " ".join(sorted(scopes)),
            }
            await self._create(grants.to_post_request_information(body(grant)), GrantAnswer)
            return
        one = grants.by_o_auth2_permission_grant_id(grant_id)
        if scopes:
            request = one.to_patch_request_information(body({"scope": " ".join(sorted(scopes))}))
            await self._sender.command(request, Doing.GIVE_CONSENT)
        else:
            await self._delete(one.to_delete_request_information())

    async def _assign(self, client: str, consent: Consent) -> None:
        resource = self._client.service_principals.by_service_principal_id(consent.resource_id)
        assignment = {"principalId": client, "resourceId": consent.resource_id, "appRoleId": consent.name}
        request = resource.app_role_assigned_to.to_post_request_information(body(assignment))
        try:
            await self._create(request, AssignmentAnswer)
        except (NotYetVisibleError, RefusedError):
            # Graph answers 400 for "already assigned" as well as for "not replicated": a read decides.
            if consent not in (await self.read(client, frozenset({consent.type}))).consents:
                raise

    async def _unassign(self, client: str, assignment_id: str) -> None:
        principal = self._client.service_principals.by_service_principal_id(client)
        one = principal.app_role_assignments.by_app_role_assignment_id(assignment_id)
        await self._delete(one.to_delete_request_information())

    async def _create(self, request: RequestInformation, model: type[GraphAnswer]) -> None:
        await self._sender.write(request, model, Doing.GIVE_CONSENT)

    async def _delete(self, request: RequestInformation) -> None:
        with suppress(NotReplicatedError, ObjectGoneError):  # gone already, or not shown yet: a read decides
            await self._sender.command(request, Doing.TAKE_BACK_CONSENT)

    async def _pages[T: GraphAnswer](self, builder: Any, page_model: type[Any], model: type[T]) -> list[T]:  # noqa: ANN401
        """Read all pages of a collection. One that is not found is not replicated yet, never empty."""
        absent = NotYetVisibleError("the directory does not show the service principal yet")
        return [
            each
            async for page in pages(self._sender, builder, page_model, absent=absent)
            for each in page.list("value", model)
        ]
