"""What the control plane can do with the namespace: count messages, and remove them all."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from devstack.doubles.servicebus.broker import Broker


def routes(broker: Broker | None) -> list[Route]:
    """The routes at `/bus`; none without a namespace."""
    if broker is None:
        return []
    control = _Control(broker)
    return [Route("/bus", control.counts), Route("/bus", control.clear, methods=["DELETE"])]


class _Control:
    """The control plane's calls, in the event loop that the broker lives in."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def counts(self, request: Request) -> Response:
        """How many messages each queue, subscription and dead-letter queue holds, by state."""
        return JSONResponse({queue.path: queue.counts() for queue in self._broker.entities.queues()})

    async def clear(self, request: Request) -> Response:
        """Remove all messages; whoever holds one finds its lock lost."""
        self._broker.entities.clear()
        return Response(status_code=204)
