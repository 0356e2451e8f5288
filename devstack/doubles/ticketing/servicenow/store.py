"""ServiceNow's requested items (table sc_req_item), and what the customer's business rule makes of their changes.

A ticket is kept as the record's own fields, all strings as the Table API gives them, plus `_requested_for` and
`_approved_by` (people), `_variables` (the form of the catalog item), `_decisions` and `_is_locked`, which makes its
access rule refuse every change.
"""

from typing import Literal, cast

from devstack.doubles.documents import Document
from devstack.doubles.ticketing.counting import count
from devstack.doubles.ticketing.flow import Flow
from devstack.doubles.ticketing.people import Person, from_document, person
from devstack.doubles.ticketing.servicenow import journal
from devstack.doubles.ticketing.servicenow.templates import new_ticket
from devstack.doubles.ticketing.time_stamps import servicenow_time
from devstack.doubles.world import World

TICKETS = "serviceNowTickets"
STATES = {
    "-5": "Pending",
    "1": "Open",
    "2": "Work in Progress",
    "3": "Closed Complete",
    "4": "Closed Incomplete",
    "7": "Closed Skipped",
}
"""The choices of `state` on a task, with their labels (ServiceNow, "Task table")."""
APPROVALS = {
    "not requested": "Not Yet Requested",
    "requested": "Requested",
    "approved": "Approved",
    "rejected": "Rejected",
}
_WRITABLE = (
    "short_description",
    "description",
    "state",
    "close_notes",
    "assigned_to",
    "assignment_group",
    "correlation_id",
)

type Decision = Literal["approved", "rejected"]


class Tickets:
    """The requested items of one world."""

    def __init__(self, world: World, flow: Flow) -> None:
        self._world = world
        self._flow = flow

    def create(
        self,
        requested_for: Person,
        variables: Document,
        *,
        opened_by: Person | None = None,
        description: str = "",
        user: str = "system",
        number: str | None = None,
        is_locked: bool = False,
    ) -> Document:
        """A new ticket that waits for approval; who opened it is who it is for unless another did.

        Raises LookupError when the number is taken.
        """
        number = number or f"RITM{count(self._world, 'ticket', 10_001):07}"
        if self.find(number) is not None:
            raise LookupError(f"there is a ticket {number} already")
        now = servicenow_time(self._world.clock.now())
        given: Document = {
            "short_description": description,
            "sys_created_by": user,
            "sys_updated_by": user,
            "_variables": variables,
            "_is_locked": is_locked,
        }
        ticket = new_ticket(number, now, requested_for, opened_by or requested_for) | given
        self._save(ticket)
        self._announce(ticket, {"event": "requested"}, {})
        return ticket

    def edit(self, ticket: Document, variables: Document) -> Document:
        """Change the form, as its requester would; the rule tells of it as of a new ticket."""
        ticket |= {"_variables": variables, "sys_updated_on": servicenow_time(self._world.clock.now())}
        self._save(ticket)
        self._announce(ticket, {"event": "requested"}, {})
        return ticket

    def change(self, ticket: Document, given: Document, user: str) -> Document:
        """Write fields as the Table API does: journal fields are appended to, unknown ones are passed over."""
        for name, value in given.items():
            if name in journal.FIELDS and _text(value):
                journal.write(self._world, name, ticket["sys_id"], _text(value), user)
            elif name in _WRITABLE:
                ticket[name] = _text(value)
        ticket["active"] = "false" if ticket["state"] in ("3", "4", "7") else "true"
        now = servicenow_time(self._world.clock.now())
        ticket["closed_at"] = "" if ticket["active"] == "true" else ticket["closed_at"] or now
        ticket |= {
            "sys_updated_on": now,
            "sys_updated_by": user,
            "sys_mod_count": str(int(ticket["sys_mod_count"]) + 1),
        }
        approval = _text(given.get("approval"))
        if approval in APPROVALS and approval != ticket["approval"]:
            if approval in ("approved", "rejected"):
                return self.decide(ticket, approval, self._decider(given.get("approved_by"), user))
            ticket |= {"approval": approval, "_approved_by": None}
        self._save(ticket)
        return ticket

    def decide(self, ticket: Document, decision: Decision, by: Person) -> Document:
        """Approve or reject; the same decision by the same person is no change, and the rule does not run."""
        if ticket["approval"] == decision and ticket["_approved_by"] == by.document():
            return ticket
        made = {
            "number": len(ticket["_decisions"]) + 1,
            "decision": decision,
            "by": by.document(),
            "at": servicenow_time(self._world.clock.now()),
        }
        ticket |= {"approval": decision, "_approved_by": by.document()}
        ticket["_decisions"].append(made)
        self._save(ticket)
        about = {
            "approval": decision,
            "approved_by": by.document(),
            "decision_number": made["number"],
            "decided_at": made["at"],
        }
        self._announce(ticket, {"event": "decided"}, about)
        return ticket

    def reopen(self, ticket: Document) -> Document:
        """Have it decided on once more."""
        ticket |= {"approval": "requested", "_approved_by": None}
        self._save(ticket)
        return ticket

    def load(self, sys_id: str) -> Document | None:
        """The ticket with that id."""
        return self._world.primary().get(TICKETS, sys_id)

    def find(self, number: str) -> Document | None:
        """The ticket with that number."""
        return next(iter(self._world.primary().find(TICKETS, "number", number)), None)

    def all(self) -> list[Document]:
        """All tickets by number."""
        return sorted(self._world.primary().all(TICKETS), key=lambda ticket: ticket["number"])

    def _decider(self, given: object, user: str) -> Person:
        if isinstance(given, dict):
            return from_document({"email": "", "object_id": ""} | cast("Document", given))
        return person(self._world, _text(given) or user)

    def _announce(self, ticket: Document, event: Document, about: Document) -> None:
        """Tell of a ticket with its form as it is now: what a decision is about goes along with it."""
        names = {"number": ticket["number"], "sys_id": ticket["sys_id"]}
        people = {"opened_by": ticket["_opened_by"], "requested_for": ticket["_requested_for"]}
        form = people | {"variables": ticket["_variables"]}
        self._flow.announce("servicenow", ticket["number"], event | names | form | about)

    def _save(self, ticket: Document) -> None:
        self._world.documents.put(TICKETS, ticket["sys_id"], ticket)


def _text(value: object) -> str:
    """A value as ServiceNow keeps it."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
