"""Faults: what goes wrong with one call, scripted by a test or drawn from the weather."""

from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated, Literal

import pydantic.dataclasses
from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

type StorageName = Literal["blob", "queue", "table"]
type TicketingName = Literal["servicenow", "jira", "webhooks"]
type ServiceName = Literal["graph", "entra", "keyvault", "identity", "servicebus"] | TicketingName | StorageName


class FaultKind(StrEnum):
    """What happens to the call."""

    THROTTLE = "throttle"  # 429, the call has no effect
    ERROR = "error"  # 5xx, the call has no effect
    LOST_ANSWER = "lostAnswer"  # the call takes effect, then the connection dies
    REFUSE = "refuse"  # the connection dies, the call has no effect
    CONCURRENCY_VIOLATION = "concurrencyViolation"  # Graph's Directory_ConcurrencyViolation, no effect
    DELAY = "delay"  # the call takes effect, late
    REFUSED_SIGN_IN = "refusedSignIn"  # Entra refuses it with `codes`, those that follow a proof only after one


@pydantic.dataclasses.dataclass(config=ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid"))
class Fault:
    """One fault that hits the calls it matches: the first `after` of them pass, the next `times` are hit.

    `method` and `path` narrow it; `path` is a glob on the route label's path
    (`/applications/{id}/addPassword`) or on the path as it was called. `retry_after` (s) and `status` say
    what the answer is; None takes the weather's retry_after_seconds, and 503. `seconds` is how long a delay
    lasts, on the wall clock, because what it tests is the caller's own time-out. `codes` are the AADSTS numbers of
    a refused sign-in. In JSON the names are in camelCase.
    """

    service: ServiceName
    kind: FaultKind
    method: str | None = None
    path: str | None = None
    times: Annotated[int, Field(ge=1)] = 1
    after: Annotated[int, Field(ge=0)] = 0
    status: Annotated[int, Field(ge=500, le=599)] | None = None
    retry_after: Annotated[int, Field(ge=0)] | None = None
    seconds: Annotated[float, Field(ge=0, le=600)] = 0.0
    codes: tuple[Annotated[int, Field(ge=10_000, le=9_999_999)], ...] = ()

    def matches(self, service: str, method: str, label: str, path: str) -> bool:
        """Return whether this call is one of those the fault is about."""
        if service != self.service or (self.method and self.method.upper() != method):
            return False
        if self.path is None:
            return True
        return fnmatchcase(label.partition(" ")[2], self.path) or fnmatchcase(path, self.path)


@dataclass
class Faults:
    """The scripted faults, in the order in which they were added; spent ones leave the list."""

    pending: list[Fault] = field(default_factory=list[Fault])

    def add(self, fault: Fault) -> None:
        """Queue one more fault."""
        self.pending.append(fault)

    def clear(self) -> None:
        """Forget all faults."""
        self.pending.clear()

    def take(self, service: str, method: str, label: str, path: str) -> Fault | None:
        """The fault that hits this call, or None; one that is still to come lets the call pass."""
        for fault in self.pending:
            if not fault.matches(service, method, label, path):
                continue
            if fault.after > 0:
                fault.after -= 1
                continue
            fault.times -= 1
            if fault.times <= 0:
                self.pending.remove(fault)
            return fault
        return None
