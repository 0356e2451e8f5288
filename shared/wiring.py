"""Wires the registrar's parts to implementations of the ports: the real adapters, or the tests' fakes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from shared.api.approvals import CallersDecisions
from shared.approval.decide import Decider
from shared.approval.request import ApprovalRequests
from shared.approval.showing import ApprovalNotes
from shared.approval.wait import ApprovalWait
from shared.core.runtime import Runtime
from shared.intake.faulty import AskingTickets, FaultNotes
from shared.intake.proven import WebhookIntake
from shared.intake.queue import Intake
from shared.intake.sources import Ticketing
from shared.intake.ticket_decision import Decisions
from shared.intake.webhook import Webhooks
from shared.model.labels import AnswerContext, Labels
from shared.operations.accept import Acceptance
from shared.operations.attempt import AttemptPorts
from shared.operations.execution import Execution
from shared.operations.limits import DailyLimit
from shared.operations.replace import Replacements
from shared.operations.replay import Replays
from shared.operations.schedule import Schedule
from shared.operations.sending import AnswerSender
from shared.policy.policy_file import Policy
from shared.ports import (
    Anchors,
    Apis,
    Applications,
    AppPolicies,
    Audit,
    Backoff,
    Callers,
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
from shared.registration.action import REGISTER
from shared.report.making import ReportMaker
from shared.rotation.action import ROTATE
from shared.rotation.check import IndexCheck
from shared.rotation.own import OwnRotations
from shared.rotation.rotations import Rotations
from shared.tickets.delivery import TicketUpdateDelivery
from shared.tickets.notify import Notifier


@dataclass(frozen=True)
class Services:
    """Everything the registrar is built from: implementations of the ports, policy, and settings.

    The wiring puts the parts together from it, and triggers pick what they hand on; no part of the domain sees it.
    """

    runtime: Runtime
    policy: Policy
    tenant_id: str
    lag_window: timedelta
    request_deadline: timedelta
    approval_deadline: timedelta
    deciding_sources: frozenset[str]
    """Sources whose tickets may decide about their own requests."""
    webhook_sources: frozenset[str]
    """Sources that must be verified, in lower case: no message on the public queue may claim to be from one."""
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
    """Ticketing systems that receive updates, by the requests' source."""
    labels: Mapping[str, Labels] = field(default_factory=dict[str, Labels])
    """Form labels of request fields, by source."""


