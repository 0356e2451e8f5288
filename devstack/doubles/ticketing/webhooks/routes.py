"""The calls that the receiver of webhooks serves."""

from typing import Any

from starlette.routing import Route

from devstack.doubles.ticketing.webhooks.operations import Receiver, endless, redirect, silence

_ELSEWHERE = "/hooks/elsewhere"
_ANY_METHOD = ["GET", "POST", "PATCH", "PUT"]


def routes(receiver: Receiver) -> list[Route]:
    """All routes, below `/hooks`; those below `elsewhere` are addresses that a careful sender must survive."""
    return [
        *_everything_below(f"{_ELSEWHERE}/redirect", redirect),
        *_everything_below(f"{_ELSEWHERE}/endless", endless),
        *_everything_below(f"{_ELSEWHERE}/silence", silence),
        Route("/hooks/{name}", receiver.take, methods=["POST"]),
    ]


def _everything_below(path: str, endpoint: Any) -> list[Route]:  # noqa: ANN401 - Starlette's own type
    """A trap also serves as the base address of an API."""
    return [Route(spelling, endpoint, methods=_ANY_METHOD) for spelling in (path, f"{path}/{{rest:path}}")]
