"""Tokens that clients show: `put-token` on the node `$cbs` ("AMQP Claims-based Security", draft)."""

from devstack.doubles.servicebus import errors
from devstack.doubles.servicebus.access import Access
from devstack.doubles.servicebus.amqp.message import Message
from devstack.doubles.servicebus.amqp.types import Int
from devstack.doubles.servicebus.answers import Answer

_ACCEPTED = 202


def put_token(access: Access, request: Message) -> Answer:
    """Take the token that is the body, for the entity that `name` names; 401 when it is not accepted."""
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
