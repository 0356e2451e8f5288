"""What the control plane can do with the namespace: count, show, put and remove messages."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from devstack.doubles.servicebus.amqp.message import data_message
from devstack.doubles.servicebus.broker import Broker
from devstack.doubles.servicebus.entities.stored import Stored
from devstack.doubles.servicebus.errors import BusError

_MOST = 5000


def routes(broker: Broker | None) -> list[Route]:
    """The routes at `/bus`; none without a namespace."""
    if broker is None:
        return []
    control = _Control(broker)
    messages = "/bus/messages/{entity:path}"
    return [
        Route("/bus", control.counts),
        Route("/bus", control.clear, methods=["DELETE"]),
        Route(messages, control.show),
        Route(messages, control.put, methods=["POST"]),
        Route(messages, control.remove, methods=["DELETE"]),
    ]


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

    async def show(self, request: Request) -> Response:
        """The messages of a queue, a subscription or its dead letters, those after number `since`; 404 for none such.

        Nothing is locked, and no right is asked for.
        """
        since = int(request.query_params.get("since", "0"))
        try:
            queue = self._broker.entities.receiving(request.path_params["entity"])
        except BusError as error:
            return JSONResponse({"error": error.description}, error.status)
        return JSONResponse([_shown(each) for each in queue.peek(since + 1, _MOST, self._broker.now())])

    async def put(self, request: Request) -> Response:
        """Put the body on a queue, a topic or, as if a host had given it up, among dead letters."""
        address, message = request.path_params["entity"], data_message(await request.body())
        entities = self._broker.entities
        try:
            target = entities.receiving(address) if "/" in address else entities.sending(address)
            self._broker.enqueue(target, message, None)
        except BusError as error:
            return JSONResponse({"error": error.description}, error.status)
        self._broker.pump(target)
        return Response(status_code=204)

    async def remove(self, request: Request) -> Response:
        """Remove all messages of a queue, a subscription or its dead letters."""
        try:
            self._broker.entities.receiving(request.path_params["entity"]).clear()
        except BusError as error:
            return JSONResponse({"error": error.description}, error.status)
        return Response(status_code=204)


def _shown(stored: Stored) -> dict[str, object]:
    body = stored.message.body_value()
    return {
        "sequenceNumber": stored.sequence_number,
        "state": "locked" if stored.lock is not None else stored.state.name.lower(),
        "sessionId": stored.session_id,
        "deliveryCount": stored.delivery_count,
        "body": body.decode(errors="replace") if isinstance(body, bytes) else body,
    }
