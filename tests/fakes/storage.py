"""The tables of the storage account in memory: records with ETags; values go through JSON."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from itertools import count, islice

from shared.core.errors import BusyError
from shared.model.application import ApplicationRecord
from shared.model.channel import Channel
from shared.model.claim import Claim
from shared.model.operation import Operation, State
from shared.model.person import Person, is_surely
from shared.ports import Cleanup, DueEntry, DuePlace, Versioned, day_of
from tests.fakes.faults import Faults, outgoing


@lru_cache(maxsize=256)
def _operation(text: str) -> Operation:
    return Operation.model_validate_json(text)


@lru_cache(maxsize=256)
def _application(text: str) -> ApplicationRecord:
    return ApplicationRecord.model_validate_json(text)


class FakeOperations:
    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self._claims: dict[tuple[str, str], dict[Channel | None, Claim]] = {}
        self.rows: dict[str, tuple[str, str]] = {}
        self.unsettled: dict[tuple[str, int], datetime] = {}
        """When to look at an operation's generation again."""
        self._etags = count(1)

    @outgoing("table claim")
    def claim(self, claim: Claim) -> Claim:
        return self._claims.setdefault((claim.source, claim.request_id), {}).setdefault(claim.channel, claim)

    @outgoing("table claims")
    def claims(self, source: str, request_id: str) -> tuple[Claim, ...]:
        return tuple(self._claims.get((source, request_id), {}).values())

    @outgoing("table move claim")
    def move_claim(self, before: Claim, after: Claim) -> None:
        rows = self._claims.get((before.source, before.request_id), {})
        if rows.get(before.channel) != before:
            raise BusyError("moved meanwhile")
        rows[before.channel] = after

    async def create(self, operation: Operation, due: datetime) -> str | None:
        await self.relist(operation.id, operation.generation, due)
        return await self._insert(operation)

    @outgoing("table read")
    def read(self, operation_id: str) -> Versioned[Operation] | None:
        row = self.rows.get(operation_id)
        return Versioned(_operation(row[0]), row[1]) if row is not None else None

    async def due(self, before: datetime) -> AsyncIterator[tuple[str, int]]:
        for operation_id, generation in await self._due(before):
            yield operation_id, generation

    async def failed(self, reason: str) -> AsyncIterator[str]:
        for operation_id in await self._failed(reason):
            yield operation_id

    @outgoing("table in state")
    def in_state(self, state: State, most: int, after: str | None) -> tuple[Operation, ...]:
        ids = sorted(each for each in self.rows if each > (after or ""))
        found = (operation for each in ids if (operation := _operation(self.rows[each][0])).state is state)
        return tuple(islice(found, most))

    @outgoing("table relist")
    def relist(self, operation_id: str, generation: int, due: datetime) -> None:
        self.unsettled[(operation_id, generation)] = due

    @outgoing("table unlist")
    def unlist(self, operation_id: str, generation: int) -> None:
        self.unsettled.pop((operation_id, generation), None)

    @outgoing("table create")
    def _insert(self, operation: Operation) -> str | None:
        if operation.id in self.rows:
            return None
        etag = str(next(self._etags))
        self.rows[operation.id] = (operation.model_dump_json(), etag)
        return etag

    @outgoing("table save")
    def save(self, operation: Operation, etag: str) -> str:
        if self.rows[operation.id][1] != etag:
            raise BusyError("changed meanwhile")
        new = str(next(self._etags))
        self.rows[operation.id] = (operation.model_dump_json(), new)
        return new

    @outgoing("table due")
    def _due(self, before: datetime) -> list[tuple[str, int]]:
        return [entry for entry, due in self.unsettled.items() if due < before]

    @outgoing("table failed")
    def _failed(self, reason: str) -> list[str]:
        return [each.id for each in self.all() if each.state is State.FAILED and each.reason == reason]

    def lose(self, operation_id: str) -> None:
        """Take a record and its claims away, as somebody does who may write to tables."""
        del self.rows[operation_id]
        for key, rows in self._claims.items():
            self._claims[key] = {each: claim for each, claim in rows.items() if claim.operation_id != operation_id}

    def forget_claims(self) -> None:
        self._claims.clear()

    def all_claims(self) -> list[Claim]:
        return [claim for rows in self._claims.values() for claim in rows.values()]

    def all(self) -> list[Operation]:
        return [_operation(row[0]) for row in self.rows.values()]


