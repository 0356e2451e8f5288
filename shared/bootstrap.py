"""The composition root: builds settings, policy and real adapters once per worker, at its first event."""

import os
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from logging import ERROR
from pathlib import Path

from azure.core.credentials_async import AsyncTokenCredential
from azure.identity.aio import DefaultAzureCredential

from shared.adapters.entra.sign_in import EntraSignIn
from shared.adapters.entra.tokens import EntraTokens
from shared.adapters.graph.client import graph_service_client
from shared.adapters.graph.directory import GraphDirectory
from shared.adapters.graph.holders import GraphCredentialHolders
from shared.adapters.graph.people import GraphPeople
from shared.adapters.graph.policies import GraphPolicies
from shared.adapters.storage.account import Storage
from shared.adapters.storage.anchors import AnchorBlobs
from shared.adapters.storage.audit import AuditTable
from shared.adapters.storage.due import DueTable
from shared.adapters.storage.leases import BlobLeases
from shared.adapters.storage.queues import StorageQueues
from shared.adapters.storage.reports import ReportBlobs
from shared.adapters.storage.request_counts import RequestCountsTable
from shared.adapters.storage.tables import ApplicationsTable, BackoffTable, CleanupsTable, OperationsTable
from shared.adapters.storage.ticket_updates import TicketUpdatesTable
from shared.adapters.tickets.http import connections
from shared.adapters.tickets.targets import build_targets
from shared.adapters.vault.secrets import KeyVault
from shared.core.log import event, quiet_libraries, warning
from shared.core.runtime import Runtime
from shared.intake.secrets import Secrets, read_secrets
from shared.intake.sources import Ticketing, load_ticketing
from shared.policy.policy_file import load_policy
from shared.ports import Callers, Queues, Target
from shared.registration.known_apis import KnownApis
from shared.settings import Settings
from shared.wiring import Registrar, Services


class App(Registrar):
    """The registrar as run by this worker, with HTTP callers and the configured ticketing systems."""

    def __init__(self, services: Services, callers: Callers | None, ticketing: Ticketing, secrets: Secrets) -> None:
        super().__init__(services)
        self.secrets = secrets
        self.callers = callers
        """None if no API is configured: then there are no reads over HTTP."""
        self.webhooks = self.webhooks_for(ticketing, secrets.usable, callers)

    def warnings(self) -> list[str]:
        """Return non-fatal problems to be fixed: in the settings, or seen by this worker since it started."""
        undated = sorted(self.decisions.undated | self.webhooks.undated)
        told = [
            f"decisions of {each} say no decided_at and count for nothing: its flow has to send it" for each in undated
        ]
        return [*self.secrets.unresolved, *told]


@cache
def get_app() -> App:
    """Build the app from the process's environment.

    Raises SettingsError, PolicyError or TicketingError naming all faults.
    """
    quiet_libraries()
    settings = Settings.load(os.environ)
    ticketing = load_ticketing(Path(settings.ticketing_file))
    secrets = read_secrets(os.environ, ticketing)
    for what in secrets.malformed:
        event("webhook.secret_malformed", level=ERROR, what=what)
    for what in secrets.unresolved:
        warning("webhook.secret_unresolved", what=what)
    runtime = Runtime()
    plain = {name: os.environ.get(name, "") for name in ticketing.plain_settings()}
    targets = build_targets(
        ticketing, {**plain, **secrets.usable}, lambda: connections(settings.on_premises_hosts), runtime.now
    )
    services = build_services(settings, runtime, ticketing, targets)
    return App(services, build_callers(settings, runtime), ticketing, secrets)


def build_callers(settings: Settings, runtime: Runtime) -> Callers | None:
    """Build the verifier of callers' tokens; None without an audience."""
    if settings.api_audience is None:
        return None
    return EntraTokens(
        authority=settings.authority, tenant_id=settings.tenant_id, audience=settings.api_audience, now=runtime.now
    )


def build_services(
    settings: Settings, runtime: Runtime, ticketing: Ticketing, targets: Mapping[str, Target]
) -> Services:
    """Wire the real adapters. One credential serves Graph, Key Vault and storage."""
    policy = load_policy(Path(settings.policy_file))
    credential = DefaultAzureCredential()
    storage = Storage(settings.storage, credential)
    graph = graph_service_client(credential)
    directory = GraphDirectory(graph)
    return Services(
        runtime=runtime,
        policy=policy,
        tenant_id=settings.tenant_id,
        lag_window=settings.lag_window,
        request_deadline=settings.request_deadline,
        approval_deadline=settings.approval_deadline,
        deciding_sources=ticketing.deciding_sources(),
        webhook_sources=ticketing.webhook_sources(),
        directory=directory,
        apis=KnownApis(directory, runtime.now),
        app_policies=GraphPolicies(graph, runtime.now),
        people=GraphPeople(graph, runtime.now),
        vault=KeyVault(
            credential,
            lambda unique_name: policy.vault_url(unique_name, settings.key_vault_url),
            policy.vault_urls(settings.key_vault_url),
        ),
        sign_in=EntraSignIn(settings.tenant_id),
        operations=OperationsTable(storage.tables),
        applications=ApplicationsTable(storage.tables),
        cleanups=CleanupsTable(storage.tables),
        due=DueTable(storage.tables),
        request_counts=RequestCountsTable(storage.tables),
        backoff=BackoffTable(storage.tables),
        leases=BlobLeases(storage.blobs, runtime.now),
        queues=_queues(settings, storage, credential, runtime.now),
        holders=GraphCredentialHolders(graph),
        reports=ReportBlobs(storage.blobs),
        audit=AuditTable(storage.tables),
        anchors=AnchorBlobs(storage.blobs),
        ticket_updates=TicketUpdatesTable(storage.tables),
        targets=targets,
        labels=ticketing.labels(),
    )


def _queues(
    settings: Settings, storage: Storage, credential: AsyncTokenCredential, now: Callable[[], datetime]
) -> Queues:
    """The queues of the broker that was chosen; the other one's client is not imported."""
    match settings.message_broker:
        case "storage":
            return StorageQueues(storage.queues)
        case "servicebus":
            from shared.adapters.servicebus.client import connect, connect_by_string
            from shared.adapters.servicebus.queues import ServiceBusQueues

            if settings.bus_connection_string is not None:  # first, as the Functions host does
                return ServiceBusQueues(connect_by_string(settings.bus_connection_string), now)
            assert settings.bus_namespace is not None
            return ServiceBusQueues(connect(settings.bus_namespace, credential), now)
