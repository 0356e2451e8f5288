"""The calls that the control plane serves, and the list of them at `/`."""

from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from devstack.doubles.control.operations import Control


def routes(control: Control, further: Sequence[Route]) -> list[Route]:
    """All routes; `further` are those of doubles that have something of their own to control."""
    served = [
        Route("/health", control.health),
        Route("/clock", control.clock),
        Route("/clock", control.advance_clock, methods=["POST"]),
        Route("/reset", control.reset, methods=["POST"]),
        Route("/seed", control.seed, methods=["POST"]),
        Route("/weather", control.weather),
        Route("/weather", control.replace_weather, methods=["PUT"]),
        Route("/weather", control.change_weather, methods=["PATCH"]),
        Route("/faults", control.faults),
        Route("/faults", control.add_faults, methods=["POST"]),
        Route("/faults", control.clear_faults, methods=["DELETE"]),
        Route("/faults/suffered", control.suffered),
        Route("/calls", control.calls),
        Route("/calls", control.clear_calls, methods=["DELETE"]),
        Route("/issued", control.issued),
        Route("/journal", control.journal),
        Route("/traps", control.traps),
        Route("/traps", control.add_trap, methods=["POST"]),
        Route("/traps", control.release_traps, methods=["DELETE"]),
        *further,
    ]
    return [Route("/", _index(served)), *served]


def _index(routes: Sequence[Route]) -> Callable[[Request], Awaitable[Response]]:
    listing = [
        {"method": method, "path": route.path, "does": route.endpoint.__doc__}
        for route in routes
        for method in sorted((route.methods or set()) - {"HEAD"})
    ]

    async def index(_request: Request) -> Response:
        return JSONResponse({"endpoints": listing})

    return index