class Registrar:
    """The registrar's services, which the triggers delegate to."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self._answers = AnswerContext(services.tenant_id, services.labels)
        self._wire_approvals()
        self._wire_operations()
        self._wire_intake()
        self._wire_rotation()
        self.report_maker = ReportMaker(
            runtime=services.runtime,
            tenant_id=services.tenant_id,
            rules=services.policy.credentials,
            holders=services.holders,
            vault=services.vault,
            people=services.people,
            reports=services.reports,
            backoff=services.backoff,
        )

    def _wire_approvals(self) -> None:
        services = self.services
        self._notifier = Notifier(
            runtime=services.runtime,
            applications=services.applications,
            ticket_updates=services.ticket_updates,
            queues=services.queues,
            targets=services.targets,
        )
        requests = ApprovalRequests(
            deadline=services.approval_deadline,
            deciding_sources=services.deciding_sources,
            targets=services.targets,
            answers=self._answers,
        )
        self._approvals = ApprovalWait(
            runtime=services.runtime,
            operations=services.operations,
            queues=services.queues,
            notifier=self._notifier,
            requests=requests,
        )
        self.approval_notes = ApprovalNotes(operations=services.operations, notifier=self._notifier, requests=requests)
        self._decider = Decider(
            runtime=services.runtime,
            operations=services.operations,
            applications=services.applications,
            queues=services.queues,
            people=services.people,
            audit=services.audit,
            deciding_sources=services.deciding_sources,
        )
        self.callers_decisions = CallersDecisions(
            runtime=services.runtime,
            operations=services.operations,
            audit=services.audit,
            decider=self._decider,
            by_apps=services.policy.approval.by_apps,
        )
        self.decisions = Decisions(
            runtime=services.runtime,
            operations=services.operations,
            queues=services.queues,
            request_deadline=services.request_deadline,
            decider=self._decider,
            notes=self.approval_notes,
        )

    def _wire_operations(self) -> None:
        services = self.services
        self.ports = AttemptPorts(
            runtime=services.runtime,
            lag_window=services.lag_window,
            directory=services.directory,
            vault=services.vault,
            operations=services.operations,
            applications=services.applications,
            cleanups=services.cleanups,
            leases=services.leases,
            audit=services.audit,
            apis=services.apis,
            app_policies=services.app_policies,
            people=services.people,
            sign_in=services.sign_in,
            due=services.due,
        )
        self._acceptance = Acceptance(
            runtime=services.runtime,
            operations=services.operations,
            applications=services.applications,
            audit=services.audit,
        )
        self._replacements = Replacements(
            runtime=services.runtime,
            operations=services.operations,
            applications=services.applications,
            queues=services.queues,
            acceptance=self._acceptance,
            answers=self._answers,
            approval_deadline=services.approval_deadline,
        )
        self._sender = AnswerSender(
            runtime=services.runtime,
            operations=services.operations,
            queues=services.queues,
            audit=services.audit,
            notifier=self._notifier,
            replacements=self._replacements,
        )
        self.execution = Execution(
            ports=self.ports,
            policy=services.policy,
            answers=self._answers,
            actions={"register": REGISTER, "rotate": ROTATE},
            schedule=Schedule(
                runtime=services.runtime,
                operations=services.operations,
                queues=services.queues,
                backoff=services.backoff,
                request_deadline=services.request_deadline,
            ),
            approvals=self._approvals,
            sender=self._sender,
        )
        self.replays = Replays(
            runtime=services.runtime,
            operations=services.operations,
            queues=services.queues,
            audit=services.audit,
        )

    def _wire_intake(self) -> None:
        services = self.services
        daily_limit = DailyLimit(
            runtime=services.runtime,
            counts=services.request_counts,
            most=services.policy.limits.requests_per_requester_and_day,
        )
        self.intake = Intake(
            runtime=services.runtime,
            operations=services.operations,
            queues=services.queues,
            webhook_sources=services.webhook_sources,
            answers=self._answers,
            daily_limit=daily_limit,
            acceptance=self._acceptance,
            execution=self.execution,
            sender=self._sender,
        )
        self.webhook_intake = WebhookIntake(
            runtime=services.runtime,
            operations=services.operations,
            queues=services.queues,
            answers=self._answers,
            daily_limit=daily_limit,
            acceptance=self._acceptance,
            replacements=self._replacements,
            sender=self._sender,
            notifier=self._notifier,
        )
        self._asking = AskingTickets(
            operations=services.operations, ticket_updates=services.ticket_updates, targets=services.targets
        )
        self.updating = TicketUpdateDelivery(
            runtime=services.runtime,
            ticket_updates=services.ticket_updates,
            queues=services.queues,
            operations=services.operations,
            targets=services.targets,
            note_seen=self.approval_notes.record_seen,
            has_request=self._asking.has_request,
        )

    def _wire_rotation(self) -> None:
        services = self.services
        self.index_check = IndexCheck(
            runtime=services.runtime,
            lag_window=services.lag_window,
            directory=services.directory,
            vault=services.vault,
            due=services.due,
            queues=services.queues,
            applications=services.applications,
            leases=services.leases,
        )
        self.rotations = Rotations(
            ports=self.ports,
            queues=services.queues,
            backoff=services.backoff,
            rules=services.policy.credentials,
            index_check=self.index_check,
            own=OwnRotations(
                runtime=services.runtime,
                tenant_id=services.tenant_id,
                operations=services.operations,
                queues=services.queues,
                acceptance=self._acceptance,
                execution=self.execution,
                sender=self._sender,
                replays=self.replays,
                notifier=self._notifier,
            ),
        )

    def webhooks_for(self, ticketing: Ticketing, secrets: Mapping[str, str], callers: Callers | None) -> Webhooks:
        """Return the handler of these ticketing systems' messages, which are verified with `secrets`."""
        services = self.services
        faults = FaultNotes(
            runtime=services.runtime,
            tenant_id=services.tenant_id,
            counts=services.request_counts,
            notifier=self._notifier,
        )
        return Webhooks(
            ticketing,
            secrets,
            callers,
            runtime=services.runtime,
            queues=services.queues,
            asking=self._asking,
            faults=faults,
        )
