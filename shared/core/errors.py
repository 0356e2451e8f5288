"""The errors that can stop an operation; the type determines what happens next.

    RegistrarError
    ├── RejectedError             the requester must change something; answered at once, never retried
    ├── ApprovalNeededError       needs approval; the request waits for a decision, and its deadline does not run
    ├── RefusedError              a service refused permanently, and changing the request cannot help; answered `failed`
    │   └── CrashLoopError        every attempt killed its worker
    └── DeferredError             try again later; `reason` is what the record shows
        ├── ThrottledError        a service asked for a pause; costs no attempt, and all other operations wait too
        ├── ContendedError        the directory was busy with another write; the call had no effect
        ├── UnavailableError      no response, or an inconclusive one: the call may have taken effect
        ├── NotYetVisibleError    a read disagrees with our own recent write: inconclusive, so nothing is based on it
        │   ├── StillThereError   the request is refused, but what it granted is not yet confirmed gone
        │   └── NotReplicatedError  a refusal that replication lag can explain, with its meaning if lag cannot
        ├── ObjectGoneError       the object of a call no longer exists; the next attempt reads again
        ├── SignInUnclearError    a refused sign-in that says nothing about the credential; `codes` are Entra's
        ├── ForbiddenError        our own identity lacks a right; resumes automatically once an operator grants it
        │   └── DeniedError       403 for another reason, named only by the service's code; an operator must act
        ├── QuotaExceededError    our own identity has reached its quota of created objects; an operator must act
        ├── DisabledError         the app is disabled; resumes automatically once an operator enables it
        ├── NotShownError         a ticket accepted a note but does not show it: whether it was stored is unknown
        ├── TenantForbidsError    tenant policy forbids replacing a leaked credential, which is removed regardless
        └── BusyError             another operation is working on the same app

Adapters map status, code and details (never message text) to these types, in one place each; Graph's mapping is the
table in `shared.adapters.graph.refusals`. Only `shared.operations.retry` maps them to retry, reject or fail.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar


class NotFoundError(LookupError):
    """There is no such operation."""


class NotFailedError(ValueError):
    """The operation has not failed, so it cannot be replayed."""


ECHO_LIMIT = 80
"""Maximum characters of a requester's value that an answer repeats."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a request: where, a stable code, and a sentence for the requester.

    `field` is a path into the request, such as `application.apiPermissions[0].delegated[1]`; `label` is the form's name
    for it, if known.
    """

    field: str
    code: str
    message: str
    label: str = ""


class RegistrarError(Exception):
    """Base of all errors that stop an operation."""

    reason: ClassVar[str] = "unexpected"

    @property
    def had_no_effect(self) -> bool:
        """Whether the call that raised this is known to have changed nothing."""
        return True


class RejectedError(RegistrarError):
    """The request violates the contract or policy; `problems` lists all of its faults."""

    reason: ClassVar[str] = "rejected"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{p.field}: {p.code}" for p in self.problems))


class ApprovalNeededError(RegistrarError):
    """Policy requires approval; `problems` say what for, and `binding` identifies what would be approved."""

    reason: ClassVar[str] = "awaiting_approval"

    def __init__(self, problems: Iterable[Problem], binding: str) -> None:
        self.problems = tuple(problems)
        self.binding = binding
        super().__init__("; ".join(f"{p.field}: {p.code}" for p in self.problems))


class RefusedError(RegistrarError):
    """A service refused permanently; `code` is the service's own."""

    reason: ClassVar[str] = "refused"

    def __init__(self, message: str, code: str = "") -> None:
        self.code = code
        super().__init__(message)


class CrashLoopError(RefusedError):
    """Every attempt at this operation killed its worker, so it is not tried again."""

    reason: ClassVar[str] = "crash_loop"


class DeferredError(RegistrarError):
    """Try again later; `after` is the pause the service asked for, if any.

    `took_effect` says whether the call that raised this changed anything; None if unknown.
    """

    reason: ClassVar[str] = "deferred"
    took_effect: bool | None = False

    def __init__(self, message: str, after: timedelta | None = None) -> None:
        self.after = after
        super().__init__(message)

    @property
    def had_no_effect(self) -> bool:
        """Whether the call that raised this is known to have changed nothing."""
        return self.took_effect is False


class ThrottledError(DeferredError):
    """429: the service asks for a pause, and the call had no effect."""

    reason: ClassVar[str] = "throttled"


class ContendedError(DeferredError):
    """Directory_ConcurrencyViolation: other writes interfered, and ours had no effect."""

    reason: ClassVar[str] = "directory_contended"


class UnavailableError(DeferredError):
    """Connection lost, timeout or 5xx: the call may have taken effect, unless `sent` is false."""

    reason: ClassVar[str] = "service_unavailable"

    def __init__(self, message: str, after: timedelta | None = None, *, sent: bool = True) -> None:
        super().__init__(message, after)
        self.took_effect = None if sent else False


class NotYetVisibleError(DeferredError):
    """Our write is not yet visible to reads, or not yet known to the next service."""

    reason: ClassVar[str] = "not_yet_visible"


class StillThereError(NotYetVisibleError):
    """A request is refused, but what it granted is not yet confirmed gone; it is answered once it is."""

    reason: ClassVar[str] = "taking_back"


class NotReplicatedError(NotYetVisibleError):
    """A refusal that lag can explain if the object it refers to is new; `otherwise` is its meaning if it is not.

    `shared.operations.attempt.AppWork.tolerate_lag`, which knows the object's age, decides which applies.
    """

    reason: ClassVar[str] = "not_replicated"

    def __init__(self, message: str, *, otherwise: RegistrarError) -> None:
        super().__init__(message)
        self.otherwise = otherwise


class ObjectGoneError(DeferredError):
    """The object of a call, or one it referred to, does not exist; the next attempt reads again."""

    reason: ClassVar[str] = "object_gone"


class SignInUnclearError(DeferredError):
    """The token endpoint refused a sign-in for a reason that says nothing about the credential.

    `codes` are Entra's AADSTS numbers. They become part of the operation's waiting reason.
    """

    reason: ClassVar[str] = "sign_in_unclear"

    def __init__(self, message: str, codes: Iterable[int]) -> None:
        self.codes = tuple(codes)
        super().__init__(message)

    @property
    def numbered(self) -> str:
        """The reason with the numbers, as in `sign_in_unclear_AADSTS500014`."""
        return "_".join([self.reason, *(f"AADSTS{code}" for code in self.codes)])


class ForbiddenError(DeferredError):
    """The registrar's own identity lacks a right."""

    reason: ClassVar[str] = "registrar_lacks_permission"


class DeniedError(ForbiddenError):
    """The registrar's own identity was denied for a reason other than a missing right; `code` is the service's."""

    reason: ClassVar[str] = "denied"

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class QuotaExceededError(DeferredError):
    """The registrar's own identity has reached its quota of directory objects."""

    reason: ClassVar[str] = "directory_quota_exceeded"


class DisabledError(DeferredError):
    """The app or its service principal is disabled: it gets no token until it is enabled again."""

    reason: ClassVar[str] = "principal_disabled"


class NotShownError(DeferredError):
    """A ticketing system accepted a note but does not show it: a right to write or read it is missing."""

    reason: ClassVar[str] = "note_not_shown"
    took_effect = None


class TenantForbidsError(DeferredError):
    """Tenant policy forbids replacing a leaked credential, which is removed at its deadline regardless."""

    reason: ClassVar[str] = "tenant_forbids_credential"


class BusyError(DeferredError):
    """Another operation holds this app's lease, or ours was lost."""

    reason: ClassVar[str] = "application_busy"
