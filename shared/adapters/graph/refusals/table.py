"""The one table of Microsoft Graph's refusals: what each means for the operation.

Lines are tried in order; the first match decides. Status, code and `error.details` count, never a text. Lag is
assumed only where a line says so, and only for a reference to something of ours younger than the lag window.
Sources: Microsoft Learn, "Microsoft Graph error responses", "Microsoft Entra service limits and restrictions"; what
maintained clients of Graph distinguish (the azuread provider of Terraform, Azure CLI).
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from shared.adapters.graph.refusals.fields import TARGETS
from shared.adapters.graph.refusals.refusal import Doing, Refusal
from shared.policy.tenant import TENANT_RULES


class Meaning(StrEnum):
    """What a refusal means: who can resolve it, or that it is transient."""

    CONTENDED = "other writes got in the way; later"
    THROTTLED = "the service asks for patience; later"
    AWAY = "the service does not work just now; later"
    NOT_SENT = "the token does not count, so nothing was done; later"
    LAG = "what it refers to is not replicated yet; later"
    GONE = "what it refers to is not there any more; the next attempt looks again"
    CHANGED = "somebody made it, or took it away, meanwhile; the next attempt looks again"
    NAME_TAKEN = "something else holds the name; the requester chooses another"
    VALUE = "Entra does not take a value; the requester changes it"
    TENANT_RULE = "the tenant's policy forbids it; the requester asks for less"
    TOO_LARGE = "an object would be too large; the requester asks for less"
    QUOTA = "the registrar's identity has created all that it may; an operator acts"
    NO_RIGHT = "the registrar's identity lacks a right; an operator acts"
    DENIED = "denied for a reason of its own; an operator acts"
    UNKNOWN = "nobody knows; failed, and operators look"


_WRITES_OF_ITS_OWN = (Doing.WRITE_APPLICATION, Doing.CREATE_PRINCIPAL, Doing.ISSUE_CREDENTIAL, Doing.WRITE_CERTIFICATES)
"""Writes to objects that the registrar owns: a new one's ownership is replicated like everything else."""
_OF_THE_REQUEST = (Doing.WRITE_APPLICATION, Doing.GIVE_CONSENT, Doing.ISSUE_CREDENTIAL)
"""Writes that carry values of the request."""
_WITH_REFERENCES = (Doing.WRITE_APPLICATION, Doing.CREATE_PRINCIPAL, Doing.GIVE_CONSENT)
"""Writes whose body refers to another object, or whose key another object may hold."""
_CONSENTS = (Doing.GIVE_CONSENT, Doing.TAKE_BACK_CONSENT)
_SAME_KEY = "Request_MultipleObjectsWithSameKeyValue"
_DENIED = "Authorization_RequestDenied"
_TOO_LARGE = "Directory_ResourceSizeExceeded"
_QUOTA = "Directory_QuotaExceeded"
_VALUE_DETAILS = frozenset({"InvalidValue", "DuplicateValue", "InvalidLength", "InvalidKeyEndDate"})


@dataclass(frozen=True)
class Line:
    """A line of the table; empty or None matches everything."""

    meaning: Meaning
    statuses: Collection[int] = ()
    codes: Collection[str] = ()
    details: Collection[str] = ()
    """One of these among the codes of `error.details`."""
    targets: Collection[str] = ()
    """One of these among the targets of `error.details`."""
    has_details: bool | None = None
    doing: Collection[Doing] = ()
    recent: bool | None = None
    """Whether what the call refers to is a write of ours within the lag window."""

    def fits(self, refusal: Refusal, doing: Doing, *, recent: bool) -> bool:
        """Return whether this line matches the refusal."""
        return (
            (not self.statuses or refusal.status in self.statuses)
            and (not self.codes or refusal.code in self.codes)
            and (not self.details or any(each.code in self.details for each in refusal.details))
            and (not self.targets or any(each.target in self.targets for each in refusal.details))
            and (self.has_details is None or self.has_details is bool(refusal.details))
            and (not self.doing or doing in self.doing)
            and (self.recent is None or self.recent is recent)
        )


