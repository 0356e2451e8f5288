"""Messages on `approval-decisions`, which carry a ticket's decision from the webhook to the record."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field
from pydantic_core import PydanticCustomError

from shared.contract.internal import InternalMessage
from shared.contract.request import FORMS as REQUEST_FORMS
from shared.contract.request import Id, ObjectId, TicketAddress
from shared.core.text import visible
from shared.model.approval import BINDING_PATTERN, Outcome

MAX_REASON = 500
FORMS = REQUEST_FORMS | {
    BINDING_PATTERN: "must be copied from the registrar's note or event: 64 digits and letters from a to f"
}
"""The patterns of decisions in words."""


def _printable(text: str) -> str:
    line = " ".join(text.split())
    if not line.isprintable():
        raise PydanticCustomError("not_printable", "must be printable text")
    return line


def _line(text: str) -> str:
    """Normalise text from a form: line breaks become spaces, and unprintable characters are escaped.

    An approval must not fail because of a zero-width space in a pasted reason.
    """
    return visible(" ".join(text.split()))[:MAX_REASON]


type DecisionText = Annotated[str, Field(max_length=MAX_REASON), AfterValidator(_line)]


class DecisionMessage(InternalMessage):
    """One decision as reported by the ticket's source; the same id is the same decision."""

    schema_version: Literal["1"] = "1"
    source: Id
    request_id: Id
    decision_id: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_printable)]
    outcome: Outcome
    ticket: TicketAddress | None = None
    decided_by: DecisionText | None = None
    decided_by_object_id: ObjectId | None = None
    reason: DecisionText | None = None
    decided_at: AwareDatetime | None = None
    """When it was made, by the ticketing system's clock. Absent from the first version of decisions."""
    content: Annotated[str, Field(pattern=BINDING_PATTERN)] | None = None
    """Hash of the request that the ticket's fields form at the time of the decision."""
    binding: Annotated[str, Field(pattern=BINDING_PATTERN)] | None = None
    """The binding from the registrar's note."""
    received_at: datetime
