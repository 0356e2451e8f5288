"""The table of ticket updates, and ticketing systems, in memory."""

from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import datetime
from itertools import count

from shared.core.errors import BusyError
from shared.model.ticket_update import TicketUpdate
from shared.ports import Note, Versioned
from tests.fakes.faults import Faults, outgoing


class FakeTicketUpdates:
    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.rows: dict[str, tuple[str, str]] = {}
        self.waiting: dict[str, datetime] = {}
        self.asked: set[tuple[str, str]] = set()
        self._etags = count(1)

    async def create(self, update: TicketUpdate, look_again: datetime) -> None:
        await self.relist(update.id, look_again)
        await self._insert(update)

    @outgoing("table create update")
    def _insert(self, update: TicketUpdate) -> None:
        self.rows.setdefault(update.id, (update.model_dump_json(), str(next(self._etags))))

    @outgoing("table read update")
    def read(self, update_id: str) -> Versioned[TicketUpdate] | None:
        row = self.rows.get(update_id)
        return Versioned(TicketUpdate.model_validate_json(row[0]), row[1]) if row is not None else None

    @outgoing("table save update")
    def save(self, update: TicketUpdate, etag: str) -> str:
        if self.rows.get(update.id, ("", ""))[1] != etag:
            raise BusyError("changed meanwhile")
        new = str(next(self._etags))
        self.rows[update.id] = (update.model_dump_json(), new)
        return new

    async def due(self, before: datetime) -> AsyncIterator[str]:
        for update_id in await self._due(before):
            yield update_id

    @outgoing("table due updates")
    def _due(self, before: datetime) -> list[str]:
        return [update_id for update_id, look_again in self.waiting.items() if look_again < before]

    @outgoing("table relist update")
    def relist(self, update_id: str, look_again: datetime) -> None:
        self.waiting[update_id] = look_again

    @outgoing("table unlist update")
    def unlist(self, update_id: str) -> None:
        self.waiting.pop(update_id, None)

    @outgoing("table keep asked")
    def keep_asked(self, source: str, ticket: str) -> None:
        self.asked.add((source, ticket))

    @outgoing("table has asked")
    def has_asked(self, source: str, ticket: str) -> bool:
        return (source, ticket) in self.asked

    def all(self) -> list[TicketUpdate]:
        return [TicketUpdate.model_validate_json(row[0]) for row in self.rows.values()]


class FakeTicketSystem:
    """Tickets by their address: their notes, and the states that they went through."""

    def __init__(self, faults: Faults, name: str = "ticket") -> None:
        self.faults = faults
        self.name = name
        self.notes = defaultdict[str, list[Note]](list)
        self.states = defaultdict[str, list[str]](list)
        self.failing: Exception | None = None
        """What every call meets, for as long as it stands here."""

    async def has_note(self, ticket: str, note: Note) -> bool:
        return await self.faults.call(f"{self.name} look", lambda: self._has_note(ticket, note))

    async def add_note(self, ticket: str, note: Note) -> None:
        await self.faults.call(f"{self.name} tell", lambda: self._add_note(ticket, note))

    async def set_state(self, ticket: str, status: str) -> None:
        await self.faults.call(f"{self.name} state", lambda: self._set_state(ticket, status))

    def _has_note(self, ticket: str, note: Note) -> bool:
        self._meet()
        return any(note.mark in each.text.splitlines() for each in self.notes[ticket])

    def _add_note(self, ticket: str, note: Note) -> None:
        self._meet()
        self.notes[ticket].append(note)

    def _set_state(self, ticket: str, status: str) -> None:
        self._meet()
        if self.states[ticket][-1:] != [status]:
            self.states[ticket].append(status)

    def _meet(self) -> None:
        if self.failing is not None:
            raise self.failing
