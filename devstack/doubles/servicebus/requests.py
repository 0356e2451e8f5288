"""Requests and answers on the two nodes that every client talks to: `$cbs` and `$management`."""

from dataclasses import dataclass, field
from typing import Any

from devstack.doubles.servicebus.access import Access
from devstack.doubles.servicebus.amqp.message import Message, Properties, value_message
from devstack.doubles.servicebus.amqp.types import Int, Symbol
from devstack.doubles.servicebus.entities import errors

_ACCEPTED = 202


@dataclass(frozen=True)
class Answer:
    """What a request comes to: application properties and the body's value."""

    properties: dict[Any, Any]
    body: Any = None
    error: str | None = field(default=None, kw_only=True)


def answer_token(access: Access, request: Message) -> Answer:
    """Answer `put-token` ("AMQP Claims-based Security", draft): the body is a token, `name` what it is for."""
    given = {str(key): value for key, value in request.application_properties.items()}
    try:
        if given.get("operation") != "put-token":
            raise errors.bad_argument(f"$cbs does not know the operation {given.get('operation')!r}.")
        token = request.body_value()
        text = token.decode() if isinstance(token, bytes) else str(token)
        access.put_token(str(given.get("name", "")), text)
    except (errors.BusError, UnicodeDecodeError) as error:
        status = error.status if isinstance(error, errors.BusError) else 400
        return Answer({"status-code": Int(status), "status-description": str(error)})
    return Answer({"status-code": Int(_ACCEPTED), "status-description": "Accepted"})


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
