"""New records, with the table's defaults."""

from uuid import uuid4

from devstack.doubles.documents import Document
from devstack.doubles.ticketing.people import Person


def new_ticket(number: str, now: str, requested_for: Person, opened_by: Person) -> Document:
    """A requested item that waits for approval, with an empty form. `now` is as ServiceNow writes it."""
    return {
        "sys_id": uuid4().hex,
        "number": number,
        "sys_class_name": "sc_req_item",
        "short_description": "",
        "description": "",
        "state": "1",
        "approval": "requested",
        "active": "true",
        "assigned_to": "",
        "assignment_group": "",
        "close_notes": "",
        "correlation_id": "",
        "opened_at": now,
        "closed_at": "",
        "sys_created_on": now,
        "sys_created_by": "",
        "sys_updated_on": now,
        "sys_updated_by": "",
        "sys_mod_count": "0",
        "_opened_by": opened_by.document(),
        "_requested_for": requested_for.document(),
        "_approved_by": None,
        "_variables": {},
        "_decisions": [],
        "_is_locked": False,
    }


def new_row(ticket_id: str, element: str, text: str, now: str, user: str) -> Document:
    """A row of sys_journal_field: what `user` wrote to a ticket's journal field."""
    return {
        "sys_id": uuid4().hex,
        "name": "sc_req_item",
        "element": element,
        "element_id": ticket_id,
        "value": text,
        "sys_created_on": now,
        "sys_created_by": user,
        "sys_tags": "",
    }
