"""The storage account in memory: records with ETags, leases, queues with delays; values go through JSON."""

import heapq
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import count
from typing import Any

from shared.application_record import ApplicationRecord
from shared.errors import Busy
from shared.operation import Operation, State
from shared.ports import Cleanup, Lease, PoisonedMessage, Versioned
from tests.fakes.clock import FakeClock
from tests.fakes.faults import Faults

_LEASE = timedelta(seconds=60)
_RENEW_AFTER = timedelta(seconds=20)


@lru_cache(maxsize=256)
def _operation(text: str) -> Operation:
    return Operation.model_validate_json(text)


@lru_cache(maxsize=256)
def _application(text: str) -> ApplicationRecord:
    return ApplicationRecord.model_validate_json(text)


class FakeOperations:
    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.claims: dict[tuple[str, str], tuple[str, str]] = {}
        self.rows: dict[str, tuple[str, str]] = {}
        self.unsettled: dict[str, tuple[int, datetime]] = {}
        self._etags = count(1)

    async def claim(self, source: str, request_id: str, body_hash: str, operation_id: str) -> tuple[str, str]:
        async with self.faults.call("table claim"):
            return self.claims.setdefault((source, request_id), (operation_id, body_hash))

    async def find(self, source: str, request_id: str) -> str | None:
        async with self.faults.call("table find"):
            claim = self.claims.get((source, request_id))
            return claim[0] if claim is not None else None

    async def create(self, operation: Operation, due: datetime) -> bool:
        async with self.faults.call("table create"):
            self.unsettled[operation.id] = (operation.generation, due)
            if operation.id in self.rows:
                return False
            self.rows[operation.id] = (operation.model_dump_json(), str(next(self._etags)))
            return True

    async def read(self, operation_id: str) -> Versioned[Operation] | None:
        async with self.faults.call("table read"):
            row = self.rows.get(operation_id)
            return Versioned(_operation(row[0]), row[1]) if row is not None else None

    async def save(self, operation: Operation, etag: str, due: datetime | None) -> str:
        async with self.faults.call("table save"):
            if self.rows[operation.id][1] != etag:
                raise Busy("changed meanwhile")
            new = str(next(self._etags))
            self.rows[operation.id] = (operation.model_dump_json(), new)
            if due is None:
                self.unsettled.pop(operation.id, None)
            else:
                self.unsettled[operation.id] = (operation.generation, due)
            return new

    async def due(self, before: datetime) -> AsyncIterator[tuple[str, int]]:
        async with self.faults.call("table due"):
            found = [(operation, generation) for operation, (generation, due) in self.unsettled.items() if due < before]
        for operation_id, generation in found:
            yield operation_id, generation

    async def failed(self, reason: str) -> AsyncIterator[str]:
        for operation in self.all():
            if operation.state is State.FAILED and operation.reason == reason:
                yield operation.id

    async def relist(self, operation_id: str, generation: int, due: datetime) -> None:
        async with self.faults.call("table relist"):
            self.unsettled[operation_id] = (generation, due)

    async def unlist(self, operation_id: str) -> None:
        async with self.faults.call("table unlist"):
            self.unsettled.pop(operation_id, None)

    def all(self) -> list[Operation]:
        return [_operation(row[0]) for row in self.rows.values()]


class FakeApplications:
    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.rows: dict[str, tuple[str, str]] = {}
        self._etags = count(1)

    async def read(self, unique_name: str) -> Versioned[ApplicationRecord]:
        async with self.faults.call("table read app"):
            row = self.rows.get(unique_name)
            if row is None:
                return Versioned(ApplicationRecord(unique_name=unique_name), "")
            return Versioned(_application(row[0]), row[1])

    async def save(self, record: ApplicationRecord, etag: str) -> str:
        async with self.faults.call("table save app"):
            if self.rows.get(record.unique_name, ("", ""))[1] != etag:
                raise Busy("changed meanwhile")
            new = str(next(self._etags))
            self.rows[record.unique_name] = (record.model_dump_json(), new)
            return new


