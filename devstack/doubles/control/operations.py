"""What each call of the control plane does; its answer to `GET /` shows the docstrings."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic.alias_generators import to_camel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from devstack.doubles.faults import Fault, FaultKind
from devstack.doubles.seed import Additions, add
from devstack.doubles.wire import Call, Trap
from devstack.doubles.world import Weather, World

_FAULTS: TypeAdapter[list[Fault]] = TypeAdapter(list[Fault])
_FAULT = TypeAdapter(Fault)
_CALLS: TypeAdapter[list[Call]] = TypeAdapter(list[Call])
_NUMBER: TypeAdapter[int] = TypeAdapter(Annotated[int, Field(ge=0)])
_SECONDS: TypeAdapter[float] = TypeAdapter(Annotated[float, Field(ge=0, le=60)])


class ClockStep(BaseModel):
    """How far to move the stack clock, forward only."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid")

    advance_seconds: Annotated[float, Field(ge=0)]


class Control:
    """The calls on one world; `plant` fills the emptied world again after a reset."""

    def __init__(self, world: World, plant: Callable[[], object]) -> None:
        self._world = world
        self._plant = plant

    async def health(self, _request: Request) -> Response:
        """Ready: all doubles can be used."""
        return JSONResponse({"status": "ok", "tenantId": self._world.tenant.id})

    async def clock(self, _request: Request) -> Response:
        """The stack clock and how far it is ahead of the wall clock."""
        clock = self._world.clock
        return JSONResponse({"now": clock.now().isoformat(), "offsetSeconds": clock.offset})

    async def advance_clock(self, request: Request) -> Response:
        """Move the stack clock forward."""
        step = ClockStep.model_validate_json(await request.body())
        self._world.clock.advance(timedelta(seconds=step.advance_seconds))
        return await self.clock(request)

    async def reset(self, _request: Request) -> Response:
        """Documents as they were seeded; weather, faults, traps and counters cleared. Clock and journal stay."""
        self._world.documents.clear()
        self._world.change_weather(Weather())
        self._world.faults.clear()
        self._world.traps.release()
        self._world.calls.clear()
        self._world.suffered.clear()
        self._plant()
        return Response(status_code=204)

    async def seed(self, request: Request) -> Response:
        """Add documents; answers their keys."""
        additions = Additions.model_validate_json(await request.body())
        return JSONResponse(add(self._world, additions), 201)

    async def weather(self, _request: Request) -> Response:
        """The weather as it is."""
        return JSONResponse(self._world.weather.model_dump(by_alias=True))

    async def replace_weather(self, request: Request) -> Response:
        """New weather; what is not named is perfect."""
        self._world.change_weather(Weather.model_validate_json(await request.body()))
        return await self.weather(request)

    async def change_weather(self, request: Request) -> Response:
        """New weather; what is not named stays."""
        change = Weather.model_validate_json(await request.body())
        update = {name: getattr(change, name) for name in change.model_fields_set}
        self._world.change_weather(self._world.weather.model_copy(update=update))
        return await self.weather(request)

    async def faults(self, _request: Request) -> Response:
        """The scripted faults that are still to come."""
        return Response(_FAULTS.dump_json(self._world.faults.pending, by_alias=True), media_type="application/json")

    async def add_faults(self, request: Request) -> Response:
        """Script one fault, or a list of them."""
        raw = await request.body()
        is_list = raw.lstrip().startswith(b"[")
        for fault in _FAULTS.validate_json(raw) if is_list else [_FAULT.validate_json(raw)]:
            self._world.faults.add(fault)
        answer = await self.faults(request)
        answer.status_code = 201
        return answer

    async def clear_faults(self, _request: Request) -> Response:
        """Forget the scripted faults."""
        self._world.faults.clear()
        return Response(status_code=204)

    async def suffered(self, _request: Request) -> Response:
        """How many calls of each service met which kind of fault, scripted or drawn."""
        return _counted(self._world.suffered)

    async def calls(self, _request: Request) -> Response:
        """How often each route of each service was called."""
        return _counted(self._world.calls)

    async def clear_calls(self, _request: Request) -> Response:
        """Start counting from zero."""
        self._world.calls.clear()
        return Response(status_code=204)

    async def issued(self, _request: Request) -> Response:
        """Every client secret and token handed out since the doubles were started."""
        return JSONResponse(asdict(self._world.issued))

    async def journal(self, request: Request) -> Response:
        """The calls in their order, those after number `?since=`; storage's only in a stack that records them.

        With `&within=` (seconds), the answer comes when there are any and none has come for `&calm=` seconds more, or
        when that time is over.
        """
        asked, journal = request.query_params, self._world.journal
        since = _NUMBER.validate_python(asked.get("since", 0))
        within, calm = (_SECONDS.validate_python(asked.get(name, 0)) for name in ("within", "calm"))
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await journal.wait_for_calm(since, calm)
        return Response(_CALLS.dump_json(self._world.journal.since(since)), media_type="application/json")

    async def traps(self, _request: Request) -> Response:
        """The traps that are armed, with the number of the call that each one holds."""
        armed = self._world.traps.armed
        return JSONResponse([one.trap.model_dump(by_alias=True) | {"held": one.held} for one in armed])

    async def add_trap(self, request: Request) -> Response:
        """Hold one call before or after it takes effect: the nth to a route from now on."""
        self._world.traps.arm(Trap.model_validate_json(await request.body()))
        answer = await self.traps(request)
        answer.status_code = 201
        return answer

    async def release_traps(self, _request: Request) -> Response:
        """Disarm all traps; the connections of the calls that they hold are dropped."""
        self._world.traps.release()
        return Response(status_code=204)


def _counted(counter: Counter[tuple[str, str]] | Counter[tuple[str, FaultKind]]) -> Response:
    """What was counted, service by service."""
    counted: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for (service, what), count in sorted(counter.items()):
        counted[service][what] = count
    return JSONResponse(counted)