class FakeRequestCounts:
    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.rows: dict[tuple[str, str], tuple[tuple[str, ...], str]] = {}
        self._etags = count(1)

    @outgoing("table request counts")
    def of(self, person: str) -> dict[str, Versioned[tuple[str, ...]]]:
        return {day: Versioned(*row) for (whose, day), row in self.rows.items() if whose == person}

    @outgoing("table save request count")
    def save(self, person: str, day: str, requests: tuple[str, ...], etag: str) -> None:
        if self.rows.get((person, day), ((), ""))[1] != etag:
            raise BusyError("changed meanwhile")
        self.rows[(person, day)] = (requests, str(next(self._etags)))

    @outgoing("table forget request count")
    def forget(self, person: str, day: str) -> None:
        self.rows.pop((person, day), None)


class FakeApplications:
    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.rows: dict[str, tuple[str, str]] = {}
        self._etags = count(1)

    @outgoing("table read app")
    def read(self, unique_name: str) -> Versioned[ApplicationRecord]:
        row = self.rows.get(unique_name)
        if row is None:
            return Versioned(ApplicationRecord(unique_name=unique_name), "")
        return Versioned(_application(row[0]), row[1])

    @outgoing("table save app")
    def save(self, record: ApplicationRecord, etag: str) -> str:
        if self.rows.get(record.unique_name, ("", ""))[1] != etag:
            raise BusyError("changed meanwhile")
        new = str(next(self._etags))
        self.rows[record.unique_name] = (record.model_dump_json(), new)
        return new

    @outgoing("table owned by")
    def owned_by(self, owner: Person) -> list[ApplicationRecord]:
        records = [_application(text) for text, _ in self.rows.values()]
        return [each for each in records if each.client_id and each.owned_by and is_surely(each.owned_by, owner)]

    async def owned_by_address(self) -> AsyncIterator[str]:
        for unique_name in await self._owned_by_address():
            yield unique_name

    @outgoing("table owned by address")
    def _owned_by_address(self) -> list[str]:
        records = [_application(text) for text, _ in self.rows.values()]
        return [each.unique_name for each in records if each.owner and not each.owner_id]


class FakeCleanups:
    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.rows: dict[tuple[str, str], Cleanup] = {}

    @outgoing("table put cleanup")
    def put(self, cleanup: Cleanup) -> None:
        self.rows[(cleanup.unique_name, cleanup.operation_id)] = cleanup

    @outgoing("table remove cleanup")
    def remove(self, unique_name: str, operation_id: str) -> None:
        self.rows.pop((unique_name, operation_id), None)

    async def all(self) -> AsyncIterator[Cleanup]:
        for row in await self._all():
            yield row

    @outgoing("table all cleanups")
    def _all(self) -> list[Cleanup]:
        return list(self.rows.values())


class FakeDue:
    """`rows` by (day, uniqueName, credential), and the directory's `link`."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.link: str | None = None
        self.rows: dict[tuple[str, str, str], DueEntry] = {}

    async def until(self, day: str, after: DuePlace | None = None) -> AsyncIterator[tuple[DuePlace, DueEntry]]:
        for place, entry in await self._until(day):
            if after is None or (place.partition, place.row) > (after.partition, after.row):
                yield place, entry

    @outgoing("table due")
    def _until(self, day: str) -> list[tuple[DuePlace, DueEntry]]:
        rows = sorted((key, entry) for key, entry in self.rows.items() if key[0] <= day)
        return [(DuePlace(key[0], f"{key[1]}--{key[2]}"), entry) for key, entry in rows]

    @outgoing("table is listed")
    def is_listed(self, entry: DueEntry) -> bool:
        found = self.rows.get((day_of(entry.at), entry.unique_name, entry.credential))
        return found is not None and found.at == entry.at

    @outgoing("table put due")
    def put(self, entry: DueEntry) -> None:
        self.rows[(day_of(entry.at), entry.unique_name, entry.credential)] = replace(entry, sent_at=None)

    @outgoing("table mark sent")
    def mark_sent(self, entry: DueEntry, at: datetime) -> None:
        key = (day_of(entry.at), entry.unique_name, entry.credential)
        if key in self.rows:
            self.rows[key] = replace(self.rows[key], sent_at=at)

    @outgoing("table remove due")
    def remove(self, unique_name: str, credential: str, day: str) -> None:
        self.rows.pop((day, unique_name, credential), None)

    @outgoing("table directory link")
    def directory_link(self) -> str | None:
        return self.link

    @outgoing("table keep directory link")
    def keep_directory_link(self, link: str) -> None:
        self.link = link


class FakeBackoff:
    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.pause: datetime | None = None

    @outgoing("table read backoff")
    def until(self) -> datetime | None:
        return self.pause

    async def extend(self, until: datetime, reason: str) -> None:
        assert reason
        standing = await self.until()
        if standing is None or standing < until:
            await self._put(until)

    @outgoing("table extend backoff")
    def _put(self, until: datetime) -> None:
        self.pause = until
