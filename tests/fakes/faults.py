"""Where a test interferes: before a call takes effect, or after it did."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Literal

type Moment = Literal["before", "after"]


class WorkerDied(BaseException):
    """The worker process is gone: nothing behind this line happens."""


class Faults:
    """Counts every outgoing call, and raises what a test planned for one of them."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self._plan: dict[tuple[int | str, Moment], BaseException] = {}

    def at(self, index: int, moment: Moment, error: BaseException) -> None:
        """Raise `error` around the call with this number, counted from 0 over the whole test."""
        self._plan[(index, moment)] = error

    def next(self, name: str, moment: Moment, error: BaseException) -> None:
        """Raise `error` around the next call of this name."""
        self._plan[(name, moment)] = error

    def _take(self, index: int, name: str, moment: Moment) -> BaseException | None:
        return self._plan.pop((index, moment), None) or self._plan.pop((name, moment), None)

    @asynccontextmanager
    async def call(self, name: str) -> AsyncGenerator[None]:
        index = len(self.calls)
        self.calls.append(name)
        if (before := self._take(index, name, "before")) is not None:
            raise before
        yield
        if (after := self._take(index, name, "after")) is not None:
            raise after
