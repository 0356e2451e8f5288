"""Idempotent daily counters: of requests and of notes."""

from collections.abc import Callable, Sequence
from contextlib import suppress

from shared.core.errors import BusyError
from shared.ports import RequestCounts


async def count_once(
    counts: RequestCounts,
    counter: str,
    today: str,
    mark: str,
    has_room: Callable[[Sequence[str]], bool],
    *,
    races: int,
    busy: str,
) -> bool:
    """Count a mark on a counter's day, and delete earlier days; False if the day has no room for it.

    A mark counted before is not counted again. Raises BusyError with the message `busy` after `races` conflicting
    writes in a row.
    """
    for _ in range(races):
        days = await counts.of(counter)
        counted = days.get(today)
        marks = counted.value if counted is not None else ()
        if mark in marks:
            return True
        if not has_room(marks):
            return False
        with suppress(BusyError):
            await counts.save(counter, today, (*marks, mark), counted.etag if counted else "")
            for day in (day for day in days if day < today):
                await counts.forget(counter, day)
            return True
    raise BusyError(busy)
