"""Every way an operation can stop short, as types that say what should happen next.

    RegistrarError
    ├── RejectedError             the requester must change something; answered at once, never retried
    ├── ApprovalNeededError       somebody has to decide; the request waits for them, and its deadline does not run
    ├── RefusedError              a service said no for good, and no change of the request helps; answered `failed`
    │   └── CrashLoopError        every attempt ended its worker
    └── DeferredError             come back later; `reason` names why in the record
        ├── ThrottledError        a service asked for patience; costs no attempt, and everybody else waits too
        ├── ContendedError        the directory was busy with another write; surely without effect
        ├── UnavailableError      no answer, or one that says nothing: the call may have taken effect
        ├── NotYetVisibleError    a read disagrees with our own recent write: unknown, so nothing is decided on it
        │   ├── StillThereError   a request is refused, and what it gave before is not surely gone yet
        │   └── NotReplicatedErrora refusal that lag can explain, and what it means where lag cannot
        ├── ObjectGoneError       what a call was for is not there any more; the next attempt looks again
        ├── SignInUnclearError    a refused sign-in that says nothing about the credential; `codes` are Entra's
        ├── ForbiddenError        our own identity lacks a right; an operator must act, then it goes on by itself
        │   └── DeniedError       403 for another reason, which only the service's code names; an operator must act
        ├── QuotaExceededError    our own identity has created as many objects as it may; an operator must act
        ├── DisabledError         somebody has disabled the app; an operator must act, then it goes on by itself
        ├── NotShownError         a ticket took a note and does not show it: whether it has it, nobody can know
        ├── TenantForbidsError    the tenant allows none in the place of one that leaked, which goes all the same
        └── BusyError             somebody else works on the same app

Adapters translate status, code and details (never message text) into these, once; Graph's by the table in
`shared.adapters.graph.refusals`. `shared.operations.retry` is the one place that turns them into retry, reject or fail.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar


class NotFoundError(LookupError):
    """There is no such operation."""


class NotFailedError(ValueError):
    """The operation did not fail, so there is nothing to try again."""


ECHO_LIMIT = 80
"""Characters of a requester's own value that an answer may repeat."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a request: where, a stable code, and a sentence for the requester.

    `field` is a path into the request, such as `application.apiPermissions[0].delegated[1]`, `label` what the form that
    was filled in shows for it, where anybody knows.
    """

    field: str
    code: str
    message: str
    label: str = ""


class RegistrarError(Exception):
    """Base of everything an operation can stop short with."""

    reason: ClassVar[str] = "unexpected"

    @property
    def had_no_effect(self) -> bool:
        """Whether the call that raised this surely changed nothing."""
        return True


class RejectedError(RegistrarError):
    """The request breaks the contract or policy; `problems` are all of its faults at once."""

    reason: ClassVar[str] = "rejected"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{p.field}: {p.code}" for p in self.problems))


class ApprovalNeededError(RegistrarError):
    """Policy gives this only after approval; `problems` say what, and `binding` what an approval would be for."""

    reason: ClassVar[str] = "awaiting_approval"

    def __init__(self, problems: Iterable[Problem], binding: str) -> None:
        self.problems = tuple(problems)
        self.binding = binding
        super().__init__("; ".join(f"{p.field}: {p.code}" for p in self.problems))


class RefusedError(RegistrarError):
    """A service refused for good; `code` is the service's own."""

    reason: ClassVar[str] = "refused"

    def __init__(self, message: str, code: str = "") -> None:
        self.code = code
        super().__init__(message)


class CrashLoopError(RefusedError):
    """Attempts at this operation end their worker, one after the other: it is kept away from the next one."""

    reason: ClassVar[str] = "crash_loop"


class DeferredError(RegistrarError):
    """Not now. `after` is the service's own wish for the pause, when it named one.

    `took_effect` says whether the call that raised this changed anything; None when nobody can know.
    """

    reason: ClassVar[str] = "deferred"
    took_effect: bool | None = False

    def __init__(self, message: str, after: timedelta | None = None) -> None:
        self.after = after
        super().__init__(message)

    @property
    def had_no_effect(self) -> bool:
        """Whether the call that raised this surely changed nothing."""
        return self.took_effect is False


class ThrottledError(DeferredError):
    """429: the service asks for patience, and the call surely took no effect."""

    reason: ClassVar[str] = "throttled"


class ContendedError(DeferredError):
    """Directory_ConcurrencyViolation: other writes got in the way, ours took no effect."""

    reason: ClassVar[str] = "directory_contended"


class UnavailableError(DeferredError):
    """Connection lost, timed out, or 5xx: the call may have taken effect, unless `sent` is false."""

    reason: ClassVar[str] = "service_unavailable"

    def __init__(self, message: str, after: timedelta | None = None, *, sent: bool = True) -> None:
        super().__init__(message, after)
        self.took_effect = None if sent else False


class NotYetVisibleError(DeferredError):
    """What we wrote is not yet what we read, or not yet known to the next service."""

    reason: ClassVar[str] = "not_yet_visible"


class StillThereError(NotYetVisibleError):
    """A request is refused, and what it gave before is not surely gone yet: it is answered once that is."""

    reason: ClassVar[str] = "taking_back"


class NotReplicatedError(NotYetVisibleError):
    """A refusal that lag can explain, if what it refers to is new; `otherwise` is what it means if that is not.

    Only who knows the age of that can tell: `shared.operations.attempt.AppWork.tolerate_lag`.
    """

    reason: ClassVar[str] = "not_replicated"

    def __init__(self, message: str, *, otherwise: RegistrarError) -> None:
        super().__init__(message)
        self.otherwise = otherwise


class ObjectGoneError(DeferredError):
    """What a call was for, or referred to, is not there; the next attempt reads what is."""

    reason: ClassVar[str] = "object_gone"


class SignInUnclearError(DeferredError):
    """The token endpoint refused a sign-in for a reason that says nothing about the credential: nothing is proven.

    `codes` are Entra's AADSTS numbers. They are part of the reason that an operation waits for.
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
    """The registrar's own identity was denied something for another reason than a right; `code` is the service's."""

    reason: ClassVar[str] = "denied"

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class QuotaExceededError(DeferredError):
    """The registrar's own identity has created as many objects of the directory as it may."""

    reason: ClassVar[str] = "directory_quota_exceeded"


class DisabledError(DeferredError):
    """Somebody has disabled the app or its service principal: it gets no token until somebody enables it."""

    reason: ClassVar[str] = "principal_disabled"


class NotShownError(DeferredError):
    """A ticketing system took a note and does not show it: a right is missing, to write it or to read it."""

    reason: ClassVar[str] = "note_not_shown"
    took_effect = None


class TenantForbidsError(DeferredError):
    """The tenant's rules allow no new credential in the place of one that leaked, which goes when its time has come."""

    reason: ClassVar[str] = "tenant_forbids_credential"


class BusyError(DeferredError):
    """Another operation holds the lease of this app, or it was lost."""

    reason: ClassVar[str] = "application_busy"
