"""The demo's ticket: filled in as people do, told to the registrar by the ticketing system, and read in the end."""

import json
import time
from collections.abc import Callable
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from demo.control import ControlPlane
from devstack.process import StackError

_POLL_SECONDS = 0.25
_PATIENCE_SECONDS = 3.0
_MOVE_SECONDS = 60
_MOST_MOVES = 60


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)


class Person(_Model):
    """Whom a ticket is for."""

    email: str


class Form(_Model):
    """A filled-in form of a ticketing system: what `examples/ticket.json` holds."""

    system: str
    number: str
    requested_for: Person
    summary: str = ""
    variables: dict[str, Any]

    @classmethod
    def read(cls, text: bytes) -> Self | None:
        """Read a form; None when the text is something else."""
        try:
            return cls.model_validate_json(text)
        except ValidationError:
            return None


class Ticket:
    """One ticket of the local ticketing system."""

    def __init__(self, control: ControlPlane, form: Form) -> None:
        self._control = control
        self.form = form

    def open(self) -> None:
        """Fill in the form, or have the ticketing system tell of a ticket again that is there from an earlier run."""
        everything = self._control.get("/ticketing")
        if all(ticket["number"] != self.form.number for ticket in everything["tickets"]):
            self._control.post("/ticketing/tickets", json.loads(self.form.model_dump_json(by_alias=True)))
            return
        number = next(event["number"] for event in everything["events"] if event["ticket"] == self.form.number)
        told = self._control.post(f"/ticketing/events/{number}/delivery", None)
        if told["state"] != "delivered":
            raise StackError(
                f"the registrar's webhook does not accept {self.form.number}: it answered {told['statuses']}"
            )

    def state_and_note(self, answer_id: str, tell: Callable[[str], None]) -> tuple[str, str]:
        """Wait for the note of an answer; when nothing comes, move the stack clock. Raises StackError in the end."""
        for _ in range(_MOST_MOVES):
            end = time.monotonic() + _PATIENCE_SECONDS
            while time.monotonic() < end:
                found = self._control.get(f"/ticketing/tickets/{self.form.number}")
                notes = [note["text"] for note in found["notes"] if answer_id in note["text"]]
                if notes and found["state"] != "1":
                    return found["state"], notes[-1]
                time.sleep(_POLL_SECONDS)
            tell(f"the ticket has no note yet: the stack's clock moves {_MOVE_SECONDS} s forward")
            self._control.advance(_MOVE_SECONDS)
        raise StackError(f"the ticket {self.form.number} has no note with its answer")