class FakeCleanups:
    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.rows: dict[tuple[str, str], Cleanup] = {}

    async def put(self, cleanup: Cleanup) -> None:
        async with self.faults.call("table put cleanup"):
            self.rows[(cleanup.unique_name, cleanup.operation_id)] = cleanup

    async def remove(self, unique_name: str, operation_id: str) -> None:
        async with self.faults.call("table remove cleanup"):
            self.rows.pop((unique_name, operation_id), None)

    async def all(self) -> AsyncIterator[Cleanup]:
        async with self.faults.call("table all cleanups"):
            found = list(self.rows.values())
        for row in found:
            yield row


class FakeBackoff:
    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.pause: datetime | None = None

    async def until(self) -> datetime | None:
        async with self.faults.call("table read backoff"):
            return self.pause

    async def extend(self, until: datetime, reason: str) -> None:
        async with self.faults.call("table extend backoff"):
            assert reason
            self.pause = max(self.pause or until, until)


class FakeLeases:
    """Leases of a minute; one whose holder died is free again after that."""

    def __init__(self, clock: FakeClock, faults: Faults) -> None:
        self.clock = clock
        self.faults = faults
        self.holders: dict[str, FakeLease] = {}

    @asynccontextmanager
    async def hold(self, unique_name: str) -> AsyncGenerator[Lease]:
        async with self.faults.call("lease hold"):
            holder = self.holders.get(unique_name)
            if holder is not None and holder.until > self.clock.now():
                raise Busy("held")
            lease = FakeLease(self, unique_name)
            self.holders[unique_name] = lease
        try:
            yield lease
        except Exception:
            self._release(lease)
            raise
        except BaseException:  # the worker died: nobody gives the lease back
            raise
        else:
            self._release(lease)

    def _release(self, lease: "FakeLease") -> None:
        if self.holders.get(lease.unique_name) is lease:
            del self.holders[lease.unique_name]


class FakeLease:
    """One held lease; lost when somebody else took it after it had run out."""

    def __init__(self, leases: FakeLeases, unique_name: str) -> None:
        self.unique_name = unique_name
        self._leases = leases
        self.until = leases.clock.now() + _LEASE

    async def keep(self) -> None:
        if self.until - self._leases.clock.now() > _LEASE - _RENEW_AFTER:
            return
        async with self._leases.faults.call("lease keep"):
            if self._leases.holders.get(self.unique_name) is not self:
                raise Busy("lost")
            self.until = self._leases.clock.now() + _LEASE


class FakeQueues:
    """Messages with their due moments; `answers`, `events` and `poison` as parsed JSON."""

    def __init__(self, clock: FakeClock, faults: Faults) -> None:
        self.clock = clock
        self.faults = faults
        self.work: list[tuple[datetime, int, str, int]] = []
        self.answers: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.poison: list[dict[str, Any]] = []
        self.given_up: list[PoisonedMessage] = []
        self._order = count()

    async def send_work(self, operation_id: str, generation: int, delay: timedelta = timedelta(0)) -> None:
        async with self.faults.call("queue work"):
            heapq.heappush(self.work, (self.clock.now() + delay, next(self._order), operation_id, generation))

    async def send_answer(self, answer: str) -> None:
        async with self.faults.call("queue answer"):
            self.answers.append(json.loads(answer))

    async def send_event(self, event: str) -> None:
        async with self.faults.call("queue event"):
            self.events.append(json.loads(event))

    async def send_poison(self, message: str) -> None:
        async with self.faults.call("queue poison"):
            self.poison.append(json.loads(message))

    async def remove_kept(self, operation_id: str, before: int) -> None:
        async with self.faults.call("queue remove kept"):
            others = [k for k in self.poison if k["operationId"] != operation_id or k["generation"] >= before]
            self.poison = others

    async def host_poisoned(self) -> AsyncIterator[PoisonedMessage]:
        async with self.faults.call("queue poisoned"):
            found = list(self.given_up)
        for message in found:
            yield message

    async def remove_poisoned(self, message: PoisonedMessage) -> None:
        async with self.faults.call("queue remove poisoned"):
            if message in self.given_up:
                self.given_up.remove(message)