_APPLICATION = (Doing.WRITE_APPLICATION,)
_PRINCIPAL = (Doing.CREATE_PRINCIPAL,)

TABLE = (
    # The service is slow, or busy.
    Line(Meaning.CONTENDED, codes={"Directory_ConcurrencyViolation"}),
    Line(Meaning.THROTTLED, statuses={429}),
    Line(Meaning.AWAY, statuses={408, *range(500, 600)}),
    Line(Meaning.NOT_SENT, statuses={401}),
    # Quotas and sizes: 403 today, but matched by code at any status.
    Line(Meaning.QUOTA, codes={_QUOTA}, doing=(*_APPLICATION, *_PRINCIPAL)),
    Line(
        Meaning.TOO_LARGE, codes={_QUOTA, _TOO_LARGE}, doing=(*_OF_THE_REQUEST, *_PRINCIPAL, Doing.WRITE_CERTIFICATES)
    ),
    # What the tenant forbids.
    Line(Meaning.TENANT_RULE, codes=TENANT_RULES),
    # Names and keys that are taken: by an object of ours that is not shown yet, or by others'.
    Line(Meaning.LAG, details={"ObjectConflict"}, targets={"uniqueName"}, doing=_APPLICATION, recent=True),
    Line(Meaning.NAME_TAKEN, details={"ObjectConflict"}, targets={"uniqueName"}, doing=_APPLICATION),
    Line(Meaning.CHANGED, statuses={409}, codes={_SAME_KEY}, doing=(*_PRINCIPAL, *_CONSENTS)),
    # "Already assigned" and "no such app role" share a code; the next attempt reads both again.
    Line(Meaning.CHANGED, statuses={400}, details={"InvalidUpdate"}, doing=_CONSENTS),
    # References to objects that do not exist yet, or any more.
    Line(Meaning.LAG, details={"NoBackingApplicationObject"}, doing=_PRINCIPAL, recent=True),
    Line(Meaning.GONE, details={"NoBackingApplicationObject"}, doing=_PRINCIPAL),
    Line(Meaning.LAG, statuses={409}, codes={"Error_MsaAppDoesNotExist"}, recent=True),
    Line(Meaning.GONE, statuses={409}, codes={"Error_MsaAppDoesNotExist"}),
    Line(Meaning.LAG, statuses={404}, recent=True),
    Line(Meaning.GONE, statuses={404}),
    # Values that Entra does not accept. Lag does not explain them, however new the app is.
    Line(Meaning.VALUE, statuses={400}, details=_VALUE_DETAILS, doing=_OF_THE_REQUEST),
    Line(Meaning.VALUE, statuses={400}, targets=TARGETS, doing=_OF_THE_REQUEST),
    Line(Meaning.VALUE, statuses={400}, codes={"HostNameNotOnVerifiedDomain"}, doing=_APPLICATION),
    # 400 without a property: Graph also refuses a reference to an object that is not replicated this way.
    Line(Meaning.LAG, statuses={400}, has_details=False, doing=_WITH_REFERENCES, recent=True),
    # Rights.
    Line(Meaning.LAG, statuses={403}, codes={_DENIED}, doing=_WRITES_OF_ITS_OWN, recent=True),
    Line(Meaning.NO_RIGHT, statuses={403}, codes={_DENIED, ""}),
    Line(Meaning.DENIED, statuses={403}),
    Line(Meaning.UNKNOWN),
)
"""Each line should make clear what the operation does next."""


def meaning_of(refusal: Refusal, doing: Doing, *, recent: bool) -> Meaning:
    """Look a refusal up. `recent`: what the call refers to was written by us within the lag window."""
    return next(line for line in TABLE if line.fits(refusal, doing, recent=recent)).meaning
