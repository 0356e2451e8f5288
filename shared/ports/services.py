"""Everything an operation works with, handed down as one value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from shared.core.runtime import Runtime
from shared.model.labels import Labels
from shared.policy.model import Policy
from shared.ports import (
    Anchors,
    Apis,
    Applications,
    AppPolicies,
    Audit,
    Backoff,
    Cleanups,
    CredentialHolders,
    Directory,
    DueIndex,
    Leases,
    Operations,
    People,
    Queues,
    Reports,
    RequestCounts,
    SignIn,
    Target,
    TicketUpdates,
    Vault,
)


@dataclass(frozen=True)
class Services:
    """Ports, policy and the few settings that the domain's decisions rest on."""

    runtime: Runtime
    policy: Policy
    tenant_id: str
    lag_window: timedelta
    request_deadline: timedelta
    approval_deadline: timedelta
    deciding_sources: frozenset[str]
    """Sources whose tickets may decide about their own requests."""
    webhook_sources: frozenset[str]
    """Sources that have to prove themselves, in lower case: on the public queue nobody is believed to be one."""
    directory: Directory
    apis: Apis
    app_policies: AppPolicies
    people: People
    vault: Vault
    sign_in: SignIn
    operations: Operations
    applications: Applications
    cleanups: Cleanups
    due: DueIndex
    request_counts: RequestCounts
    backoff: Backoff
    leases: Leases
    queues: Queues
    holders: CredentialHolders
    reports: Reports
    audit: Audit
    anchors: Anchors
    ticket_updates: TicketUpdates
    targets: Mapping[str, Target] = field(default_factory=dict[str, Target])
    """Where tickets are told of answers, by the requests' source."""
    labels: Mapping[str, Labels] = field(default_factory=dict[str, Labels])
    """What the sources' forms show for a request's fields, by source."""
