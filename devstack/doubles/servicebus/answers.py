"""Answers to requests, and how they find their way back to who asked."""

from dataclasses import dataclass, field
from typing import Any

from devstack.doubles.servicebus import errors
from devstack.doubles.servicebus.amqp.message import Message, Properties, value_message
from devstack.doubles.servicebus.amqp.types import Int, Symbol

NO_CONTENT = 204


@dataclass(frozen=True)
class Answer:
    """What a request comes to: application properties and the body's value."""

    properties: dict[Any, Any]
    body: Any = None
    error: str | None = field(default=None, kw_only=True)


def succeeded(body: Any, status: int = 200) -> Answer:  # noqa: ANN401 - any AMQP value
    """What `$management` answers when it has done what it was asked."""
    return Answer({"statusCode": Int(status), "statusDescription": "OK"}, body)


def failed(refusal: errors.BusError) -> Answer:
    """What `$management` answers when it has not."""
    return Answer(
        {
            "statusCode": Int(refusal.status),
            "statusDescription": refusal.description,
            "errorCondition": Symbol(refusal.condition),
        }
    )


def reply(request: Message, answer: Answer) -> Message:
    """The message that carries an answer: to the request's sender, naming the request by its id."""
    message = value_message(answer.body, answer.properties)
    message.set_properties(Properties(to=request.properties.reply_to, correlation_id=request.properties.message_id))
    return message
