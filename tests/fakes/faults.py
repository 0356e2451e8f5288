"""Where a test interferes: before a call takes effect, or after it did."""

from collections.abc import Callable
from datetime import datetime
from functools import partial, wraps
from types import CoroutineType
from typing import Any, Concatenate, Literal, Protocol

type Moment = Literal["before", "after"]


class WorkerDied(BaseException):
    """The worker process is gone: nothing behind this line happens."""


class Faults:
    """Counts every outgoing call, and raises what a test planned for one of them."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.sent: datetime | None = None
        """When the call that takes effect just now was sent, where calls take their time."""
        self._plan: dict[tuple[int | str, Moment], BaseException] = {}

    def at(self, index: int, moment: Moment, error: BaseException) -> None:
        """Raise `error` around the call with this number, counted from 0 over the whole test."""
        self._plan[(index, moment)] = error

    def next(self, name: str, moment: Moment, error: BaseException) -> None:
        """Raise `error` around the next call of this name."""
        self._plan[(name, moment)] = error

    def _take(self, index: int, name: str, moment: Moment) -> BaseException | None:
        return self._plan.pop((index, moment), None) or self._plan.pop((name, moment), None)

    async def call[R](self, name: str, effect: Callable[[], R]) -> R:
        """Make a call: `effect` is what it does to the world, all at once; its answer is returned."""
        index = len(self.calls)
        self.calls.append(name)
        if (before := self._take(index, name, "before")) is not None:
            raise before
        answer = effect()
        if (after := self._take(index, name, "after")) is not None:
            raise after
        return answer


class Service(Protocol):
    """A fake service: every call to it meets its faults."""

    faults: Faults


def outgoing[S: Service, **P, R](
    name: str,
) -> Callable[[Callable[Concatenate[S, P], R]], Callable[Concatenate[S, P], CoroutineType[Any, Any, R]]]:
    """Make of an effect on a fake service the call that brings it about, named "<service> <call>"."""

    def travelling(effect: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], CoroutineType[Any, Any, R]]:
        @wraps(effect)
        def call(service: S, *args: P.args, **kwargs: P.kwargs) -> CoroutineType[Any, Any, R]:
            return service.faults.call(name, partial(effect, service, *args, **kwargs))

        return call

    return travelling
