"""A request from a source that a webhook has verified: a message on `webhook-requests`."""

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import AwareDatetime, ValidationError

from shared.contract.internal import InternalMessage
from shared.contract.request import Id, Request, parse_request


class UnprovenError(ValueError):
    """The message was not written by the app's own webhook."""


class ProvenRequest(InternalMessage):
    """One request, as its source's mapping made it, and when its webhook arrived."""

    schema_version: Literal["1"] = "1"
    source: Id
    received_at: AwareDatetime
    """Orders the forms of one ticket: a queue does not."""
    request: dict[str, Any]

    @classmethod
    def of(cls, request: Request, received_at: datetime) -> Self:
        """Wrap a request of a verified sender."""
        return cls(source=request.source, received_at=received_at, request=request.model_dump(mode="json"))


def read_proven(body: bytes) -> tuple[ProvenRequest, Request]:
    """Read a message and the request in it.

    Raises UnprovenError, and RejectedError for a request that is no longer valid.
    """
    try:
        message = ProvenRequest.model_validate_json(body)
    except ValidationError:
        raise UnprovenError("no message of the webhook's") from None
    request = parse_request(message.request)
    if request.source != message.source:
        raise UnprovenError("the request names another source than the one that was proven")
    return message, request
