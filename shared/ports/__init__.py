"""Protocols for everything the domain needs from outside, implemented by adapters and by the tests' fakes.

Every method may raise `DeferredError` and its subclasses. `None` means that this read showed nothing; a failed call
never returns it.
"""

from shared.ports.app_policies import AppPolicies, SeenRestrictions
from shared.ports.audit import Anchors, Audit
from shared.ports.directory import (
    Apis,
    ChangedApplications,
    CreatedApplication,
    CredentialHolders,
    Directory,
    IssuedPassword,
    SeenApis,
)
from shared.ports.due import DueEntry, DueIndex, DuePlace, day_of
from shared.ports.leases import Lease, Leases
from shared.ports.people import People, SeenPerson
from shared.ports.queues import PoisonedMessage, Queues
from shared.ports.records import Applications, Backoff, Cleanup, Cleanups, Operations, RequestCounts, Versioned
from shared.ports.reports import Reports
from shared.ports.tickets import Note, Target, TicketUpdates
from shared.ports.tokens import Callers, SignIn
from shared.ports.vault import Vault, VaultPlace

__all__ = [
    "Anchors",
    "Apis",
    "AppPolicies",
    "Applications",
    "Audit",
    "Backoff",
    "Callers",
    "ChangedApplications",
    "Cleanup",
    "Cleanups",
    "CreatedApplication",
    "CredentialHolders",
    "Directory",
    "DueEntry",
    "DueIndex",
    "DuePlace",
    "IssuedPassword",
    "Lease",
    "Leases",
    "Note",
    "Operations",
    "People",
    "PoisonedMessage",
    "Queues",
    "Reports",
    "RequestCounts",
    "SeenApis",
    "SeenPerson",
    "SeenRestrictions",
    "SignIn",
    "Target",
    "TicketUpdates",
    "Vault",
    "VaultPlace",
    "Versioned",
    "day_of",
]
